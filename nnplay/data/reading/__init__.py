"""What files of all kinds share when they are read: addresses, patterns, standard input, tables, queries, libraries."""
