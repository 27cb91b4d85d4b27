"""A sweep that a screen follows: it stops and goes on as it is asked to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from nnplay.sweeps.live import LiveSweep
from tests.jit.test_sweep_board import plan


class Slow(LiveSweep):
    """A sweep whose last trial ends when it is told to."""

    def __init__(self) -> None:
        super().__init__(plan("optimizer.lr=0.1,0.2"), Path("sweep.jsonl"))
        self.begun, self.may_end = list[int](), threading.Event()

    def _work(self) -> None:
        self.begun.append(len(self.begun))
        self._stop.wait(240)
        self.may_end.wait(240)


def test_a_sweep_that_is_asked_to_go_on_before_it_has_stopped_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped and started again while its last trial is still on its way: it trains on once that has ended."""
    sweep = Slow()
    sweep.start()
    sweep.stop()
    assert sweep._thread is not None
    join = sweep._thread.join

    def end_and_join() -> None:
        sweep.may_end.set()
        join(240)

    monkeypatch.setattr(sweep._thread, "join", end_and_join)
    sweep.start()
    sweep.close()
    assert sweep.begun == [0, 1]
