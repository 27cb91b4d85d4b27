"""Kernels for the tests of records, compiled in one batch, and a training thread for the tests that need one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest

from nnplay.kernels.compile import library
from nnplay.run.worker import Worker
from nnplay.tape.every_kernel import every_kernel
from tests.small_worker import PATIENCE, make_trainer


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All kernels of all records are in the cache, for both types of numbers: a process for each would take minutes.

    Of several processes that share the tests one compiles, the others wait and load what it has compiled.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (shared / "kernels.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for dtype in ("float32", "float64"):
            library.compile_missing(every_kernel(), dtype)


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker with the small trainer, ended after the test."""
    found = Worker(make_trainer())
    yield found
    found.stop(PATIENCE)
    assert not found.alive
