"""How the screen draws a network's answers."""
