"""Pictures drawn from strokes and outlines, many at once."""
