"""Rows of a Jacobian: how each answer depends on each parameter, from the rows of the way back."""
