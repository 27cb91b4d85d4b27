"""`nnplay`, or `nnplay playground`: opens the playground on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.cli.parser import Parser
from nnplay.cli.run_flags import add_run_flags, run_config
from nnplay.cli.source import base_table

ABOUT: Final = "Open the playground (the same as nnplay without a command)"


def run(words: Sequence[str]) -> int:
    """Opens it."""
    return 1
