"""A training step on a graphics card: the batches of each stage, its gradient, and its update.

Imported in the compiling process only.
"""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels import abi
from nnplay.kernels.compile.intrinsics import doubles_at, integers_at, numbers_at, shifted
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.cuda.walk_epochs import make_end_epoch, make_new_order
from nnplay.kernels.cuda.walk_places import Walkers


def make_copy(walkers: Walkers) -> Any:
    """`copy(memory, target, source, size)`."""
    place = walkers.place

    @inline
    def copy(memory: Any, target: int, source: int, size: int) -> None:
        """Copies a range of memory to another place."""
        i, threads = place()
        while i < size:
            memory[target + i] = memory[source + i]
            i += threads

    return copy


def make_run_batches(walkers: Walkers, run_rows: Any) -> Any:
    """`run_batches(program, clock, memory, stage, left)`."""
    meet, place = walkers.meet, walkers.place

    @inline
    def run_batches(program: Any, clock: Any, memory: Any, stage: Any, left: int) -> int:
        """Runs the rows of each batch of a step that has `left` rows of data; returns the table of the last one."""
        thread, _ = place()
        step, before, number = clock[abi.CLOCK_STEP], 0, 0
        rows: int = program[abi.PROGRAM_FULL]
        size = program[abi.PROGRAM_BATCH_SIZE]
        several = program[abi.PROGRAM_STEP_BATCHES]
        while before < left:
            count = min(size, left - before)
            rows = program[abi.PROGRAM_FULL] if count == size else program[abi.PROGRAM_TAIL]
            if several != 1:
                meet(program)
                if thread == 0:
                    clock[abi.CLOCK_OFFSET] = before
                    clock[abi.CLOCK_STEP] = step * several + number
                meet(program)
            run_rows(program, rows, stage[abi.STAGE_FIRST], stage[abi.STAGE_FINISH_AT], clock, memory)
            before += count
            number += 1
        if several != 1:
            if thread == 0:
                clock[abi.CLOCK_OFFSET] = 0
                clock[abi.CLOCK_STEP] = step
            meet(program)
        return rows

    return run_batches


def make_run_stage(walkers: Walkers, run_rows: Any) -> Any:
    """`run_stage(program, clock, memory, left, k, rate, line)`."""
    meet, place = walkers.meet, walkers.place
    copy, run_batches = make_copy(walkers), make_run_batches(walkers, run_rows)

    @inline
    def run_stage(program: Any, clock: Any, memory: Any, left: int, k: int, rate: Any, line: Any) -> int:
        """Runs stage k of a step: its loss, its gradient, and the update where both are finite; see the loop."""
        thread, _ = place()
        stage = shifted(integers_at(program[abi.PROGRAM_STAGES]), k * abi.STAGE_SIZE)
        every = stage[abi.STAGE_EVERY]
        if every != 1 and clock[abi.CLOCK_STEP] % every != 0:
            if thread == 0:
                line[0] = math.nan
                line[1] = math.nan
                line[2] = math.nan
            return abi.FAULT_NONE
        first = stage[abi.STAGE_UPDATE_AT]
        if thread == 0:
            memory[stage[abi.STAGE_RATE_AT]] = rate
            for place_of_flag in range(stage[abi.STAGE_FLAGS_COUNT]):
                memory[stage[abi.STAGE_FLAGS] + place_of_flag] = 0.0
        rows = run_batches(program, clock, memory, stage, left)
        run_rows(program, rows, stage[abi.STAGE_FINISH_AT], first, clock, memory)
        loss, norm = memory[stage[abi.STAGE_LOSS]], memory[stage[abi.STAGE_NORM]]
        if thread == 0:
            line[0] = loss
            line[1] = norm
            line[2] = rate
        good, state, size = program[abi.PROGRAM_LAST_GOOD], program[abi.PROGRAM_STATE], program[abi.PROGRAM_STATE_SIZE]
        if not (math.isfinite(loss) and math.isfinite(norm)):
            if k > 0:
                copy(memory, state, good, size)
            return abi.FAULT_LOSS
        if k == 0 and clock[abi.CLOCK_STEP] % program[abi.PROGRAM_LAST_GOOD_EVERY] == 0:
            copy(memory, good, state, size)
            meet(program)
            if thread == 0:
                clock[abi.CLOCK_LAST_GOOD] = clock[abi.CLOCK_STEP]
        run_rows(program, rows, first, stage[abi.STAGE_END], clock, memory)
        flags = 0.0
        for place_of_flag in range(stage[abi.STAGE_FLAGS_COUNT]):
            flags += memory[stage[abi.STAGE_FLAGS] + place_of_flag]
        if not math.isfinite(flags):
            copy(memory, state, good, size)
            return abi.FAULT_PARAMETER
        return abi.FAULT_NONE

    return run_stage


def make_run_steps(walkers: Walkers, run_rows: Any) -> Any:
    """`run_steps(program, clock, memory, steps)`."""
    meet, place = walkers.meet, walkers.place
    new_order, run_stage = make_new_order(walkers), make_run_stage(walkers, run_rows)
    end_epoch = make_end_epoch(walkers, run_rows)

    @inline
    def run_steps(program: Any, clock: Any, memory: Any, steps: int) -> None:
        """Trains for up to `steps` steps."""
        thread, _ = place()
        trace = numbers_at(program[abi.PROGRAM_TRACE])
        rates = numbers_at(program[abi.PROGRAM_RATES])
        stages = program[abi.PROGRAM_STAGE_COUNT]
        for s in range(0 if clock[abi.CLOCK_FAULT] != abi.FAULT_NONE else steps):
            if clock[abi.CLOCK_SHUFFLED] != clock[abi.CLOCK_EPOCH] + 1:
                meet(program)
                new_order(program, clock)
            size = program[abi.PROGRAM_STEP_ROWS]
            left = min(size, program[abi.PROGRAM_EPOCH_ROWS] - clock[abi.CLOCK_BATCH] * size)
            fault = abi.FAULT_NONE
            for k in range(stages):
                at = s * stages + k
                fault = run_stage(program, clock, memory, left, k, rates[at], shifted(trace, at * abi.TRACE_COLUMNS))
                meet(program)
                if fault != abi.FAULT_NONE:
                    if thread == 0:
                        clock[abi.CLOCK_FAULT_STAGE] = k
                    break
            if fault != abi.FAULT_NONE:
                if thread == 0:
                    clock[abi.CLOCK_FAULT] = fault
                break
            if thread == 0:
                every = integers_at(program[abi.PROGRAM_STAGES])[abi.STAGE_EVERY]  # of the first stage
                if every == 1 or clock[abi.CLOCK_STEP] % every == 0:
                    loss_sum = doubles_at(program[abi.PROGRAM_LOSS_SUM])
                    loss_sum[0] += trace[s * stages * abi.TRACE_COLUMNS] * left * every
                clock[abi.CLOCK_STEP] += 1
                clock[abi.CLOCK_BATCH] += 1
                program[abi.PROGRAM_STEPS_DONE] += 1
            meet(program)
            if clock[abi.CLOCK_BATCH] == program[abi.PROGRAM_BATCHES]:
                end_epoch(program, clock, memory)
                meet(program)
                if program[abi.PROGRAM_EPOCH_COUNT] == program[abi.PROGRAM_EPOCH_CAPACITY]:
                    break

    return run_steps
