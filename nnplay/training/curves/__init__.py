"""Curves of a run: their values, and how they are recorded."""
