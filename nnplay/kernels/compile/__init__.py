"""How a kernel becomes machine code: declared, compiled in a process of its own, kept in a cache, loaded."""
