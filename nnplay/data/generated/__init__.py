"""Data sets drawn, played or written by seed for images, sounds and sequences, one record a file."""
