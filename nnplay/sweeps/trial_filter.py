"""Which trials of a sweep are wanted: `lr>0.01 width=16 diverged`, all of which must hold."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError, unknown
from nnplay.sweeps.board import Board
from nnplay.sweeps.trial import ENDS, Outcome
from nnplay.text import clean

Mask = NDArray[np.bool_]
_CLAUSE: Final = re.compile(r"([\w.\- ]+?)\s*(<=|>=|!=|<|>|=)\s*(\S+)")
_COMPARED: Final[dict[str, Callable[[Any, float], Any]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_HINT: Final = "write it as in lr>0.01 width=16, or diverged"


@dataclass(frozen=True, slots=True)
class _Clause:
    """One condition: a column, a comparison and a value; or a word alone, where there is no column."""

    column: str
    sign: str
    value: str


@dataclass(frozen=True, slots=True)
class TrialFilter:
    """The conditions of a filter; none lets every trial through.

    Attributes:
        text: as it was written.
    """

    text: str = ""
    clauses: tuple[_Clause, ...] = ()

    def mask(self, board: Board) -> Mask:
        """Which rows (N,) of a board are wanted."""
        found = np.ones(len(board.outcomes), np.bool_)
        for clause in self.clauses:
            found &= _mask(clause, board)
        return found


def parse_filter(text: str, columns: Sequence[str]) -> TrialFilter:
    """Reads a filter.

    Args:
        columns: names of the board's columns; the part behind the dot is enough.

    Raises:
        InputError: a column that there is not, or an order of words.
    """
    clauses = []
    for word in text.replace(",", " ").split():
        match = _CLAUSE.fullmatch(word)
        if match is None:
            if any(sign in word for sign in "<>=!"):
                raise InputError(f"'{clean(word, 40)}' is not a condition", where="filter", hint=_HINT)
            clauses.append(_Clause("", "", word.lower()))
            continue
        clause = _Clause(_column(match[1], columns), match[2], match[3])
        if clause.sign not in ("=", "!=") and _number(clause.value) is None:
            raise InputError(
                f"'{clean(clause.value, 40)}' is not a number", where=f"filter, {clause.column}", hint=_HINT
            )
        clauses.append(clause)
    return TrialFilter(" ".join(text.split()), tuple(clauses))


def _column(name: str, columns: Sequence[str]) -> str:
    short = {column.rpartition(".")[2]: column for column in reversed(columns)}
    if name in columns:
        return name
    if name not in short:
        raise unknown("column", name, [*columns, *short], where="filter")
    return short[name]


def _number(word: str) -> float | None:
    """A number as people write it; of a percentage its share."""
    try:
        return float(word.removesuffix("%")) / (100.0 if word.endswith("%") else 1.0)
    except ValueError:
        return None


def _mask(clause: _Clause, board: Board) -> Mask:
    if not clause.column:
        return np.array([_holds_word(outcome, clause.value) for outcome in board.outcomes], np.bool_)
    number = _number(clause.value)
    if any(clause.column in outcome.trial.settings for outcome in board.outcomes[:1]) and clause.sign in ("=", "!="):
        wanted = clause.value.lower()
        given = (outcome.trial.settings.get(clause.column, "") for outcome in board.outcomes)
        same = np.array([_same(value, wanted, number) for value in given], np.bool_)
        return same if clause.sign == "=" else ~same
    with np.errstate(invalid="ignore"):
        values = board.columns[clause.column]
        return np.asarray(_COMPARED[clause.sign](values, np.nan if number is None else number) & np.isfinite(values))


def _same(value: object, wanted: str, number: float | None) -> bool:
    if isinstance(value, int | float) and number is not None:
        return float(value) == number
    return str(value).lower() == wanted


def _holds_word(outcome: Outcome, word: str) -> bool:
    """Whether a trial ended so, or has a setting with that word in it."""
    if word in ENDS:
        return outcome.end == word
    return any(word in str(value).lower() for value in outcome.trial.settings.values())
