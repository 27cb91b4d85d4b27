"""One pane of the main screen per file; each draws a snapshot given to its `show`."""
