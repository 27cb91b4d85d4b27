"""Screens that lie over the main one: help, choices, values, quitting, the log."""
