"""Columns of a table become inputs and targets: roles, kinds, encodings, gaps, leaks."""
