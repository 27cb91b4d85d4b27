"""The workers of a Dask cluster: on this machine, on machines reached by ssh, or wherever a scheduler runs."""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.sweeps.executors.remote import TrialQueue, make_job, train_chunk
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.system.extras import need
from nnplay.text import clean

#: Seconds that a scheduler gets to answer.
ANSWER_SECONDS: Final = 10
#: Chunks of each worker that are on their way, so that none waits for the next.
_AHEAD: Final = 2
_HINT: Final = "start one by: dask scheduler, and workers by: dask worker tcp://HOST:8786"


class DaskExecutor:
    """Trains trials on the workers of a cluster.

    Args:
        sweep, split: what is tried, and its data, which travel once.
        address: `local` for a cluster of this machine's own, `ssh://a,b,c` for those machines, or a scheduler's such as
            `tcp://host:8786`.

    Raises:
        InputError: Dask is not installed, nothing answers at the address, or no worker is there.
    """

    def __init__(self, sweep: Sweep, split: Split, address: str) -> None:
        self._sweep = sweep
        self._cluster, self._client = _connect(address)
        try:
            self._client.wait_for_workers(1, timeout=ANSWER_SECONDS)
        except TimeoutError:
            self.close()
            raise InputError("the scheduler has no workers", where=f"--cluster {clean(address)}", hint=_HINT) from None
        self._made = make_job(sweep, split)
        self._job = self._send_job()
        #: Workers that die of a task before Dask gives it up.
        self._deaths = 1 + int(self._client.run_on_scheduler(_allowed_failures))

    def run(self, trials: Sequence[Trial]) -> Iterator[list[Outcome]]:
        """What comes of trials, some at a time, in no order."""
        from distributed import as_completed

        waiting = TrialQueue(self._sweep, trials)
        running: dict[Any, tuple[list[Trial], float]] = {}
        arriving = as_completed()
        try:
            while waiting or running:
                workers = max(1, len(self._client.nthreads()))
                while waiting and len(running) < _AHEAD * workers:
                    chunk = waiting.take(workers)
                    future = self._client.submit(train_chunk, self._job, chunk, pure=False, retries=0)
                    running[future] = chunk, time.perf_counter()
                    arriving.add(future)
                future = next(arriving)
                chunk, began = running.pop(future)
                yield self._result(future, chunk, began, waiting)
        finally:
            with contextlib.suppress(Exception):
                self._client.cancel(list(running))

    def _send_job(self) -> Any:
        """Makes the sweep and its data the result of a task: workers get them from each other.

        The scheduler has the task run again when all workers that held its result are gone. `Client.scatter` does not,
        and with `broadcast` it goes on without end once one of the workers that it sends to has died.
        """
        return self._client.submit(pickle.loads, pickle.dumps(self._made), pure=False)

    def interrupt(self) -> None:
        """Nothing: chunks of about a second are waited for."""

    def close(self) -> None:
        """Leaves the cluster, and ends it where it was started here."""
        with contextlib.suppress(Exception):
            self._client.close()
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close()

    def _result(self, future: Any, chunk: list[Trial], began: float, waiting: TrialQueue) -> list[Outcome]:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            outcomes: list[Outcome] = future.result()
        except KilledWorker as killed:
            if killed.task == future.key:
                return waiting.suspect(chunk, self._deaths)
            if killed.task == self._job.key:  # a worker died as it got the data
                self._job = self._send_job()
            waiting.put_back(chunk)
            return []
        except FutureCancelledError:
            waiting.put_back(chunk)
            return []
        waiting.size.note(len(chunk), (time.perf_counter() - began) / _AHEAD)
        return outcomes


def _allowed_failures(dask_scheduler: Any) -> int:
    return int(dask_scheduler.allowed_failures)


def _connect(address: str) -> tuple[Any, Any]:
    """The cluster, where it was started here, and a client of it."""
    need("distributed", "clusters are", "--cluster", "reached")
    import dask
    from distributed import Client, LocalCluster, SSHCluster

    dask.config.set(
        {
            "distributed.scheduler.allowed-failures": 0,
            "distributed.comm.timeouts.connect": ANSWER_SECONDS,
            "distributed.admin.large-graph-warning-threshold": "1 TiB",  # the data are sent in one
        }
    )
    try:
        if address == "local":
            cluster = LocalCluster(threads_per_worker=1, dashboard_address=None)
            return cluster, Client(cluster)
        if address.startswith("ssh://"):
            hosts = [host for host in address.removeprefix("ssh://").split(",") if host]
            cluster = SSHCluster([hosts[0], *hosts])
            return cluster, Client(cluster)
        return None, Client(address, timeout=ANSWER_SECONDS)
    except (OSError, ValueError, IndexError, RuntimeError, TypeError) as error:
        where = f"--cluster {clean(address)}"
        raise InputError(f"no scheduler answers: {clean(str(error), limit=200)}", where=where, hint=_HINT) from None
