"""The inspector: one step of the live run, operation by operation, forwards, backwards, and back in time."""
