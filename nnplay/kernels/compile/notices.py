"""What the user is told about the kernel cache: each sentence once in a process, by whatever front end there is."""

from __future__ import annotations

import warnings
from collections.abc import Callable

_said: set[str] = set()


def _warn(sentence: str) -> None:
    warnings.warn(sentence, RuntimeWarning, stacklevel=2)


#: Shows a sentence; a front end puts its own way here, from Python it is a warning.
tell: Callable[[str], None] = _warn


def once(sentence: str) -> None:
    """Tells it, unless it was told before."""
    if sentence not in _said:
        _said.add(sentence)
        tell(sentence)
