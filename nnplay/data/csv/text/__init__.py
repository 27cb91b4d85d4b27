"""The text of a table: encoding, delimiter, records and cells, read within bounds."""
