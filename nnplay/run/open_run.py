"""The run that is open on the screen, as the parts of the back end share it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker

Answer = TypeVar("Answer")


@dataclass(slots=True)
class OpenRun:
    """What was chosen, the rows that it is trained on, and the worker that trains.

    Attributes:
        config: everything that was chosen; the worker follows when it comes to it.
        in_force: the choice that the training thread came to last; its stop conditions are those of the run as it is.
        view: what the screen wants to find again when the session is opened: plain TOML values.
        edits: another number after each edit; the number of then after one that was refused.
        beside: goes up with each change of what a session keeps beside the run: branches, and names of runs.
        edit_epoch: goes up when queued edits no longer count.
        changes_sent: changes that the training thread was asked for; the run is as chosen once it has made as many.
        lock: taken by whoever changes the config, the split or the lists of edits.
    """

    worker: Worker
    config: RunConfig
    split: Split
    view: Mapping[str, Any] = field(default_factory=dict)
    edits: int = 0
    beside: int = 0
    edit_epoch: int = 0
    changes_sent: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    _newest_edit: int = 0
    in_force: RunConfig = field(init=False)

    def __post_init__(self) -> None:
        self.put_in_force(self.config)

    def put_in_force(self, config: RunConfig) -> None:
        """In the training thread: the run is about to be as was chosen, and its stop conditions apply from now on."""
        self.in_force = config
        self.worker.controls.stops = config.stop_conditions()

    def count_edit(self) -> None:
        """Gives `edits` a number that it never had."""
        self._newest_edit += 1
        self.edits = self._newest_edit

    def note_beside(self) -> None:
        """Notes such a change."""
        self.beside += 1

    @property
    def changes(self) -> tuple[int, int]:
        """Others after each change that a session keeps and that the run itself does not count."""
        return self.edits, self.beside

    def count_change(self, change: Callable[[TrainingThread], Answer]) -> Callable[[TrainingThread], Answer]:
        """Counts a change that the training thread is asked for at once, with the lock held; returns what makes it."""
        self.changes_sent += 1

        def make(run: TrainingThread) -> Answer:
            try:
                return change(run)
            finally:
                run.changes_made += 1

        return make

    def choose(self, config: RunConfig, split: Split) -> None:
        """Takes over what was chosen; the run, and what stops it, follow when the training thread comes to that."""
        self.config, self.split = config, split
