"""`nnplay losses`: List the losses, with their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.cli.listing import run_listing
from nnplay.records.registry import loss_records

ABOUT: Final = "List the losses, with their fields"


def run(words: Sequence[str]) -> int:
    """Lists them."""
    return run_listing("losses", "loss", loss_records(), ABOUT, words)
