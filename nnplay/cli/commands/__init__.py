"""The commands, one a module: `ABOUT` says what it does, `run(words)` does it and returns the exit status."""
