"""The process and its folders: where it imports from, what it may trust, paths as people type them, Ctrl+C."""
