"""Kernels of pooling: the largest or the mean number under each window."""
