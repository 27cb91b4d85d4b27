"""Pictures made of characters: curves, surfaces, graphs, bars. They know no widget."""
