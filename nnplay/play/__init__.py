"""The run behind the screen: settings, worker, files and autosave, without any Textual."""
