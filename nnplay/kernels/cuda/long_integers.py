"""Integers of a row that have more than 32 bits, and which kernels read them: on a graphics card others have not."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

from nnplay.kernels.abi import ROW_INTEGERS
from nnplay.kernels.compile.jit import COMPILING, Kernel, inline
from nnplay.kernels.operands import long_integer

if TYPE_CHECKING or COMPILING:
    from nnplay.kernels.compile.intrinsics import address_of, numbers_at
else:
    address_of = numbers_at = None


@inline
def number_at(row: Any, k: int) -> Any:
    """Pointer to the number of the tape's type whose bits are integer `k` of the row."""
    return numbers_at(address_of(row) + 8 * (ROW_INTEGERS + k))


@functools.cache
def reads_long_integers(kernel: Kernel) -> bool:
    """Whether a kernel, or a function that it calls, does."""
    known: set[FunctionType] = set()
    waiting: list[Any] = [kernel.function]
    while waiting:
        function = waiting.pop()
        if function in (long_integer, number_at):
            return True
        if isinstance(function, FunctionType) and function not in known:
            known.add(function)
            waiting += _named(function)
    return False


def _named(function: FunctionType) -> Iterator[Any]:
    """What a function may call."""
    yield from (function.__globals__.get(name) for name in function.__code__.co_names)
    yield from (cell.cell_contents for cell in function.__closure__ or ())
