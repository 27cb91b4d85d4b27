"""What the keys do: one file for each group of actions, all on top of `shell`."""
