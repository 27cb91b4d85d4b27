"""What this process compiles kernels for: the floating-point type, none except in the compiling process, and the level.

`kernels.compile.isolated` sets them before it imports any kernel. No variable of the environment has a say: the program
itself would take its kernels for machine code.
"""

from __future__ import annotations

#: "float32" or "float64" in the compiling process, empty elsewhere.
dtype: str = ""
#: A level of `processor.LEVELS`, which this machine need not have reached, or "host".
level: str = "host"
#: "cpu", or "cuda" in a process that compiles for graphics cards.
target: str = "cpu"
