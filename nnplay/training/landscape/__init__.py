"""The loss around the weights: curvature, lines and planes through them."""
