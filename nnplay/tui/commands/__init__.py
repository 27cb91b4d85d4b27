"""Everything that the user can do: the list of actions, keys, the `:` line, and what each does."""
