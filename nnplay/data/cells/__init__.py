"""What a cell says: numbers, dates, words and gaps, as they are written or as values of Python and NumPy."""
