"""What is a record: kinds of operations, layers, losses, optimizers and schedules as data."""
