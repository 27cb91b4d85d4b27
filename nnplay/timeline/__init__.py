"""The run over time: checkpoints, what the user changed and when, and the branches that it took."""
