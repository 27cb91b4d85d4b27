"""The picker: one screen for everything that is chosen by name, with a picture and a word on when to use it."""
