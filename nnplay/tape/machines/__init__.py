"""What runs a tape: compiled kernels, or their definitions in NumPy."""
