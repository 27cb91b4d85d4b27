"""What the network answers where there is no surface, drawn in cells: charts, pictures, words."""
