"""Processes that read files and databases for the tests, forked from one that has imported what reads them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from nnplay.data.apart import reading
from tests.reading_forks import ReadingForks, as_subprocess


@pytest.fixture(scope="session")
def reading_forks() -> Iterator[ReadingForks]:
    """One process for all tests, which forks; begun by the first that reads."""
    forks = ReadingForks()
    yield forks
    forks.end()


@pytest.fixture
def forked_readers(reading_forks: ReadingForks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is read apart is read by a fork: for tests of what is read, not of how a process starts.

    Elsewhere than on Linux, whose sockets hand over streams as this needs it, processes are started as always.
    """
    if sys.platform == "linux":
        monkeypatch.setattr(reading, "subprocess", as_subprocess(reading_forks))
