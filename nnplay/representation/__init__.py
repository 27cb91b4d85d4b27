"""Numbers about what a layer makes of rows: pure functions of matrices (rows, units); networks are unknown here."""
