"""The data browser: a data set as a table, as numbers, as pictures or waves, by class and as batches."""
