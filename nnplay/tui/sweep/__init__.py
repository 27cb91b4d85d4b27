"""The screen of a sweep: its trials as a table and in five pictures, while they are being trained or afterwards."""
