"""A network compiled: a table of rows over one flat memory, checked, then run."""
