"""One or two sentences about anything that can be selected, made from the run's own numbers."""
