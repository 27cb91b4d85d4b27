"""How good a network is: losses and metrics of a part, in the units of the target, and how far they may be off."""
