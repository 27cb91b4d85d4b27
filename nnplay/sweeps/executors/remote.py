"""Trials in other processes and on other machines: what is sent there, and what is done when such a process dies.

A worker gets the sweep and its data once, keeps a trainer for it, and trains chunks of trials of about a second. The
chunk of a worker that died is trained by another one, trial by trial; a trial that three workers died of is set aside.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnplay import __version__
from nnplay.data.split import Split
from nnplay.errors import NnplayError
from nnplay.sweeps.chunks import ChunkSize, same_shapes_together, share_of
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.sweeps.trial_trainer import TrialTrainer

#: Seconds of one chunk, so that what it costs to hand one over does not matter.
CHUNK_SECONDS: Final = 1.0
#: Workers that may die of one trial.
MOST_DEATHS: Final = 3
#: Sweeps whose trainer a worker keeps.
_KEPT: Final = 2
_trainers: OrderedDict[str, TrialTrainer] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to know of a sweep.

    Attributes:
        digest: of the sweep.
        sweep: as `Sweep.to_dict` writes it.
        split: the data.
        version: of the program that made it.
    """

    digest: str
    sweep: dict[str, Any]
    split: Split
    version: str = __version__


def make_job(sweep: Sweep, split: Split) -> Job:
    """What a worker needs to know of this sweep."""
    return Job(sweep.digest, sweep.to_dict(), split)


def train_chunk(job: Job, trials: Sequence[Trial]) -> list[Outcome]:
    """Trains a chunk, in a worker.

    Raises:
        NnplayError: the worker has another version of nnplay.
    """
    if job.version != __version__:
        raise NnplayError(
            f"a worker has nnplay {__version__}, and the sweep was started by {job.version}",
            where="--cluster",
            hint="install the same version on all machines",
        )
    trainer = _trainers.get(job.digest)
    if trainer is None:
        trainer = _trainers[job.digest] = TrialTrainer(Sweep.from_dict(job.sweep), job.split)
        if len(_trainers) > _KEPT:
            _trainers.popitem(last=False)
    return trainer.train_all(trials)


class TrialQueue:
    """Trials that no worker has yet, and suspects: those that may have killed one."""

    def __init__(self, sweep: Sweep, trials: Sequence[Trial]) -> None:
        self._trials = deque(same_shapes_together(sweep, trials))
        self._suspects: deque[Trial] = deque()
        self._deaths: Counter[tuple[int, int]] = Counter()
        self.size = ChunkSize(CHUNK_SECONDS)

    def __len__(self) -> int:
        return len(self._trials) + len(self._suspects)

    @property
    def suspects(self) -> int:
        """Trials that are handed out one by one, to find out which of them kills workers."""
        return len(self._suspects)

    def take(self, workers: int) -> list[Trial]:
        """The next chunk: one suspect, or several trials."""
        if self._suspects:
            return [self._suspects.popleft()]
        count = share_of(self.size.trials, len(self._trials), workers)
        return [self._trials.popleft() for _ in range(count)]

    def put_back(self, chunk: Sequence[Trial]) -> None:
        """Puts the trials of a chunk back to the front: no worker died of them."""
        self._trials.extendleft(reversed(chunk))

    def suspect(self, chunk: Sequence[Trial], deaths: int = 1) -> list[Outcome]:
        """Puts back the trials of a worker that died, to be trained one by one; returns those that are given up.

        Args:
            deaths: workers that died of it. Only a trial that had a worker for itself is blamed.
        """
        if len(chunk) > 1:
            self._suspects.extend(chunk)
            return []
        (trial,) = chunk
        self._deaths[trial.key] += deaths
        if self._deaths[trial.key] < MOST_DEATHS:
            self._suspects.append(trial)
            return []
        return [Outcome(trial, "lost", reason=f"{self._deaths[trial.key]} workers died while they trained it")]
