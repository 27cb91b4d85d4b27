"""Libraries without which no test of a module can be run."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


def need(*libraries: str) -> None:
    """Skips the module that asks for libraries of which one is not installed; none is imported."""
    for library in libraries:
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed", allow_module_level=True)
