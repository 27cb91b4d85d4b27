"""Kernels for the tests of records, compiled in one batch: a child process for each kernel would take minutes."""

from __future__ import annotations

import pytest

from nnplay.kernels import library
from tests.records import kernels_of_records


@pytest.fixture(scope="session")
def kernels() -> None:
    """All kernels of all records are in the cache, for both types of numbers."""
    for real in ("float32", "float64"):
        library.compile_missing(kernels_of_records(), real)
