"""A drawing for each view of answers, one a file, found by scanning; the views are in `nnplay.views.kinds`."""
