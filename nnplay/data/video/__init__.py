"""Clips out of files: a few frames of each, evenly over its time, as one strip."""
