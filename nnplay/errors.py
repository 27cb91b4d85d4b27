"""The error tree: every refusal says what is wrong, where, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from nnplay.spelling import near_name
from nnplay.text import clean, without_password, written

#: Problems that are shown together.
MOST_SHOWN: Final = 20


class NnplayError(Exception):
    """Base class of all errors that nnplay raises on purpose.

    Args:
        what: one sentence that says what is wrong ("10 channels cannot be split into 4 equal groups").
        where: the place in the user's terms ("layer 3, group_norm" or "my.csv, row 7, column 'age'").
        hint: the nearest thing that would work ("try 1, 2, 5 or 10").
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = clean(without_password(written(what)), limit=600)
        self.where = clean(without_password(written(where)))
        self.hint = clean(without_password(written(hint)), limit=600)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """`where: what; hint` on one line."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.hint}" if self.hint else text


class InputError(NnplayError):
    """The user's file, name, number or network cannot be used as given (exit code 2)."""

    exit_code = 2


class Problems(InputError):
    """Several input errors found in one pass, shown together, the first `MOST_SHOWN` of them.

    Args:
        more: how many there are besides, of which nothing else is known.
    """

    def __init__(self, problems: Iterable[InputError], more: int = 0) -> None:
        every = tuple(problems)
        self.problems, self.more = every[:MOST_SHOWN], more + len(every[MOST_SHOWN:])
        lines = [problem.message for problem in self.problems]
        if self.more:
            lines.append(f"and {self.more:,} more")
        super().__init__("\n".join(lines))
        self.what = "\n".join(lines)
        self.args = (self.what,)

    def __reduce__(self) -> tuple[type[Problems], tuple[tuple[InputError, ...]]]:
        return Problems, (self.problems,)

    @property
    def message(self) -> str:
        """Every problem on a line of its own."""
        return self.what


class DivergedError(NnplayError):
    """Training produced a value that is not finite; the last good weights were kept (exit code 3)."""

    exit_code = 3


def near(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word that `word` seems to be a misspelling of; empty if there is none."""
    name = near_name(word, known)
    return "" if name is None else f"did you mean '{name}'?"


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word closest to `word`, or lists them all when none is close."""
    names = sorted(known)
    return near(word, names) or (f"known: {', '.join(names)}" if names else "")


def unknown(kind: str, word: object, known: Iterable[str], *, where: str = "") -> InputError:
    """The error for a name that is in no table: `unknown layer 'linaer'; did you mean 'linear'?`"""
    return InputError(f"unknown {kind} '{clean(word)}'", where=where, hint=nearest(written(word), known))
