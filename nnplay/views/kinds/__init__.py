"""The views of answers, one a file, found by scanning: what is shown, when it suits a run, and how it is made."""
