"""Data: synthetic sets, shipped tables, the user's CSV files, and the split into training, validation and test rows."""
