"""Formats, one record in one file each."""
