"""A sweep that a screen follows: it stops and goes on as it is asked to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from nnplay.sweeps.live import LiveSweep
from tests.jit.test_sweep_board import plan
from tests.small_worker import until


class Slow(LiveSweep):
    """A sweep whose last trial ends when it is told to."""

    def __init__(self) -> None:
        super().__init__(plan("optimizer.lr=0.1,0.2"), Path("sweep.jsonl"))
        self.begun, self.may_end = list[int](), threading.Event()

    def _work(self) -> None:
        self.begun.append(len(self.begun))
        assert self._stop.wait(240)
        assert self.may_end.wait(240)


def test_a_sweep_goes_on_once_it_has_stopped_and_nobody_waits_for_that() -> None:
    """Started again while its last trial is still on its way, by a call that returns at once."""
    sweep = Slow()
    sweep.trains_here = True
    sweep.start()
    sweep.stop()
    sweep.start()
    assert (sweep.stopping, sweep.goes_on, sweep.begun) == (True, True, [0])
    sweep.may_end.set()
    until(lambda: len(sweep.begun) == 2)
    assert (sweep.stopping, sweep.goes_on) == (False, False)
    sweep.close()
    assert (sweep.begun, sweep.training) == ([0, 1], False)


def test_what_was_asked_last_holds() -> None:
    sweep = Slow()
    sweep.start()
    for _ in range(2):
        sweep.stop()
        sweep.start()
    sweep.stop()
    sweep.may_end.set()
    sweep.close()
    assert sweep.begun == [0]


def test_a_sweep_that_a_fault_ended_can_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the program in its last trial ends it, though it was to go on; it is not taken for one that trains."""

    class Faulty(Slow):
        trains_here = True

        def _work(self) -> None:
            super()._work()
            raise RuntimeError("planted")

    faults = list[str]()
    monkeypatch.setattr(threading, "excepthook", lambda given: faults.append(str(given.exc_value)))
    sweep = Faulty()
    sweep.start()
    sweep.stop()
    sweep.start()
    sweep.may_end.set()
    until(lambda: not sweep.training)
    assert (sweep.goes_on, sweep.begun) == (False, [0])
    sweep.start()
    sweep.close()
    assert (sweep.begun, sweep.training, faults) == ([0, 1], False, ["planted", "planted"])
