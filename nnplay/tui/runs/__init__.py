"""The runs of a session: listed, laid over each other, and compared by settings, numbers and views."""
