"""What runs in the reading process: a module for each kind of file or database, each with `read_rows(order, out)`."""
