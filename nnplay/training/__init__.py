"""Trainer: a network, data, loss and optimizer that advance together, exactly repeatably."""
