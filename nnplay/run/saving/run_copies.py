"""Copies of the run for autosave: of where it is, or of its newest step, once the training thread can answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from nnplay.run.mailbox import NoAnswerError
from nnplay.run.provenance import Provenance
from nnplay.run.saving.autosave import COPIED_WITHIN
from nnplay.run.saving.saved_run import SavedRun
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker

#: Seconds that a training thread is asked that does not answer and takes no step.
_ATTEMPTS: Final = int(COPIED_WITHIN)


class RunCopies:
    """Takes them.

    Args:
        worker: has the run.
        provenance: copies it.
    """

    def __init__(self, worker: Worker, provenance: Provenance) -> None:
        self._worker, self._provenance = worker, provenance

    @property
    def steps(self) -> int:
        """The step that the run has come to."""
        trainer = self._worker.trainer
        return 0 if trainer is None else trainer.step

    def latest(self) -> SavedRun | None:
        """For autosave: a copy of the present step, or nothing while the user looks at the past."""

        def take(run: TrainingThread) -> SavedRun | None:
            return None if _is_in_the_past(run) else self._provenance.capture_from(run, lean=True)

        return self._take(take)

    def newest(self) -> SavedRun | None:
        """For a rescue: a copy of the newest step, to which the run goes where it is in the past."""

        def take(run: TrainingThread) -> SavedRun | None:
            if _is_in_the_past(run):
                run.go_to_newest()
            return None if _is_in_the_past(run) else self._provenance.capture_from(run, lean=True)

        return self._take(take)

    def _take(self, take: Callable[[TrainingThread], SavedRun | None]) -> SavedRun | None:
        tries, before = _ATTEMPTS, self.steps
        while True:
            if (waiting := self._provenance.waiting()) is not None:
                return waiting
            try:
                return self._worker.ask(take, seconds=1.0)
            except NoAnswerError:  # perhaps because it has begun to make another run: look again
                now = self.steps
                tries, before = (tries - 1 if now == before else _ATTEMPTS), now
                if not tries or not self._worker.alive:
                    raise


def _is_in_the_past(run: TrainingThread) -> bool:
    return run.timeline is not None and run.timeline.trainer.step < run.timeline.latest
