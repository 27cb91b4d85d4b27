"""Tables that come with nnplay, one record a file; the data and its card are in `datasets/`."""
