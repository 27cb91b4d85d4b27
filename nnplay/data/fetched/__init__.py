"""Well-known data sets that `nnplay fetch` downloads, one record a file."""
