"""A look at a step of the past, after which the run stands where it stood."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nnplay.inspector.inspector import Inspector
from nnplay.run.training_thread import TrainingThread
from nnplay.timeline.timeline import Timeline


@contextmanager
def standing_at(run: TrainingThread, step: int) -> Iterator[Inspector]:
    """Within it an inspector stands where `step` steps have been taken, or at the nearest step that can be reached.

    Raises:
        NnplayError: there is no run, or its steps cannot be walked row by row.
    """
    trainer, timeline = run.require_run()
    stood, wanted = trainer.step, min(max(step, timeline.first), timeline.latest)
    if wanted == stood:
        yield Inspector(trainer, timeline)
        return
    present = trainer.state()
    try:
        _travel(timeline, wanted)
        yield Inspector(timeline.trainer, timeline)
    finally:
        if timeline.trainer is trainer:
            trainer.restore(present)
        else:  # that step belongs to another network or other data
            _travel(timeline, stood)


def _travel(timeline: Timeline, step: int) -> None:
    """Goes to a step whatever waits meanwhile: each command that comes stops the machine."""

    def progress(done: int, to_do: int) -> bool:
        timeline.trainer.machine.stop = False
        return False

    timeline.trainer.machine.stop = False
    timeline.go_to(step, progress)
