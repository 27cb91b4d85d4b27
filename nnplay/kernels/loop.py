"""The compiled loop: walks the rows of a tape, for as many steps as it is told, without Python."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels import abi, averaged
from nnplay.kernels.compile.jit import COMPILING, inline, kernel
from nnplay.kernels.random import bits
from nnplay.kernels.sharing import share_row

if COMPILING:
    from nnplay.kernels.compile.intrinsics import (
        call,
        doubles_at,
        integers_at,
        numbers_at,
        shifted,
    )
    from nnplay.kernels.compile.subnormals import flush_subnormals, restore_modes

SHUFFLE_STREAM = 1


@inline
def run_rows(rows: int, first: int, last: int, width: int, clock: Any, memory: Any, job: int) -> None:
    """Runs rows `first` … `last - 1` of the table at address `rows`."""
    table = integers_at(rows)
    for r in range(first, last):
        row = shifted(table, r * width)
        parts = row[abi.ROW_PARTS]
        if parts == 1:
            call(row[abi.ROW_ADDRESS], row, clock, memory, 0)
        elif job == 0:
            for part in range(parts):
                call(row[abi.ROW_ADDRESS], row, clock, memory, part)
        else:
            share_row(row, parts, clock, memory, integers_at(job))


@inline
def new_order(program: Any, clock: Any) -> None:
    """Puts this epoch's order into the order array (Fisher and Yates)."""
    order, count = integers_at(program[abi.PROGRAM_ORDER]), program[abi.PROGRAM_ROWS]
    for i in range(count):
        order[i] = i
    if program[abi.PROGRAM_SHUFFLE] != 0:
        for back in range(count - 1):
            last = count - 1 - back
            drawn = bits(clock[abi.CLOCK_SEED], SHUFFLE_STREAM, clock[abi.CLOCK_EPOCH], last)
            other = (int(drawn) * (last + 1)) >> 32
            kept = order[last]
            order[last] = order[other]
            order[other] = kept
    clock[abi.CLOCK_SHUFFLED] = clock[abi.CLOCK_EPOCH] + 1


@kernel
def shuffle(program: Any, clock: Any, memory: Any, unused: int) -> None:
    """Makes sure that order (rows,) holds the order of the present epoch."""
    if clock[abi.CLOCK_SHUFFLED] != clock[abi.CLOCK_EPOCH] + 1:
        new_order(program, clock)


@inline
def copy(memory: Any, target: int, source: int, size: int) -> None:
    """Copies a range of memory to another place."""
    for i in range(size):
        memory[target + i] = memory[source + i]


@inline
def swap_average(program: Any, memory: Any) -> None:
    """Exchanges trained weights and their average, where evaluations ask for it and there is an average."""
    size, trained, average = (
        program[averaged.PROGRAM_AVERAGE_SIZE],
        program[averaged.PROGRAM_TRAINED],
        program[averaged.PROGRAM_AVERAGE],
    )
    if size != 0 and memory[program[averaged.PROGRAM_AVERAGE_COUNT]] != 0.0:
        for i in range(size):
            kept = memory[trained + i]
            memory[trained + i] = memory[average + i]
            memory[average + i] = kept


@inline
def evaluate_part(program: Any, clock: Any, memory: Any, line: Any) -> None:
    """Evaluates a part of the data with the present parameters: its mean loss and score go into `line`."""
    batch = clock[abi.CLOCK_BATCH]
    batches, width = program[abi.PROGRAM_EVAL_BATCHES], program[abi.PROGRAM_WIDTH]
    loss_sum = 0.0 * line[1]
    right = 0.0 * line[1]
    for b in range(batches):
        clock[abi.CLOCK_BATCH] = b
        tail = program[abi.PROGRAM_EVAL_HAS_TAIL] != 0 and b == batches - 1
        rows = program[abi.PROGRAM_EVAL_TAIL] if tail else program[abi.PROGRAM_EVAL]
        run_rows(rows, 0, program[abi.PROGRAM_EVAL_COUNT], width, clock, memory, program[abi.PROGRAM_JOB])
        count = program[abi.PROGRAM_EVAL_SIZE]
        if tail:
            count = program[abi.PROGRAM_EVAL_ROWS] - b * program[abi.PROGRAM_EVAL_SIZE]
        loss_sum += memory[program[abi.PROGRAM_EVAL_LOSS]] * count
        right += memory[program[abi.PROGRAM_EVAL_SCORE]]
    clock[abi.CLOCK_BATCH] = batch
    line[2] = loss_sum / program[abi.PROGRAM_EVAL_ROWS]
    line[3] = right / program[abi.PROGRAM_EVAL_ROWS]


@kernel
def evaluate(program: Any, clock: Any, memory: Any, unused: int) -> None:
    """Evaluates a part of the data now: line 0 of the epoch table, (EPOCH_COLUMNS,), gets mean loss and score."""
    line = doubles_at(program[abi.PROGRAM_EPOCHS])
    line[1] = 0.0
    modes = flush_subnormals()
    evaluate_part(program, clock, memory, line)
    restore_modes(modes)


@kernel
def run_table(program: Any, clock: Any, memory: Any, count: int) -> None:
    """Runs the first `count` rows of the full batch (rows, width) once: single rows, pictures, predictions."""
    modes = flush_subnormals()
    run_rows(program[abi.PROGRAM_FULL], 0, count, program[abi.PROGRAM_WIDTH], clock, memory, program[abi.PROGRAM_JOB])
    restore_modes(modes)


@inline
def end_epoch(program: Any, clock: Any, memory: Any, loss_sum: Any) -> None:
    """Counts the epoch and writes its line: epoch, mean training loss, evaluated loss and score."""
    clock[abi.CLOCK_BATCH] = 0
    clock[abi.CLOCK_EPOCH] += 1
    line = shifted(doubles_at(program[abi.PROGRAM_EPOCHS]), program[abi.PROGRAM_EPOCH_COUNT] * abi.EPOCH_COLUMNS)
    line[0] = clock[abi.CLOCK_EPOCH]
    line[1] = loss_sum[0] / program[abi.PROGRAM_EPOCH_ROWS]
    line[2] = math.nan
    line[3] = math.nan
    loss_sum[0] = 0.0
    every = program[abi.PROGRAM_EVAL_EVERY]
    if every != 0 and clock[abi.CLOCK_EPOCH] % every == 0:
        swap_average(program, memory)
        evaluate_part(program, clock, memory, line)
        swap_average(program, memory)
    program[abi.PROGRAM_EPOCH_COUNT] += 1


@inline
def run_batches(program: Any, clock: Any, memory: Any, stage: Any, left: int) -> int:
    """Runs the rows of each batch of a step that has `left` rows of data; returns the table of the last one.

    Each batch has random numbers of its own: its rows see a step of their own.
    """
    step, before, number = clock[abi.CLOCK_STEP], 0, 0
    rows: int = program[abi.PROGRAM_FULL]
    size = program[abi.PROGRAM_BATCH_SIZE]
    while before < left:
        count = min(size, left - before)
        rows = program[abi.PROGRAM_FULL] if count == size else program[abi.PROGRAM_TAIL]
        clock[abi.CLOCK_OFFSET] = before
        clock[abi.CLOCK_STEP] = step * program[abi.PROGRAM_STEP_BATCHES] + number
        first, finish_at = stage[abi.STAGE_FIRST], stage[abi.STAGE_FINISH_AT]
        run_rows(rows, first, finish_at, program[abi.PROGRAM_WIDTH], clock, memory, program[abi.PROGRAM_JOB])
        before += count
        number += 1
    clock[abi.CLOCK_OFFSET] = 0
    clock[abi.CLOCK_STEP] = step
    return rows


@inline
def run_stage(program: Any, clock: Any, memory: Any, left: int, k: int, rate: Any, line: Any) -> int:
    """Runs stage k of a step: its loss, its gradient, and the update where both are finite.

    Args:
        left: rows of data that the step has.
        rate: learning rate of its optimizer.
        line: gets loss, gradient norm and learning rate; a stage that sits this step out leaves NaN there.

    Returns:
        What is wrong, or 0. Where an update went wrong, or an earlier stage has updated already, the last good state
        has been put back.
    """
    stage = shifted(integers_at(program[abi.PROGRAM_STAGES]), k * abi.STAGE_SIZE)
    every = stage[abi.STAGE_EVERY]
    if every != 1 and clock[abi.CLOCK_STEP] % every != 0:
        line[0] = math.nan
        line[1] = math.nan
        line[2] = math.nan
        return abi.FAULT_NONE
    width, job, first = program[abi.PROGRAM_WIDTH], program[abi.PROGRAM_JOB], stage[abi.STAGE_UPDATE_AT]
    memory[stage[abi.STAGE_RATE_AT]] = rate
    rows = run_batches(program, clock, memory, stage, left)
    run_rows(rows, stage[abi.STAGE_FINISH_AT], first, width, clock, memory, job)
    loss, norm = memory[stage[abi.STAGE_LOSS]], memory[stage[abi.STAGE_NORM]]
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
        clock[abi.CLOCK_LAST_GOOD] = clock[abi.CLOCK_STEP]
    run_rows(rows, first, stage[abi.STAGE_END], width, clock, memory, job)
    flags = 0.0
    for place in range(stage[abi.STAGE_FLAGS_COUNT]):
        flags += memory[stage[abi.STAGE_FLAGS] + place]
    if not math.isfinite(flags):
        copy(memory, state, good, size)
        return abi.FAULT_PARAMETER
    return abi.FAULT_NONE


@kernel
def advance(program: Any, clock: Any, memory: Any, steps: int) -> None:
    """Trains for up to `steps` steps, which trace (steps, stages, TRACE_COLUMNS) follows: loss, norm and rate.

    Stops at the stop flag, at a fault, or when the epoch table is full.
    """
    stop = integers_at(program[abi.PROGRAM_STOP])
    trace = numbers_at(program[abi.PROGRAM_TRACE])
    rates = numbers_at(program[abi.PROGRAM_RATES])
    loss_sum = doubles_at(program[abi.PROGRAM_LOSS_SUM])
    stages = program[abi.PROGRAM_STAGE_COUNT]
    program[abi.PROGRAM_EPOCH_COUNT] = 0
    program[abi.PROGRAM_STEPS_DONE] = 0
    modes = flush_subnormals()
    for s in range(steps):
        if clock[abi.CLOCK_SHUFFLED] != clock[abi.CLOCK_EPOCH] + 1:
            new_order(program, clock)
        size = program[abi.PROGRAM_STEP_ROWS]
        left = min(size, program[abi.PROGRAM_EPOCH_ROWS] - clock[abi.CLOCK_BATCH] * size)
        fault = abi.FAULT_NONE
        for k in range(stages):
            place = s * stages + k
            line = shifted(trace, place * abi.TRACE_COLUMNS)
            fault = run_stage(program, clock, memory, left, k, rates[place], line)
            if fault != abi.FAULT_NONE:
                clock[abi.CLOCK_FAULT_STAGE] = k
                break
        if fault != abi.FAULT_NONE:
            clock[abi.CLOCK_FAULT] = fault
            break
        every = integers_at(program[abi.PROGRAM_STAGES])[abi.STAGE_EVERY]  # of the first stage
        if every == 1 or clock[abi.CLOCK_STEP] % every == 0:
            loss_sum[0] += trace[s * stages * abi.TRACE_COLUMNS] * left * every
        clock[abi.CLOCK_STEP] += 1
        clock[abi.CLOCK_BATCH] += 1
        program[abi.PROGRAM_STEPS_DONE] += 1
        if clock[abi.CLOCK_BATCH] == program[abi.PROGRAM_BATCHES]:
            end_epoch(program, clock, memory, loss_sum)
            if program[abi.PROGRAM_EPOCH_COUNT] == program[abi.PROGRAM_EPOCH_CAPACITY]:
                break
        if stop[0] != 0:
            break
    restore_modes(modes)
