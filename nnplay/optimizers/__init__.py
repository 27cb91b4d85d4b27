"""One record a file; the folder's listing is the list of optimizers."""
