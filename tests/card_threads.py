"""The threads of a graphics card on a processor: blocks and threads one after the other, shuffled between meetings."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels import abi
from nnplay.kernels.compile import library
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.cuda.steps import GOES_ON, IN_BLOCK, kernel_of
from nnplay.tape.machines.cuda_lines import EncodedRow, Launch
from nnplay.tape.machines.cuda_table import Encoded

#: A kernel of a row, as C calls it.
ROW: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
#: Launches of few threads and of many, in one block and in several.
LAUNCHES: Final = (Launch(1), Launch(32), Launch(8, 5))


def functions_of(kernels: Sequence[Kernel], dtype: str = "float32") -> list[Any]:
    """What a processor calls for each of these kernels."""
    addresses = library.addresses(kernels, dtype)
    return [ROW(addresses[kernel.name]) for kernel in kernels]


def walk(
    made: Encoded,
    functions: Sequence[Callable[..., None]],
    clock: NDArray[np.int64],
    memory: NDArray[Any],
    launch: Launch,
    seed: int,
) -> None:
    """Runs a table as `nnplay.kernels.cuda.walk_rows` does."""
    orders = np.random.default_rng(seed)
    lines = _lines(made)
    clock_at, memory_at = clock.ctypes.data, memory.ctypes.data
    for first, end in _runs(made.rows, lambda code: not code & (GOES_ON | IN_BLOCK)):
        for block in orders.permutation(launch.blocks):
            for begin, stop in _runs(made.rows[first:end], lambda code: not code & GOES_ON):
                group = [(made.rows[k], lines[k]) for k in range(first + begin, first + stop)]
                for thread in orders.permutation(launch.threads):
                    for written, own in group:
                        for line, part in _parts(written, own, launch, int(block), int(thread)):
                            function = functions[kernel_of(int(own[0, abi.ROW_ADDRESS]))]
                            function(line.ctypes.data, clock_at, memory_at, part)


def _runs(rows: Sequence[EncodedRow], ends: Callable[[int], bool]) -> list[tuple[int, int]]:
    """First and last + 1 of rows without a meeting between them."""
    at = [k + 1 for k, row in enumerate(rows) if ends(int(row.lines[0, abi.ROW_ADDRESS]))]
    return [(first, end) for first, end in pairwise(sorted({0, *at, len(rows)})) if end > first]


def _lines(made: Encoded) -> list[NDArray[np.int64]]:
    """The lines of each row.

    Of rows behind which threads go on, part p has number p, as on a card: they have as many parts as there are numbers.
    On a processor parts are neighbouring numbers for some kernels and far apart for others, where there are fewer.
    """
    goes_on = [bool(row.lines[0, abi.ROW_ADDRESS] & GOES_ON) for row in made.rows]
    found = []
    for k, row in enumerate(made.rows):
        lines = row.lines.copy()
        if (goes_on[k] or (k and goes_on[k - 1])) and row.access.by_number:
            for line in lines:
                if row.section < 0 or line[-1] == line[abi.ROW_PARTS] > 0:
                    line[abi.ROW_PARTS] = line[_last_size(line)]
                    line[-1] = line[abi.ROW_PARTS] if row.section >= 0 else 0
        found.append(lines)
    return found


def _parts(
    written: EncodedRow, lines: NDArray[np.int64], launch: Launch, block: int, thread: int
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """The parts that a thread takes, each with its line."""
    if written.section < 0:
        everyone = launch.threads * launch.blocks
        for part in range(block * launch.threads + thread, int(lines[0, abi.ROW_PARTS]), everyone):
            yield lines[0], part
        return
    for line in lines[block :: launch.blocks]:
        for part in range(int(line[-2]) + thread, int(line[-1]), launch.threads):
            yield line, part


def _last_size(line: NDArray[np.int64]) -> int:
    """Where the size of a row's last operand stands, which is an output."""
    sizes = line[abi.ROW_OPERANDS + abi.OPERAND_SIZE : -2 : abi.OPERAND_WIDTH]
    last = int(np.flatnonzero(sizes).max())
    return abi.ROW_OPERANDS + abi.OPERAND_SIZE + last * abi.OPERAND_WIDTH
