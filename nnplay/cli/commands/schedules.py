"""`nnplay schedules`: List the learning-rate schedules, with their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.cli.listing import run_listing
from nnplay.records.registry import schedule_records

ABOUT: Final = "List the learning-rate schedules, with their fields"


def run(words: Sequence[str]) -> int:
    """Lists them."""
    return run_listing("schedules", "schedule", schedule_records(), ABOUT, words)
