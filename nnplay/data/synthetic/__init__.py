"""Synthetic data sets, one record a file; a new file in this folder is a new data set."""
