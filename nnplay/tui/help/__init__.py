"""Help pages and terms of the field."""
