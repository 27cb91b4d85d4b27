"""Processes of this machine, for what holds Python's lock or eats memory; threads are faster for everything else."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from nnplay.data.split import Split
from nnplay.sweeps.executors.remote import TrialQueue, make_job, train_chunk
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.system.processors import cores


class ProcessExecutor:
    """Trains trials in processes; one that dies is replaced, and takes the others with it.

    So each trial that was being trained then has the processes for itself when it is trained again.

    Args:
        sweep, split: what is tried, and its data.
        processes: how many; 0 takes as many as there are cores.
    """

    def __init__(self, sweep: Sweep, split: Split, processes: int = 0) -> None:
        self._sweep, self._job, self._count = sweep, make_job(sweep, split), processes or cores()
        self._pool = self._make_pool()

    def run(self, trials: Sequence[Trial]) -> Iterator[list[Outcome]]:
        """What comes of trials, some at a time, in no order."""
        waiting = TrialQueue(self._sweep, trials)
        running: dict[Future[list[Outcome]], tuple[list[Trial], float]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < (1 if waiting.suspects else self._count):
                    chunk = waiting.take(self._count)
                    running[self._submit(chunk)] = chunk, time.perf_counter()
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    chunk, began = running.pop(future)
                    yield self._result(future, chunk, began, waiting)
        finally:
            for future in running:
                future.cancel()

    def interrupt(self) -> None:
        """Nothing: chunks of about a second are waited for."""

    def close(self) -> None:
        """Ends the processes, whatever they are doing."""
        for process in list((self._pool._processes or {}).values()):
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _make_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._count, mp_context=multiprocessing.get_context("spawn"))

    def _submit(self, chunk: list[Trial]) -> Future[list[Outcome]]:
        try:
            return self._pool.submit(train_chunk, self._job, chunk)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = self._make_pool()
            return self._pool.submit(train_chunk, self._job, chunk)

    def _result(
        self, future: Future[list[Outcome]], chunk: list[Trial], began: float, waiting: TrialQueue
    ) -> list[Outcome]:
        try:
            outcomes = future.result()
        except BrokenProcessPool:
            return waiting.suspect(chunk)
        waiting.size.note(len(chunk), time.perf_counter() - began)
        return outcomes
