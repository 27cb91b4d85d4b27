"""A user's own formula: read from text, differentiated, worked out, and turned into steps that a kernel runs."""
