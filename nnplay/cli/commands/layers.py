"""`nnplay layers`: List the layers, with their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.cli.listing import run_listing
from nnplay.records.registry import layer_records

ABOUT: Final = "List the layers, with their fields"


def run(words: Sequence[str]) -> int:
    """Lists them."""
    return run_listing("layers", "layer", layer_records(), ABOUT, words)
