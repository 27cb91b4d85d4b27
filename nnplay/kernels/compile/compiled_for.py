"""The floating-point type that this process compiles kernels for: none, except in the compiling process.

`kernels.compile.isolated` sets it before it imports any kernel. No variable of the environment has a say: the program
itself would take its kernels for machine code.
"""

from __future__ import annotations

#: "float32" or "float64" in the compiling process, empty elsewhere.
dtype: str = ""
