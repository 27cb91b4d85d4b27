"""Small pictures of what can be chosen, drawn from the records: examples, curves, paths, shapes."""
