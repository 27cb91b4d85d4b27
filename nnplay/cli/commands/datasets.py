"""`nnplay datasets`: List the data sets that come with nnplay, with their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.cli.listing import run_listing
from nnplay.data.catalogue import dataset_records

ABOUT: Final = "List the data sets that come with nnplay, with their fields"


def run(words: Sequence[str]) -> int:
    """Lists them."""
    return run_listing("datasets", "data set", dataset_records(), ABOUT, words)
