"""`nnplay optimizers`: List the optimizers, with their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.cli.listing import run_listing
from nnplay.records.registry import optimizer_records

ABOUT: Final = "List the optimizers, with their fields"


def run(words: Sequence[str]) -> int:
    """Lists them."""
    return run_listing("optimizers", "optimizer", optimizer_records(), ABOUT, words)
