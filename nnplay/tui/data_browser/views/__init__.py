"""The ways in which the browser shows a data set; each says for which sets it is."""
