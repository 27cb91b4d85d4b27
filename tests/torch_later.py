"""Libraries for modules of which every test needs them, imported by the first of those tests that is run.

Importing PyTorch takes seconds, in each of the processes that collect all tests and share them out.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import pytest


def need(*libraries: str) -> None:
    """Skips the module that asks for libraries of which one is not installed; none is imported."""
    for library in libraries:
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed", allow_module_level=True)


class _Later:
    """Has all that PyTorch has, but for what pytest asks each name of a module for while it collects tests."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "pytestmark":
            raise AttributeError(name)
        return getattr(importlib.import_module("torch"), name)


def torch_later() -> Any:
    """PyTorch; where it is not installed, the module that asks for it is skipped."""
    need("torch")
    return _Later()
