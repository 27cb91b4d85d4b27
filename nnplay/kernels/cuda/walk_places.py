"""Who walks a table on a graphics card: all blocks of a launch together, or each block by itself.

Imported in the compiling process only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnplay.kernels import abi
from nnplay.kernels.compile.intrinsics import integers_at
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.cuda.intrinsics import arrive, look, quotient
from nnplay.kernels.cuda.toolchain import cuda


@inline
def meet_block(program: Any) -> None:
    """Waits until all threads of the block are here."""
    cuda.syncthreads()


@inline
def meet_grid(program: Any) -> None:
    """Waits until all threads of all blocks are here; each then sees what the others wrote.

    The counter begins at 0 with each launch, and has to stay below 2³² in it.
    """
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        counter = integers_at(program[abi.PROGRAM_BARRIER])
        blocks = cuda.gridDim.x
        end = (np.int64(quotient(arrive(counter), blocks)) + 1) * blocks
        while look(counter) < end:
            pass
    cuda.syncthreads()


@inline
def place_in_block() -> Any:
    """This thread's number, and how many threads there are."""
    return cuda.threadIdx.x, cuda.blockDim.x


@inline
def place_in_grid() -> Any:
    """The same over all blocks."""
    return cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x, cuda.gridDim.x * cuda.blockDim.x


@dataclass(frozen=True, slots=True)
class Walkers:
    """The threads that work on one run.

    Attributes:
        name: how the names of their kernels begin.
        meet: `meet(program)` waits until all of them are there.
        place: `place()` is this thread's number, and their count.
        many: they are several blocks, which can share a batch by its samples.
    """

    name: str
    meet: Any
    place: Any
    many: bool


BLOCK: Final = Walkers("block", meet_block, place_in_block, many=False)
GRID: Final = Walkers("grid", meet_grid, place_in_grid, many=True)
