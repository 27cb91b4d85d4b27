"""Runs and sweeps as files of other tools: their curves, settings and scores."""
