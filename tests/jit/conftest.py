"""Kernels for the tests of records, compiled in one batch, and a training thread for the tests that need one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest

from nnplay.kernels.compile import library
from nnplay.kernels.compile.jit import Kernel
from nnplay.run.worker import Worker
from nnplay.tape.every_kernel import every_card_kernel, every_kernel
from tests.small_worker import PATIENCE, make_trainer


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All kernels of all records are in the cache, for both types of numbers: a process for each would take minutes.

    Of several processes that share the tests one compiles, the others wait and load what it has compiled.
    """
    _compile(tmp_path_factory, every_kernel(), ("float32", "float64"))


@pytest.fixture(scope="session")
def card_kernels(kernels: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same of all rows of graphics cards, as a processor runs them."""
    _compile(tmp_path_factory, every_card_kernel(), ("float32",))


def _compile(tmp_path_factory: pytest.TempPathFactory, wanted: list[Kernel], dtypes: tuple[str, ...]) -> None:
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (shared / "kernels.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for dtype in dtypes:
            library.compile_missing(wanted, dtype)


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker with the small trainer, ended after the test."""
    found = Worker(make_trainer())
    yield found
    found.stop(PATIENCE)
    assert not found.alive
