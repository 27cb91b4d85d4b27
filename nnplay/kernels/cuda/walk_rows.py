"""Rows of a table, walked on a graphics card: each thread takes its parts of a row, and meets others behind it.

Imported in the compiling process only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnplay.kernels import abi
from nnplay.kernels.compile.intrinsics import shifted
from nnplay.kernels.compile.jit import Kernel, inline
from nnplay.kernels.cuda.intrinsics import row_at
from nnplay.kernels.cuda.steps import GOES_ON, GROUPS, IN_BLOCK, PARTS_OF_GROUP
from nnplay.kernels.cuda.toolchain import cuda
from nnplay.kernels.cuda.walk_places import Walkers


def make_dispatch(kernels: Sequence[Kernel]) -> Any:
    """A function that runs the part of a row whose kernel has that number in the list: a tree of comparisons."""
    lines = ["def dispatch(code, row, clock, memory, part):"]

    def branch(first: int, end: int, indent: str) -> None:
        if end - first == 1:
            lines.append(f"{indent}kernel{first}(row, clock, memory, part)")
            return
        middle = (first + end) // 2
        lines.append(f"{indent}if code < {middle}:")
        branch(first, middle, indent + " ")
        lines.append(f"{indent}else:")
        branch(middle, end, indent + " ")

    branch(0, len(kernels), " ")
    names: dict[str, Any] = {f"kernel{number}": inline(item.function) for number, item in enumerate(kernels)}
    exec("\n".join(lines), names)  # noqa: S102 - numbers and names of this module alone
    names["dispatch"].__module__ = __name__
    return inline(names["dispatch"])


def make_alone(item: Kernel) -> Any:
    """A kernel that does one row, whose operands and integers begin at `row`, with all threads of a block."""
    function = inline(item.function)

    def alone(row: Any, clock: Any, memory: Any) -> None:
        part = cuda.threadIdx.x
        while part < row[abi.ROW_PARTS]:
            function(row, clock, memory, part)
            part += cuda.blockDim.x

    return alone


def make_run_rows(walkers: Walkers, dispatch: Any) -> Any:
    """`run_rows(program, rows, first, last, clock, memory)`: lines `first` … `last - 1` of the table at `rows`."""
    return _by_groups(walkers, dispatch) if walkers.many else _together(walkers, dispatch)


def _together(walkers: Walkers, dispatch: Any) -> Any:
    meet, place = walkers.meet, walkers.place

    @inline
    def run_rows(program: Any, rows: int, first: int, last: int, clock: Any, memory: Any) -> None:
        """All threads share each row."""
        thread, threads = place()
        width = program[abi.PROGRAM_WIDTH]
        for r in range(first, last):
            row = shifted(row_at(rows), r * width)
            code, parts, part = row[abi.ROW_ADDRESS], row[abi.ROW_PARTS], thread
            meets = code < GOES_ON
            if not meets:
                code -= GOES_ON
            while part < parts:
                dispatch(code, row, clock, memory, part)
                part += threads
            if meets:
                meet(program)

    return run_rows


def _by_groups(walkers: Walkers, dispatch: Any) -> Any:
    meet, place = walkers.meet, walkers.place

    @inline
    def run_rows(program: Any, rows: int, first: int, last: int, clock: Any, memory: Any) -> None:
        """All threads share a row, or each block takes it for groups of samples of its own, one after the other."""
        width = program[abi.PROGRAM_WIDTH]
        r = first
        while r < last:
            line = shifted(row_at(rows), r * width)
            code = line[abi.ROW_ADDRESS]
            groups = code >> GROUPS
            lines, step, end = 1, 1, line[abi.ROW_PARTS]
            part, threads = place()
            turn = 0
            if groups > 0:
                lines, step, turn = groups, cuda.gridDim.x, cuda.blockIdx.x
                threads = cuda.blockDim.x
            while turn < lines:
                row = shifted(line, turn * width)
                if groups > 0:
                    part, end = row[width - PARTS_OF_GROUP] + cuda.threadIdx.x, row[width - PARTS_OF_GROUP + 1]
                while part < end:
                    dispatch(code & (GOES_ON - 1), row, clock, memory, part)
                    part += threads
                turn += step
            r += lines
            if code & IN_BLOCK != 0:
                cuda.syncthreads()
            elif code & GOES_ON == 0:
                meet(program)

    return run_rows
