"""Rows of attention: who looks at whom, what is taken from there, and the way back."""
