"""Folders as data: which files lie in them, and what they say of their classes."""
