"""The loop on a graphics card: walks the rows of a tape for as many steps as it is told, in one launch.

It does what `nnplay.kernels.loop` does on a processor, with all threads side by side: each takes its parts of a row,
and all meet before the next row that needs it. There are two forms: all blocks of a launch work on one run, or each
block has a run of its own, whose memory it may keep in shared memory.

    walk_places     who walks, and how they meet
    walk_rows       rows of a table
    walk_epochs     a new order of the data, and evaluations
    walk_steps      batches, stages and steps

Each function is made for one form, so that the compiler sees which.

Imported in the compiling process only.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels import abi
from nnplay.kernels.compile.intrinsics import integers_at, numbers_at, shifted
from nnplay.kernels.compile.jit import with_typed_literals
from nnplay.kernels.cuda.intrinsics import shared_numbers
from nnplay.kernels.cuda.toolchain import cuda
from nnplay.kernels.cuda.walk_places import Walkers
from nnplay.kernels.cuda.walk_rows import make_run_rows
from nnplay.kernels.cuda.walk_steps import make_run_steps


def make_advance(walkers: Walkers, dispatch: Any) -> Any:
    """The kernel `advance(programs, steps)`."""
    meet, place, together = walkers.meet, walkers.place, walkers.many
    run_steps = make_run_steps(walkers, make_run_rows(walkers, dispatch))

    def advance(programs: Any, steps: int) -> None:
        """Trains; a block without a grid takes the program of its number."""
        program = programs if together else shifted(programs, cuda.blockIdx.x * abi.PROGRAM_SIZE)
        clock, memory = integers_at(program[abi.PROGRAM_CLOCK]), numbers_at(program[abi.PROGRAM_MEMORY])
        thread, threads = place()
        count = 0 if together else program[abi.PROGRAM_SHARED]
        whole, near = memory, shared_numbers()
        i = thread
        while i < count:
            near[i] = whole[i]
            i += threads
        meet(program)
        run_steps(program, clock, near if count > 0 else whole, steps)
        meet(program)
        i = thread
        while i < count:
            whole[i] = near[i]
            i += threads

    return with_typed_literals(advance)


def make_run_table(walkers: Walkers, dispatch: Any) -> Any:
    """The kernel `run_table(programs, count)`."""
    together, run_rows = walkers.many, make_run_rows(walkers, dispatch)

    def run_table(programs: Any, count: int) -> None:
        """Runs the first `count` rows of the full batch once."""
        program = programs if together else shifted(programs, cuda.blockIdx.x * abi.PROGRAM_SIZE)
        clock, memory = integers_at(program[abi.PROGRAM_CLOCK]), numbers_at(program[abi.PROGRAM_MEMORY])
        run_rows(program, program[abi.PROGRAM_FULL], 0, count, clock, memory)

    return with_typed_literals(run_table)
