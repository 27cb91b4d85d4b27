"""Threads that share rows: the same bits however many there are, and whether helpers come, come late or leave."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnplay.kernels import abi, sharing
from nnplay.network.notation import parse_layers
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.system import processors
from nnplay.tape.machines.helper_choice import HelperChoice
from nnplay.tape.machines.helper_thread import HelperThread
from tests.records import SWITCHED_ROWS, Bench, Trial

STEPS = 40


def bench(threads: int = 1, share: int = 64) -> Bench:
    """A classifier with dropout, clipping and Adam, many of whose rows have several parts."""
    text = "linear 40 name=front, tanh, dropout 0.1, linear 40, relu, softmax, linear 3"
    made = Bench(
        Trial(parse_layers(text), (5,), 48, share=share),
        "float32",
        loss=loss_records()["cross_entropy"](),
        optimizer=optimizer_records()["adam"](lr=0.01),
        seed=1,
        threads=threads,
        **SWITCHED_ROWS,
    )
    made.machine.rates[:] = 0.01
    assert sum(row.parts > 1 for row in made.tape.train) > 5
    return made


def bits(made: Bench) -> bytes:
    """State and trace after the steps."""
    return bytes(made.machine.state().tobytes() + made.machine.trace[:STEPS].tobytes())


@pytest.fixture
def always_helped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call is helped, however fast that is here."""
    monkeypatch.setattr(HelperChoice, "begin", lambda _: True)


@pytest.fixture(scope="module")
def alone() -> bytes:
    """What one thread comes to."""
    made = bench()
    made.machine.advance(STEPS)
    return bits(made)


@pytest.mark.usefixtures("always_helped")
@pytest.mark.parametrize("threads", [2, 4, 200])
@pytest.mark.parametrize("each", [1, STEPS])
def test_threads_give_the_bits_of_one(threads: int, each: int, alone: bytes) -> None:
    """Rows that several threads share give the same bits as one thread alone, in one call or in many."""
    made = bench(threads)
    assert len(made.machine.helpers) == min(threads, max(row.parts for row in made.tape.train)) - 1
    trace = [made.machine.trace[: each * made.machine.advance(each) // each].copy() for _ in range(STEPS // each)]
    assert bytes(made.machine.state().tobytes() + np.concatenate(trace).tobytes()) == alone


@pytest.mark.usefixtures("always_helped")
def test_a_helper_that_never_comes_is_not_missed(monkeypatch: pytest.MonkeyPatch, alone: bytes) -> None:
    """Where the system never lets a helper run, the caller runs all parts."""
    monkeypatch.setattr(HelperThread, "call", lambda *_: None)
    made = bench(threads=2)
    made.machine.advance(STEPS)
    assert bits(made) == alone


@pytest.mark.usefixtures("always_helped")
def test_a_helper_that_comes_late_does_nothing(monkeypatch: pytest.MonkeyPatch, alone: bytes) -> None:
    """Helpers that the system lets run when the call is over leave every number alone."""
    late: list[Callable[[], None]] = []
    monkeypatch.setattr(HelperThread, "call", lambda _, function: late.append(function))
    made = bench(threads=3)
    made.machine.advance(STEPS)
    assert len(late) == 2
    before = made.machine.memory.tobytes()
    for function in late:
        function()
    assert made.machine.memory.tobytes() == before
    assert bits(made) == alone


@pytest.mark.usefixtures("always_helped")
def test_a_helper_may_leave_at_any_time(monkeypatch: pytest.MonkeyPatch, alone: bytes) -> None:
    """A helper that is told to quit while the caller goes on takes nothing with it."""
    made = bench(threads=2)
    assist = made.machine._assist

    def brief(job: Any, thread: int) -> None:
        other = threading.Timer(0.0, lambda: job.__setitem__(abi.JOB_QUIT, 1))
        other.start()
        assist(job, thread)
        other.join()

    monkeypatch.setattr(made.machine, "_assist", brief)
    made.machine.advance(STEPS)
    assert bits(made) == alone


@pytest.mark.parametrize("helpers", [1, 3])
def test_helpers_do_every_part_once(helpers: int) -> None:
    """Where only helpers run, each part of a row is run once: an update of parameters comes out as it does alone."""
    one, many = bench(), bench()
    for number, row in enumerate(one.tape.train):
        one.run(number + 1, number)
        if row.parts == 1:
            many.run(number + 1, number)
        else:
            share(many, number, helpers)
        assert one.machine.memory.tobytes() == many.machine.memory.tobytes(), row.operation.name


def share(made: Bench, number: int, helpers: int) -> None:
    """Has helpers run one row of the tape."""
    machine = made.machine
    job = np.zeros(abi.JOB_SIZE, np.int64)
    cells = made.table.cells
    job[abi.JOB_THREADS], job[abi.JOB_ROW] = 1 + helpers, cells.ctypes.data + number * cells.strides[0]
    parts = int(cells[number, abi.ROW_PARTS])
    job[abi.JOB_TICKET] = 7 << abi.TICKET_GENERATION | parts << abi.TICKET_PARTS
    threads = [threading.Thread(target=machine._call, args=(sharing.assist, job, 1 + k)) for k in range(helpers)]
    for thread in threads:
        thread.start()
    while job[abi.JOB_DONE] != parts:
        assert any(thread.is_alive() for thread in threads)
    job[abi.JOB_QUIT] = 1
    for thread in threads:
        thread.join()
    assert job[abi.JOB_DONE] == parts
    assert job[abi.JOB_TICKET] & abi.TICKET_MASK == (1 << parts) - 1


@pytest.mark.skipif(not processors.address_of_getcpu(), reason="this system does not tell threads where they are")
def test_a_helper_on_the_callers_processor_begins_nothing() -> None:
    """A helper that finds itself where its caller is comes back with all parts left to others, so as to be moved."""
    made = bench()
    job = np.zeros(abi.JOB_SIZE, np.int64)
    job[abi.JOB_THREADS], job[abi.JOB_TICKET] = 2, 1 << abi.TICKET_GENERATION | 4 << abi.TICKET_PARTS
    before = job.copy()

    def run() -> None:
        """A thread that may run on one processor only, which is its caller's."""
        here = min(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {here})
        job[abi.JOB_WHERE], job[abi.JOB_CALLER] = processors.address_of_getcpu(), here
        made.machine._assist(job, 1)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert job[abi.JOB_TICKET] == before[abi.JOB_TICKET]
    assert job[abi.JOB_DONE] == 0


@pytest.mark.usefixtures("always_helped")
def test_a_call_for_one_step_has_its_helping_threads_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that take a whole call each are shared among threads like all others."""
    made = bench(threads=3)
    called: list[HelperThread] = []
    monkeypatch.setattr(HelperThread, "call", lambda helper, _: called.append(helper))
    made.machine.advance(1)
    assert called == made.machine.helpers


@pytest.mark.usefixtures("always_helped")
def test_an_interrupted_call_lets_its_helpers_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ctrl+C ends a call, its helpers are told to quit, and the next call has helpers again."""
    made = bench(threads=2)
    jobs: list[Any] = []
    monkeypatch.setattr(made.machine, "_assist", lambda job, thread: jobs.append(job))
    monkeypatch.setattr(HelperThread, "call", lambda _, function: function())
    call = made.machine._call

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(made.machine, "_call", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made.machine.advance(3)
    monkeypatch.setattr(made.machine, "_call", call)
    assert made.machine.advance(3) == 3
    assert [int(job[abi.JOB_QUIT]) for job in jobs] == [1, 1]
    assert made.machine.program[abi.PROGRAM_JOB] == 0
