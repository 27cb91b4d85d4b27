"""The compiling process for graphics cards: a list of kernels becomes PTX of what is launched.

Imported in the compiling process only.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from nnplay.kernels.compile.compiler import end_with_parent
from nnplay.kernels.compile.intrinsics import types
from nnplay.kernels.compile.jit import KERNELS
from nnplay.kernels.cuda.intrinsics import Row
from nnplay.kernels.cuda.toolchain import compile_for, ptx_of
from nnplay.kernels.cuda.walk import make_advance, make_run_table
from nnplay.kernels.cuda.walk_places import BLOCK, GRID
from nnplay.kernels.cuda.walk_rows import make_alone, make_dispatch

#: Threads of a block at the most, and blocks that must fit on a processor at least: registers are shared out for them.
THREADS: Final = (512, 1)
_MAKERS: Final = {"advance": make_advance, "table": make_run_table}
_ENTRY: Final = re.compile(r"\.visible \.entry (\w+)")


def compile_alone(names: list[str], capability: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """The name of each kernel, and PTX of a function that does nothing but its row: what its own code comes to."""
    for name in names:
        importlib.import_module(name.partition(":")[0])
    compile_for(capability)
    arguments = (Row(), types.CPointer(types.int64), types.CPointer(types.float32))
    for name in names:
        yield name, ptx_of(make_alone(KERNELS[name]), arguments, capability, THREADS)


def compile_functions(
    functions: Sequence[str], names: Sequence[str], capability: tuple[int, int], out: BinaryIO
) -> None:
    """Writes `kernel NAME SIZE` and PTX for each of the functions, such as "grid_advance", as long as the program that
    asked is there.

    Args:
        names: kernels that rows call; a row's code is its number in this list.
    """
    end_with_parent()
    for name in names:
        importlib.import_module(name.partition(":")[0])
    compile_for(capability)
    dispatch = make_dispatch([KERNELS[name] for name in names])
    arguments = (types.CPointer(types.int64), types.int64)
    made = {f"{each.name}_{called}": (each, make) for each in (BLOCK, GRID) for called, make in _MAKERS.items()}
    for function in functions:
        walkers, make = made[function]
        text = ptx_of(make(walkers, dispatch), arguments, capability, THREADS)
        [entry] = _ENTRY.findall(text)  # one; without any, each word would be taken for its name
        code = re.sub(rf"\b{entry}(?=[\s(]|_param_)", function, text).encode()
        out.write(f"kernel {function} {len(code)}\n".encode() + code)
        out.flush()
