"""What operations are written with: kernels, operand views, tiles, elementary functions, random bits."""
