"""Samplers, one record in one file each."""
