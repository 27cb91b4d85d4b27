"""Settings as lists that are edited where they stand."""
