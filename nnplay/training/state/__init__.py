"""What a run is at one step: initial weights, checkpoints and their saved form, weights taken over."""
