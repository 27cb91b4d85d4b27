"""The compiled loop: walks the rows of a tape, for as many steps as it is told, without Python."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels import layout as at
from nnplay.kernels.jit import COMPILING, inline, kernel
from nnplay.kernels.random import bits

if COMPILING:
    from nnplay.kernels.intrinsics import (
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
    from nnplay.kernels.subnormals import flush_subnormals, restore_modes

SHUFFLE_STREAM = 1
_SPINS = 2000


@inline
def run_rows(rows: int, first: int, last: int, width: int, clock: Any, memory: Any, job: int) -> None:
    """Runs rows `first` … `last - 1` of the table at address `rows`."""
    table = integers_at(rows)
    for r in range(first, last):
        row = shifted(table, r * width)
        parts = row[at.ROW_PARTS]
        if parts == 1:
            call(row[at.ROW_ADDRESS], row, clock, memory, 0)
        elif job == 0:
            for part in range(parts):
                call(row[at.ROW_ADDRESS], row, clock, memory, part)
        else:
            share_row(row, parts, clock, memory, integers_at(job))


@inline
def share_row(row: Any, parts: int, clock: Any, memory: Any, job: Any) -> None:
    """Runs one row's parts together with whoever assists; returns when all are done."""
    generation = (load_acquire(job, at.JOB_TICKET) >> 32) + 1
    job[at.JOB_ROW] = address_of(row)
    store_release(job, at.JOB_DONE, 0)
    store_release(job, at.JOB_TICKET, (generation << 32) | (parts << 16))
    while True:
        part = fetch_add(job, at.JOB_TICKET, 1) & 0xFFFF
        if part >= parts:
            break
        call(row[at.ROW_ADDRESS], row, clock, memory, part)
        fetch_add(job, at.JOB_DONE, 1)
    spins = 0
    while load_acquire(job, at.JOB_DONE) != parts:
        spins += 1
        if spins > _SPINS:
            yield_processor()


@kernel
def assist(job: Any, clock: Any, memory: Any, unused: int) -> None:
    """A helping thread: claims parts of shared rows until it is told to quit."""
    spins = 0
    modes = flush_subnormals()
    while load_acquire(job, at.JOB_QUIT) == 0:
        ticket = load_acquire(job, at.JOB_TICKET)
        if ticket & 0xFFFF >= (ticket >> 16) & 0xFFFF:
            spins += 1
            if spins > _SPINS:
                yield_processor()
            continue
        ticket = fetch_add(job, at.JOB_TICKET, 1)
        part = ticket & 0xFFFF
        if part < (ticket >> 16) & 0xFFFF:
            row = integers_at(job[at.JOB_ROW])
            call(row[at.ROW_ADDRESS], row, clock, memory, part)
            fetch_add(job, at.JOB_DONE, 1)
        spins = 0
    restore_modes(modes)


@inline
def new_order(program: Any, clock: Any) -> None:
    """Puts this epoch's order into the order array (Fisher and Yates)."""
    order, count = integers_at(program[at.PROGRAM_ORDER]), program[at.PROGRAM_ROWS]
    for i in range(count):
        order[i] = i
    if program[at.PROGRAM_SHUFFLE] != 0:
        for back in range(count - 1):
            last = count - 1 - back
            drawn = bits(clock[at.CLOCK_SEED], SHUFFLE_STREAM, clock[at.CLOCK_EPOCH], last)
            other = (int(drawn) * (last + 1)) >> 32
            kept = order[last]
            order[last] = order[other]
            order[other] = kept
    clock[at.CLOCK_SHUFFLED] = clock[at.CLOCK_EPOCH] + 1


@kernel
def shuffle(program: Any, clock: Any, memory: Any, unused: int) -> None:
    """Makes sure that the order array holds the order of the present epoch."""
    if clock[at.CLOCK_SHUFFLED] != clock[at.CLOCK_EPOCH] + 1:
        new_order(program, clock)


@inline
def copy(memory: Any, target: int, source: int, size: int) -> None:
    """Copies a range of memory to another place."""
    for i in range(size):
        memory[target + i] = memory[source + i]


@inline
def check_epoch(program: Any, clock: Any, memory: Any, line: Any) -> None:
    """Evaluates a part of the data with the present parameters: its mean loss and score go into `line`."""
    batch = clock[at.CLOCK_BATCH]
    batches, width = program[at.PROGRAM_CHECK_BATCHES], program[at.PROGRAM_WIDTH]
    loss_sum = 0.0 * line[1]
    right = 0.0 * line[1]
    for b in range(batches):
        clock[at.CLOCK_BATCH] = b
        tail = program[at.PROGRAM_CHECK_HAS_TAIL] != 0 and b == batches - 1
        rows = program[at.PROGRAM_CHECK_TAIL] if tail else program[at.PROGRAM_CHECK]
        run_rows(rows, 0, program[at.PROGRAM_CHECK_COUNT], width, clock, memory, program[at.PROGRAM_JOB])
        count = program[at.PROGRAM_CHECK_SIZE]
        if tail:
            count = program[at.PROGRAM_CHECK_ROWS] - b * program[at.PROGRAM_CHECK_SIZE]
        loss_sum += memory[program[at.PROGRAM_CHECK_LOSS]] * count
        right += memory[program[at.PROGRAM_CHECK_SCORE]]
    clock[at.CLOCK_BATCH] = batch
    line[2] = loss_sum / program[at.PROGRAM_CHECK_ROWS]
    line[3] = right / program[at.PROGRAM_CHECK_ROWS]


@kernel
def evaluate(program: Any, clock: Any, memory: Any, unused: int) -> None:
    """Evaluates the checked part of the data now; the result is line 0 of the epoch table."""
    line = doubles_at(program[at.PROGRAM_EPOCHS])
    line[1] = 0.0
    modes = flush_subnormals()
    check_epoch(program, clock, memory, line)
    restore_modes(modes)


@kernel
def run_table(program: Any, clock: Any, memory: Any, count: int) -> None:
    """Runs the first `count` rows of the full batch once: single rows, pictures, predictions."""
    modes = flush_subnormals()
    run_rows(program[at.PROGRAM_FULL], 0, count, program[at.PROGRAM_WIDTH], clock, memory, program[at.PROGRAM_JOB])
    restore_modes(modes)


@inline
def end_epoch(program: Any, clock: Any, memory: Any, running: Any) -> None:
    """Counts the epoch and writes its line: epoch, mean training loss, evaluated loss and score."""
    clock[at.CLOCK_BATCH] = 0
    clock[at.CLOCK_EPOCH] += 1
    line = shifted(doubles_at(program[at.PROGRAM_EPOCHS]), program[at.PROGRAM_EPOCH_COUNT] * at.EPOCH_COLUMNS)
    line[0] = clock[at.CLOCK_EPOCH]
    line[1] = running[0] / program[at.PROGRAM_ROWS]
    line[2] = math.nan
    line[3] = math.nan
    running[0] = 0.0
    every = program[at.PROGRAM_CHECK_EVERY]
    if every != 0 and clock[at.CLOCK_EPOCH] % every == 0:
        check_epoch(program, clock, memory, line)
    program[at.PROGRAM_EPOCH_COUNT] += 1


@inline
def finish_step(program: Any, clock: Any, memory: Any, rows: int, last: int) -> int:
    """Looks at loss and gradient, updates the parameters, and looks at those; returns what is wrong, or 0."""
    loss, norm = memory[program[at.PROGRAM_LOSS]], memory[program[at.PROGRAM_NORM]]
    if not (math.isfinite(loss) and math.isfinite(norm)):
        return at.FAULT_LOSS
    good, size = program[at.PROGRAM_GOOD], program[at.PROGRAM_PARAMETERS_SIZE]
    if clock[at.CLOCK_STEP] % program[at.PROGRAM_GOOD_EVERY] == 0:
        copy(memory, good, program[at.PROGRAM_PARAMETERS], size)
        clock[at.CLOCK_GOOD] = clock[at.CLOCK_STEP]
    run_rows(
        rows, program[at.PROGRAM_UPDATE_AT], last, program[at.PROGRAM_WIDTH], clock, memory, program[at.PROGRAM_JOB]
    )
    check = 0.0
    for k in range(program[at.PROGRAM_CHECKS_COUNT]):
        check += memory[program[at.PROGRAM_CHECKS] + k]
    if not math.isfinite(check):
        copy(memory, program[at.PROGRAM_PARAMETERS], good, size)
        return at.FAULT_PARAMETER
    return at.FAULT_NONE


@kernel
def advance(program: Any, clock: Any, memory: Any, steps: int) -> None:
    """Trains for up to `steps` steps; stops at the stop flag, at a fault, or when the epoch table is full."""
    stop = integers_at(program[at.PROGRAM_STOP])
    trace = reals_at(program[at.PROGRAM_TRACE])
    rates = reals_at(program[at.PROGRAM_RATES])
    running = doubles_at(program[at.PROGRAM_RUNNING])
    program[at.PROGRAM_EPOCH_COUNT] = 0
    program[at.PROGRAM_STEPS_DONE] = 0
    modes = flush_subnormals()
    for s in range(steps):
        if clock[at.CLOCK_SHUFFLED] != clock[at.CLOCK_EPOCH] + 1:
            new_order(program, clock)
        tail = program[at.PROGRAM_HAS_TAIL] != 0 and clock[at.CLOCK_BATCH] == program[at.PROGRAM_BATCHES] - 1
        rows = program[at.PROGRAM_TAIL] if tail else program[at.PROGRAM_FULL]
        memory[program[at.PROGRAM_RATE_AT]] = rates[s]
        before = program[at.PROGRAM_UPDATE_AT]
        run_rows(rows, 0, before, program[at.PROGRAM_WIDTH], clock, memory, program[at.PROGRAM_JOB])
        loss = memory[program[at.PROGRAM_LOSS]]
        trace[s * at.TRACE_COLUMNS] = loss
        trace[s * at.TRACE_COLUMNS + 1] = memory[program[at.PROGRAM_NORM]]
        trace[s * at.TRACE_COLUMNS + 2] = rates[s]
        fault = finish_step(program, clock, memory, rows, program[at.PROGRAM_FULL_COUNT])
        if fault != at.FAULT_NONE:
            clock[at.CLOCK_FAULT] = fault
            break
        count = program[at.PROGRAM_BATCH_SIZE]
        if tail:
            count = program[at.PROGRAM_ROWS] - clock[at.CLOCK_BATCH] * count
        running[0] += loss * count
        clock[at.CLOCK_STEP] += 1
        clock[at.CLOCK_BATCH] += 1
        program[at.PROGRAM_STEPS_DONE] += 1
        if clock[at.CLOCK_BATCH] == program[at.PROGRAM_BATCHES]:
            end_epoch(program, clock, memory, running)
            if program[at.PROGRAM_EPOCH_COUNT] == program[at.PROGRAM_EPOCH_CAPACITY]:
                break
        if stop[0] != 0:
            break
    restore_modes(modes)
