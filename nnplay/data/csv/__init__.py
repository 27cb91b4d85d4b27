"""Tables: how the columns of a delimited text file become numbers, and what is said about them."""
