"""One training step looked at row by row: moved through, questioned, changed, and checked."""
