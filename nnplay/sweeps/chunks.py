"""How many trials a worker trains at a time, and in which order."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Final

from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Trial
from nnplay.sweeps.trial_trainer import is_live

#: Trials of one chunk at the most.
MOST_TRIALS: Final = 10_000


class ChunkSize:
    """How many trials take about so many seconds, from what the last ones took; one at first."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self.trials = seconds, 1

    @contextlib.contextmanager
    def measured(self, count: int) -> Iterator[None]:
        """Measures so many trials."""
        began = time.perf_counter()
        yield
        self.note(count, time.perf_counter() - began)

    def note(self, count: int, spent: float) -> None:
        """So many trials took so many seconds."""
        wanted = int(self._seconds * count / max(spent, 1e-9))
        self.trials = max(1, min(wanted, 4 * max(count, self.trials), MOST_TRIALS))


def share_of(wanted: int, left: int, workers: int) -> int:
    """How many of the trials that are left one worker takes: fewer towards the end, so that all end together."""
    return min(wanted, max(1, left // (2 * workers)), left)


def same_shapes_together(sweep: Sweep, trials: Sequence[Trial]) -> list[Trial]:
    """The trials with those of one network next to each other, so that its trainer is built once."""
    shaping = [axis.name for axis in sweep.axes if not is_live(sweep, axis.name)]
    if not shaping:
        return list(trials)
    return sorted(trials, key=lambda trial: tuple(str(trial.settings.get(name)) for name in shaping))
