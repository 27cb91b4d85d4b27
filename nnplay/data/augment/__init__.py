"""Training rows drawn anew by seed: flipped, shifted, turned, noisy, cut, mixed."""
