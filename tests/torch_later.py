"""PyTorch for modules of which every test needs it, imported by the first of those tests that is run.

Importing it takes seconds, in each of the processes that collect all tests and share them out.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import pytest


class _Later:
    """Has all that PyTorch has."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("torch"), name)


def torch_later() -> Any:
    """PyTorch; where it is not installed, the module that asks for it is skipped."""
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed", allow_module_level=True)
    return _Later()
