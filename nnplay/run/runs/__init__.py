"""The runs of a session: every way that it went, listed, named, compared, and gone back to."""
