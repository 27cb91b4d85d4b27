"""Rows that several threads share: who runs which part, and how helping threads wait.

Each thread has parts of its own, the same ones of a row in every step, so that what it wrote last time is still in its
cache. Who has done its own takes what the others have not begun. A part that was begun must be ended by the same
thread, as an update of parameters cannot be run twice; so a helper gives its processor up between two parts, where
nobody waits for it, before the system takes it away in the middle of one. On the caller's own processor it begins
none: the caller would have to leave it to the helper to get the part back.
"""

from __future__ import annotations

from typing import Any

from nnplay.kernels import abi
from nnplay.kernels.compile.jit import COMPILING, inline, kernel

if COMPILING:
    from nnplay.kernels.compile.intrinsics import (
        address_of,
        ask,
        call,
        fetch_add,
        fetch_or,
        integers_at,
        load_acquire,
        nanoseconds,
        store_release,
        yield_processor,
    )
    from nnplay.kernels.compile.subnormals import flush_subnormals, restore_modes

#: Nanoseconds that a helper waits for the next row before it offers its processor to others: longer than a few small
#: rows take, shorter than a step.
_WAIT = 100_000
#: Nanoseconds after which a helper that was never short of work does so too. Systems give a thread some milliseconds.
_TURN = 1_000_000
#: Looks at the parts that others have begun before the caller offers its processor.
_LOOKS = 2000


@inline
def run_parts(clock: Any, memory: Any, job: Any, thread: int) -> bool:
    """Runs parts of the row of job (JOB_SIZE,) that nobody has begun; returns whether there were any."""
    ticket = load_acquire(job, abi.JOB_TICKET)
    parts = (ticket >> abi.TICKET_PARTS) & abi.TICKET_MASK
    if ~ticket & ((1 << parts) - 1) == 0:
        return False
    part = thread * parts // job[abi.JOB_THREADS]
    for _ in range(parts):
        claim = 1 << part
        if load_acquire(job, abi.JOB_TICKET) & claim == 0:
            before = fetch_or(job, abi.JOB_TICKET, claim)
            # Another row may stand there by now, with other parts: what counts is what was there before.
            if before & claim == 0 and part < (before >> abi.TICKET_PARTS) & abi.TICKET_MASK:
                row = integers_at(job[abi.JOB_ROW])
                call(row[abi.ROW_ADDRESS], row, clock, memory, part)
                fetch_add(job, abi.JOB_DONE, 1)
        part += 1
        if part == parts:
            part = 0
    return True


@inline
def share_row(row: Any, parts: int, clock: Any, memory: Any, job: Any) -> None:
    """Runs one row's parts together with whoever assists; returns when all are done."""
    generation = (load_acquire(job, abi.JOB_TICKET) >> abi.TICKET_GENERATION) + 1
    job[abi.JOB_ROW] = address_of(row)
    if job[abi.JOB_WHERE] != 0:
        job[abi.JOB_CALLER] = ask(job[abi.JOB_WHERE])
    store_release(job, abi.JOB_DONE, 0)
    store_release(job, abi.JOB_TICKET, (generation << abi.TICKET_GENERATION) | (parts << abi.TICKET_PARTS))
    run_parts(clock, memory, job, 0)
    looks = 0
    while load_acquire(job, abi.JOB_DONE) != parts:
        looks += 1
        if looks > _LOOKS:
            yield_processor()


@kernel
def assist(job: Any, clock: Any, memory: Any, thread: int) -> None:
    """Helping thread 1, 2, …: runs parts of shared rows until job (JOB_SIZE,) says to quit.

    It returns before that where it finds itself on the caller's processor, so that it can be moved.
    """
    modes = flush_subnormals()
    worked = nanoseconds()
    yielded = worked
    while load_acquire(job, abi.JOB_QUIT) == 0:
        if job[abi.JOB_WHERE] != 0 and ask(job[abi.JOB_WHERE]) == load_acquire(job, abi.JOB_CALLER):
            break
        helped = run_parts(clock, memory, job, thread)
        now = nanoseconds()
        if helped:
            worked = now
        if now - worked > _WAIT or now - yielded > _TURN:
            yield_processor()
            yielded = nanoseconds()
    restore_modes(modes)
