"""Kernels of convolutions, forward and backward, and of making pictures larger."""
