"""UMAP of every layer, in rounds of some seconds in a process of its own; the training goes on meanwhile."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import ReferenceType, ref

import numpy as np

from nnplay.errors import NnplayError
from nnplay.representation.principal import find_principal
from nnplay.representation.umap_process import UmapProcess
from nnplay.training.trainer import Trainer
from nnplay.views.layer_values import Floats, LayerValues

#: Seconds without a question after which the process is ended.
_IDLE: Final = 60.0
#: The step that is shown, and the sum of all weights, which may be edited at the same step.
Key = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Round:
    """What one round came to.

    Attributes:
        key: what it shows.
        places: of the rows in each layer, (N, 2).
    """

    key: Key
    places: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the rounds of a run are.

    Attributes:
        found: the newest whole round.
        done, count: layers of the round that is being worked out, and how many these are; (0, 0) between rounds.
        problem: why there is none of what has the key `failed`.
    """

    found: Round | None = None
    done: int = 0
    count: int = 0
    problem: str = ""
    failed: Key | None = None


class UmapRounds:
    """Rounds of one run at a time. Asked by the training thread; a thread of its own waits for the process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._process = UmapProcess()
        self._thread: threading.Thread | None = None
        self._run: ReferenceType[Trainer] | None = None
        self._waiting: tuple[Key, Sequence[LayerValues]] | None = None
        self._progress = Progress()

    def ask(self, trainer: Trainer, key: Key, read: Callable[[], Sequence[LayerValues]]) -> Progress:
        """How far it is; begins a round if none is being worked out and the last one shows something else.

        Args:
            key: what is to be shown.
            read: gives what the layers make of the rows; called only where a round begins.
        """
        with self._changed:
            if self._run is None or self._run() is not trainer:
                self._run, self._waiting, self._progress = ref(trainer), None, Progress()
            progress = self._progress
            known = progress.failed if progress.found is None else progress.found.key
            if progress.count or known == key:
                return progress
            layers = read()
            self._waiting, self._progress = (key, layers), Progress(progress.found, 0, len(layers))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="umap", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return self._progress

    def end(self) -> None:
        """Ends the process; what is asked next starts another one."""
        with self._changed:
            self._run = None
        self._process.end()

    def _work(self) -> None:
        """Works out what waits, until nothing has waited for a while."""
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting is not None, _IDLE):
                    self._thread = None
                    self._process.end()
                    return
                assert self._waiting is not None
                run, (key, layers), self._waiting = self._run, self._waiting, None
            try:
                self._work_out(run, key, layers)
            except NnplayError as problem:
                self._note(run, Progress(problem=problem.message, failed=key))

    def _work_out(self, run: ReferenceType[Trainer] | None, key: Key, layers: Sequence[LayerValues]) -> None:
        places: list[Floats] = []
        for layer in layers:
            start = find_principal(layer.values).project(layer.values)
            places.append(np.asarray(self._process.embed(layer.values, start), np.float32))
            if not self._note(run, Progress(self._progress.found, len(places), len(layers))):
                return  # another run is looked at
        self._note(run, Progress(Round(key, tuple(places))))

    def _note(self, run: ReferenceType[Trainer] | None, progress: Progress) -> bool:
        """Takes down how far it is; returns whether the run is still the one that is looked at."""
        with self._changed:
            if self._run is run:
                self._progress = progress
            return self._run is run


@functools.cache
def umap_rounds() -> UmapRounds:
    """The rounds of whichever run is looked at."""
    return UmapRounds()
