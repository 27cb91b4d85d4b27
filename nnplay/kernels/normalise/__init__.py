"""Kernels of normalisation: mean and variance of channels, and the way back."""
