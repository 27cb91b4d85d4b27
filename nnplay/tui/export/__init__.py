"""What the screen shows, written into files."""
