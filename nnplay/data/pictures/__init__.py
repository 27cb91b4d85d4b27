"""Images out of files: opened with care, brought to one size, and gathered into one array."""
