"""Sounds out of files: as waves of one rate and length, or as mel spectra."""
