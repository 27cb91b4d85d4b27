"""The compiled loop: walks the rows of a tape, for as many steps as it is told, without Python."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels import abi
from nnplay.kernels.compile.jit import COMPILING, inline, kernel
from nnplay.kernels.random import bits

if COMPILING:
    from nnplay.kernels.compile.intrinsics import (
        address_of,
        call,
        doubles_at,
        fetch_add,
        integers_at,
        load_acquire,
        reals_at,
        shifted,
        store_release,
        yield_processor,
    )
    from nnplay.kernels.compile.subnormals import flush_subnormals, restore_modes

SHUFFLE_STREAM = 1
_SPINS = 2000


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
def share_row(row: Any, parts: int, clock: Any, memory: Any, job: Any) -> None:
    """Runs one row's parts together with whoever assists; returns when all are done."""
    generation = (load_acquire(job, abi.JOB_TICKET) >> 32) + 1
    job[abi.JOB_ROW] = address_of(row)
    store_release(job, abi.JOB_DONE, 0)
    store_release(job, abi.JOB_TICKET, (generation << 32) | (parts << 16))
    while True:
        part = fetch_add(job, abi.JOB_TICKET, 1) & 0xFFFF
        if part >= parts:
            break
        call(row[abi.ROW_ADDRESS], row, clock, memory, part)
        fetch_add(job, abi.JOB_DONE, 1)
    spins = 0
    while load_acquire(job, abi.JOB_DONE) != parts:
        spins += 1
        if spins > _SPINS:
            yield_processor()


@kernel
def assist(job: Any, clock: Any, memory: Any, unused: int) -> None:
    """A helping thread: claims parts of shared rows until job (JOB_QUIT) tells it to quit."""
    spins = 0
    modes = flush_subnormals()
    while load_acquire(job, abi.JOB_QUIT) == 0:
        ticket = load_acquire(job, abi.JOB_TICKET)
        if ticket & 0xFFFF >= (ticket >> 16) & 0xFFFF:
            spins += 1
            if spins > _SPINS:
                yield_processor()
            continue
        ticket = fetch_add(job, abi.JOB_TICKET, 1)
        part = ticket & 0xFFFF
        if part < (ticket >> 16) & 0xFFFF:
            row = integers_at(job[abi.JOB_ROW])
            call(row[abi.ROW_ADDRESS], row, clock, memory, part)
            fetch_add(job, abi.JOB_DONE, 1)
        spins = 0
    restore_modes(modes)


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
def check_epoch(program: Any, clock: Any, memory: Any, line: Any) -> None:
    """Evaluates a part of the data with the present parameters: its mean loss and score go into `line`."""
    batch = clock[abi.CLOCK_BATCH]
    batches, width = program[abi.PROGRAM_CHECK_BATCHES], program[abi.PROGRAM_WIDTH]
    loss_sum = 0.0 * line[1]
    right = 0.0 * line[1]
    for b in range(batches):
        clock[abi.CLOCK_BATCH] = b
        tail = program[abi.PROGRAM_CHECK_HAS_TAIL] != 0 and b == batches - 1
        rows = program[abi.PROGRAM_CHECK_TAIL] if tail else program[abi.PROGRAM_CHECK]
        run_rows(rows, 0, program[abi.PROGRAM_CHECK_COUNT], width, clock, memory, program[abi.PROGRAM_JOB])
        count = program[abi.PROGRAM_CHECK_SIZE]
        if tail:
            count = program[abi.PROGRAM_CHECK_ROWS] - b * program[abi.PROGRAM_CHECK_SIZE]
        loss_sum += memory[program[abi.PROGRAM_CHECK_LOSS]] * count
        right += memory[program[abi.PROGRAM_CHECK_SCORE]]
    clock[abi.CLOCK_BATCH] = batch
    line[2] = loss_sum / program[abi.PROGRAM_CHECK_ROWS]
    line[3] = right / program[abi.PROGRAM_CHECK_ROWS]


@kernel
def evaluate(program: Any, clock: Any, memory: Any, unused: int) -> None:
    """Evaluates the checked part of the data now: line 0 of the epoch table (4,) = …, …, mean loss, score."""
    line = doubles_at(program[abi.PROGRAM_EPOCHS])
    line[1] = 0.0
    modes = flush_subnormals()
    check_epoch(program, clock, memory, line)
    restore_modes(modes)


@kernel
def run_table(program: Any, clock: Any, memory: Any, count: int) -> None:
    """Runs the first `count` rows of the full batch's table (rows, width) once: single rows, pictures, predictions."""
    modes = flush_subnormals()
    run_rows(program[abi.PROGRAM_FULL], 0, count, program[abi.PROGRAM_WIDTH], clock, memory, program[abi.PROGRAM_JOB])
    restore_modes(modes)


@inline
def end_epoch(program: Any, clock: Any, memory: Any, running: Any) -> None:
    """Counts the epoch and writes its line: epoch, mean training loss, evaluated loss and score."""
    clock[abi.CLOCK_BATCH] = 0
    clock[abi.CLOCK_EPOCH] += 1
    line = shifted(doubles_at(program[abi.PROGRAM_EPOCHS]), program[abi.PROGRAM_EPOCH_COUNT] * abi.EPOCH_COLUMNS)
    line[0] = clock[abi.CLOCK_EPOCH]
    line[1] = running[0] / program[abi.PROGRAM_ROWS]
    line[2] = math.nan
    line[3] = math.nan
    running[0] = 0.0
    every = program[abi.PROGRAM_CHECK_EVERY]
    if every != 0 and clock[abi.CLOCK_EPOCH] % every == 0:
        check_epoch(program, clock, memory, line)
    program[abi.PROGRAM_EPOCH_COUNT] += 1


@inline
def finish_step(program: Any, clock: Any, memory: Any, rows: int, last: int) -> int:
    """Looks at loss and gradient, updates the parameters, and looks at those; returns what is wrong, or 0."""
    loss, norm = memory[program[abi.PROGRAM_LOSS]], memory[program[abi.PROGRAM_NORM]]
    if not (math.isfinite(loss) and math.isfinite(norm)):
        return abi.FAULT_LOSS
    good, size = program[abi.PROGRAM_GOOD], program[abi.PROGRAM_PARAMETERS_SIZE]
    if clock[abi.CLOCK_STEP] % program[abi.PROGRAM_GOOD_EVERY] == 0:
        copy(memory, good, program[abi.PROGRAM_PARAMETERS], size)
        clock[abi.CLOCK_GOOD] = clock[abi.CLOCK_STEP]
    run_rows(
        rows, program[abi.PROGRAM_UPDATE_AT], last, program[abi.PROGRAM_WIDTH], clock, memory, program[abi.PROGRAM_JOB]
    )
    check = 0.0
    for k in range(program[abi.PROGRAM_CHECKS_COUNT]):
        check += memory[program[abi.PROGRAM_CHECKS] + k]
    if not math.isfinite(check):
        copy(memory, program[abi.PROGRAM_PARAMETERS], good, size)
        return abi.FAULT_PARAMETER
    return abi.FAULT_NONE


@kernel
def advance(program: Any, clock: Any, memory: Any, steps: int) -> None:
    """Trains for up to `steps` steps, each of which writes trace[s] = (loss, norm, rate); trace (steps, 3).

    Stops at the stop flag, at a fault, or when the epoch table is full.
    """
    stop = integers_at(program[abi.PROGRAM_STOP])
    trace = reals_at(program[abi.PROGRAM_TRACE])
    rates = reals_at(program[abi.PROGRAM_RATES])
    running = doubles_at(program[abi.PROGRAM_RUNNING])
    program[abi.PROGRAM_EPOCH_COUNT] = 0
    program[abi.PROGRAM_STEPS_DONE] = 0
    modes = flush_subnormals()
    for s in range(steps):
        if clock[abi.CLOCK_SHUFFLED] != clock[abi.CLOCK_EPOCH] + 1:
            new_order(program, clock)
        tail = program[abi.PROGRAM_HAS_TAIL] != 0 and clock[abi.CLOCK_BATCH] == program[abi.PROGRAM_BATCHES] - 1
        rows = program[abi.PROGRAM_TAIL] if tail else program[abi.PROGRAM_FULL]
        memory[program[abi.PROGRAM_RATE_AT]] = rates[s]
        before = program[abi.PROGRAM_UPDATE_AT]
        run_rows(rows, 0, before, program[abi.PROGRAM_WIDTH], clock, memory, program[abi.PROGRAM_JOB])
        loss = memory[program[abi.PROGRAM_LOSS]]
        trace[s * abi.TRACE_COLUMNS] = loss
        trace[s * abi.TRACE_COLUMNS + 1] = memory[program[abi.PROGRAM_NORM]]
        trace[s * abi.TRACE_COLUMNS + 2] = rates[s]
        fault = finish_step(program, clock, memory, rows, program[abi.PROGRAM_FULL_COUNT])
        if fault != abi.FAULT_NONE:
            clock[abi.CLOCK_FAULT] = fault
            break
        count = program[abi.PROGRAM_BATCH_SIZE]
        if tail:
            count = program[abi.PROGRAM_ROWS] - clock[abi.CLOCK_BATCH] * count
        running[0] += loss * count
        clock[abi.CLOCK_STEP] += 1
        clock[abi.CLOCK_BATCH] += 1
        program[abi.PROGRAM_STEPS_DONE] += 1
        if clock[abi.CLOCK_BATCH] == program[abi.PROGRAM_BATCHES]:
            end_epoch(program, clock, memory, running)
            if program[abi.PROGRAM_EPOCH_COUNT] == program[abi.PROGRAM_EPOCH_CAPACITY]:
                break
        if stop[0] != 0:
            break
    restore_modes(modes)
