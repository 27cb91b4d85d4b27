"""How the user is told to set an option of a file: as Python, the command line or the playground takes it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

FrontEnd = Literal["python", "command", "playground"]

_front_end: FrontEnd = "python"


@contextmanager
def advise_for(front_end: FrontEnd) -> Iterator[None]:
    """Advice is given for this front end; for the whole process, as files are read in threads too."""
    global _front_end
    before, _front_end = _front_end, front_end
    try:
        yield
    finally:
        _front_end = before


def in_python() -> bool:
    """Whether the user writes Python."""
    return _front_end == "python"


def advice(option: str, value: object, *others: object) -> str:
    """One option with its value, and others that it may have: `missing='mean' or 'drop'`, `--missing mean or drop`.

    Args:
        option: an argument of `read_csv`.
        value: for `kinds` a mapping of columns to kinds.
    """
    if _front_end == "python":
        return _or([f"{option}={value!r}", *map(repr, others)])
    if isinstance(value, Mapping):
        value = ", ".join(f"{column}={kind}" for column, kind in value.items())
    if _front_end == "playground":
        first = f":set {option} {'yes' if value is True else value}"
    else:
        flag = f"--{option.replace('_', '-')}"
        first = flag if value is True else f"{flag} {_quoted(str(value))}"
    return _or([first, *map(str, others)])


def _or(ways: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join([", ".join(ways[:-1]), ways[-1]]) if len(ways) > 1 else ways[0]


def _quoted(word: str) -> str:
    """One word of a shell; the place of a word that only the user knows stays bare."""
    return word if word == "…" else shlex.quote(word)
