"""The tree of layers, written as text and planned for one input shape. No arrays."""
