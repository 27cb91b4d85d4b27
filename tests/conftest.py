"""For all tests: the user's own folders are never read or written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.held_compiler import held_compiler

__all__ = ["held_compiler"]

# The same examples at every run, however slow the machine is: a failure is one of the program, and comes again.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")

FOLDERS = ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """State, settings and data of this run of the tests lie in a folder of its own.

    The cache of compiled kernels stays where it is: it is keyed by content, and compiling them anew takes minutes.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in FOLDERS:
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield
