"""Rows of optimizers that try points: the trial, and what all of them keep of a search."""
