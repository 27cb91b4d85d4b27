"""What ran a step: another compiler, processor or loop may give other last digits."""

from __future__ import annotations

from typing import Final

from nnplay.kernels.compile.cache import digest

#: What is kept in place of a name where the steps of a run were not all run by the same.
SEVERAL: Final = "several"


def engine(dtype: str) -> str:
    """Names the compiler, the processor and the sources of the loop and its largest kernel, for numbers of a type."""
    return digest("nnplay.kernels.loop", "nnplay.kernels.matmul", dtype)
