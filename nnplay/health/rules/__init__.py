"""The health rules, one in each module."""
