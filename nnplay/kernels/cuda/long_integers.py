"""Which kernels read integers of a row that have more than 32 bits: on a graphics card others have not."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.operands import long_integer


@functools.cache
def reads_long_integers(kernel: Kernel) -> bool:
    """Whether a kernel, or a function that it calls, does."""
    known: set[FunctionType] = set()
    waiting: list[Any] = [kernel.function]
    while waiting:
        function = waiting.pop()
        if function is long_integer:
            return True
        if isinstance(function, FunctionType) and function not in known:
            known.add(function)
            waiting += _named(function)
    return False


def _named(function: FunctionType) -> Iterator[Any]:
    """What a function may call."""
    yield from (function.__globals__.get(name) for name in function.__code__.co_names)
    yield from (cell.cell_contents for cell in function.__closure__ or ())
