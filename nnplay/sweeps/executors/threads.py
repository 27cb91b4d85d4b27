"""Threads of this process: the compiled loop holds no lock, so they train at once, from one copy of the data."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Final

from nnplay.data.split import Split
from nnplay.sweeps.chunks import ChunkSize, same_shapes_together, share_of
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.sweeps.trial_trainer import TrialTrainer
from nnplay.system.processors import cores

#: Seconds of training after which a thread hands over what it has.
HAND_OVER_SECONDS: Final = 0.2


class ThreadExecutor:
    """Trains trials in threads.

    Args:
        sweep, split: what is tried, and its data.
        threads: how many; 0 takes as many as there are cores.
    """

    def __init__(self, sweep: Sweep, split: Split, threads: int = 0) -> None:
        count = threads or cores()
        self._trainers = [TrialTrainer(sweep, split) for _ in range(count)]
        self._sweep = sweep
        self._stop = threading.Event()

    def run(self, trials: Sequence[Trial]) -> Iterator[list[Outcome]]:
        """What comes of trials, some at a time, in no order; of fewer of them after `interrupt`.

        Raises:
            Exception: whatever went wrong in a thread; the others have ended then.
        """
        waiting, todo = _SharedQueue(same_shapes_together(self._sweep, trials), len(self._trainers)), len(trials)
        done: queue.SimpleQueue[list[Outcome] | BaseException | None] = queue.SimpleQueue()
        threads = [
            threading.Thread(target=self._work, args=(trainer, waiting, done), name="nnplay-sweep", daemon=True)
            for trainer in self._trainers
        ]
        for thread in threads:
            thread.start()
        try:
            at_work = len(threads)
            while todo and at_work:
                found = done.get()
                if found is None:
                    at_work -= 1
                    continue
                if isinstance(found, BaseException):
                    raise found
                todo -= len(found)
                yield found
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            self._stop.clear()

    def interrupt(self) -> None:
        """Has all threads end soon, in the middle of their trials; called from any thread."""
        self._stop.set()

    def forget_interrupt(self) -> None:
        """Trials may be trained again: nothing of one that came when none were is left."""
        self._stop.clear()

    def close(self) -> None:
        """Nothing is left running."""

    def _work(
        self,
        trainer: TrialTrainer,
        waiting: _SharedQueue,
        done: queue.SimpleQueue[list[Outcome] | BaseException | None],
    ) -> None:
        size = ChunkSize(HAND_OVER_SECONDS)
        try:
            while chunk := waiting.take(size.trials):
                with size.measured(len(chunk)):
                    outcomes = trainer.train_all(chunk, self._stop.is_set)
                done.put(outcomes)
                if self._stop.is_set():
                    return
        except BaseException as error:  # handed over to the thread that waits
            done.put(error)
        finally:
            done.put(None)


class _SharedQueue:
    """Trials that no thread has taken yet."""

    def __init__(self, trials: Sequence[Trial], threads: int) -> None:
        self._trials, self._next, self._threads = trials, 0, threads
        self._lock = threading.Lock()

    def take(self, count: int) -> Sequence[Trial]:
        with self._lock:
            share = share_of(count, len(self._trials) - self._next, self._threads)
            taken = self._trials[self._next : self._next + share]
            self._next += len(taken)
            return taken
