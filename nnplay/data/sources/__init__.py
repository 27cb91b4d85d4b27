"""The kinds of files that data are read from, one record a file, found by scanning."""
