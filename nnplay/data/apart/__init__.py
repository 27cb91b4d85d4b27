"""Foreign files and queries are read by a process of its own, which has limits and may be ended at any time."""
