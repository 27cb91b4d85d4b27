"""Records written as JSON: parsed within bounds, flattened, and gathered into columns."""
