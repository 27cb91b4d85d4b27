"""What happens once an epoch on a graphics card: a new order of the rows, and an evaluation.

Imported in the compiling process only.
"""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels import abi, averaged
from nnplay.kernels.compile.intrinsics import doubles_at, integers_at, numbers_at, shifted
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.cuda.walk_places import Walkers
from nnplay.kernels.loop import SHUFFLE_STREAM
from nnplay.kernels.random import bits


def make_new_order(walkers: Walkers) -> Any:
    """`new_order(program, clock)`."""
    meet, place = walkers.meet, walkers.place

    @inline
    def new_order(program: Any, clock: Any) -> None:
        """Puts this epoch's order into the order array: the same as on a processor."""
        order, count = integers_at(program[abi.PROGRAM_ORDER]), program[abi.PROGRAM_ROWS]
        drawn = integers_at(program[abi.PROGRAM_DRAWS])
        thread, threads = place()
        i = thread
        while i < count:
            order[i] = i
            if program[abi.PROGRAM_SHUFFLE] != 0:
                random = int(bits(clock[abi.CLOCK_SEED], SHUFFLE_STREAM, clock[abi.CLOCK_EPOCH], i))
                drawn[i] = (random * (i + 1)) >> 32
            i += threads
        meet(program)
        if thread == 0:
            if program[abi.PROGRAM_SHUFFLE] != 0:
                for back in range(count - 1):
                    last = count - 1 - back
                    other = drawn[last]
                    kept = order[last]
                    order[last] = order[other]
                    order[other] = kept
            clock[abi.CLOCK_SHUFFLED] = clock[abi.CLOCK_EPOCH] + 1
        meet(program)

    return new_order


def make_swap_average(walkers: Walkers) -> Any:
    """`swap_average(program, memory)`."""
    meet, place = walkers.meet, walkers.place

    @inline
    def swap_average(program: Any, memory: Any) -> None:
        """Exchanges trained weights and their average, where evaluations ask for it and there is an average."""
        trained, average = program[averaged.PROGRAM_TRAINED], program[averaged.PROGRAM_AVERAGE]
        i, threads = place()
        size = program[averaged.PROGRAM_AVERAGE_SIZE]
        if size != 0 and memory[program[averaged.PROGRAM_AVERAGE_COUNT]] != 0.0:
            while i < size:
                kept = memory[trained + i]
                memory[trained + i] = memory[average + i]
                memory[average + i] = kept
                i += threads
        meet(program)

    return swap_average


def make_evaluate_part(walkers: Walkers, run_rows: Any) -> Any:
    """`evaluate_part(program, clock, memory, line)`."""
    meet, place = walkers.meet, walkers.place

    @inline
    def evaluate_part(program: Any, clock: Any, memory: Any, line: Any) -> None:
        """Evaluates a part of the data with the present parameters: its mean loss and score go into `line`."""
        thread, _ = place()
        batch, batches = clock[abi.CLOCK_BATCH], program[abi.PROGRAM_EVAL_BATCHES]
        loss_sum = 0.0 * line[1]
        right = 0.0 * line[1]
        meet(program)
        for b in range(batches):
            if thread == 0:
                clock[abi.CLOCK_BATCH] = b
            meet(program)
            tail = program[abi.PROGRAM_EVAL_HAS_TAIL] != 0 and b == batches - 1
            rows = program[abi.PROGRAM_EVAL_TAIL] if tail else program[abi.PROGRAM_EVAL]
            run_rows(program, rows, 0 * b, program[abi.PROGRAM_EVAL_COUNT], clock, memory)
            count = program[abi.PROGRAM_EVAL_SIZE]
            if tail:
                count = program[abi.PROGRAM_EVAL_ROWS] - b * program[abi.PROGRAM_EVAL_SIZE]
            loss_sum += memory[program[abi.PROGRAM_EVAL_LOSS]] * count
            right += memory[program[abi.PROGRAM_EVAL_SCORE]]
        if thread == 0:
            clock[abi.CLOCK_BATCH] = batch
            line[2] = loss_sum / program[abi.PROGRAM_EVAL_ROWS]
            line[3] = right / program[abi.PROGRAM_EVAL_ROWS]
        meet(program)

    return evaluate_part


def make_end_epoch(walkers: Walkers, run_rows: Any) -> Any:
    """`end_epoch(program, clock, memory)`."""
    meet, place = walkers.meet, walkers.place
    swap_average, evaluate_part = make_swap_average(walkers), make_evaluate_part(walkers, run_rows)

    @inline
    def end_epoch(program: Any, clock: Any, memory: Any) -> None:
        """Counts the epoch and writes its line: epoch, mean training loss, evaluated loss and score."""
        thread, threads = place()
        number = program[abi.PROGRAM_EPOCH_COUNT]
        line = shifted(doubles_at(program[abi.PROGRAM_EPOCHS]), number * abi.EPOCH_COLUMNS)
        meet(program)
        if thread == 0:
            loss_sum = doubles_at(program[abi.PROGRAM_LOSS_SUM])
            clock[abi.CLOCK_BATCH] = 0
            clock[abi.CLOCK_EPOCH] += 1
            line[0] = clock[abi.CLOCK_EPOCH]
            line[1] = loss_sum[0] / program[abi.PROGRAM_EPOCH_ROWS]
            line[2] = math.nan
            line[3] = math.nan
            loss_sum[0] = 0.0
            program[abi.PROGRAM_EPOCH_COUNT] = number + 1
        meet(program)
        every = program[abi.PROGRAM_EVAL_EVERY]
        if every != 0 and clock[abi.CLOCK_EPOCH] % every == 0:
            whole = numbers_at(program[abi.PROGRAM_MEMORY])
            i = thread
            while i < program[abi.PROGRAM_SHARED]:
                whole[i] = memory[i]
                i += threads
            meet(program)
            swap_average(program, whole)
            evaluate_part(program, clock, whole, line)
            swap_average(program, whole)

    return end_epoch
