"""A run on disk: saved, opened and recovered sessions, and the copy that autosave keeps."""
