"""Lessons: one tiny network by hand."""
