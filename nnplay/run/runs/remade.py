"""Trainers of any run of the session at any of its steps, made apart, so that the run itself stays where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnplay.errors import InputError
from nnplay.run.provenance import Provenance
from nnplay.run.runs.listed_run import ListedRun
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker
from nnplay.timeline.run_at_step import RunAtStep, find_step
from nnplay.training.curves.history import History
from nnplay.training.trainer import Trainer


class RunMaker:
    """Makes runs again at a step, from the nearest checkpoint before it; used by one thread at a time."""

    def __init__(self, worker: Worker, provenance: Provenance) -> None:
        self._worker, self._provenance = worker, provenance

    def make(self, run: ListedRun, step: int, stop: Callable[[], bool] = lambda: False) -> Trainer | None:
        """A trainer that stands at a step of a run, with exactly its numbers; None where `stop` said so before.

        Raises:
            InputError: what leads to that step is not kept.
        """
        timeline = run.timeline
        if timeline is None:
            what = f"of run {run.number} no step can be restored: later runs needed the memory"
            raise InputError(what, where="runs", hint="enter goes on with it, if its end is kept")
        wanted = min(step, run.latest)

        def find(thread: TrainingThread) -> tuple[RunAtStep, History]:
            own = run.side.history if run.side is not None else None
            history = run.branch.history if run.branch is not None else own or timeline.trainer.history
            return find_step(timeline, run.branch, wanted), history.copy()

        found, history = self._worker.ask(find)
        config = self._provenance.config_of(found.segment)
        if config is None:
            raise InputError(f"run {run.number} cannot be restored", where="runs")
        made = found.segment.trainer_if_made
        split = config.load() if made is None else made.split
        trainer: Trainer = replace(config, training={**config.training, "threads": 1}).trainer(split=split)
        if not found.replay(trainer, stop):
            return None
        history.truncate(wanted)
        trainer.history, trainer.recorded = history, wanted
        return trainer
