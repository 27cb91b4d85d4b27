"""A run behind the screen: the training thread, edits, undo, files and autosave. Knows no Textual."""
