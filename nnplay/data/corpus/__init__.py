"""Text as data: how it is read, cut into tokens, and turned into rows."""
