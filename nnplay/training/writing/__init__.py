"""Text that a trained network writes: the next token, chosen and appended."""
