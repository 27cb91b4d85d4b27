"""The rows of a tape on a graphics card: their compiler, the loop that walks them there, and the driver below it."""
