"""What a data set looks like: its columns, its classes, one row as numbers, one batch; plain data for any screen."""
