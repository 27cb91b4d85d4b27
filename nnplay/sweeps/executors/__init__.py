"""What trains the trials of a sweep: threads of this process, processes, or the workers of a cluster."""
