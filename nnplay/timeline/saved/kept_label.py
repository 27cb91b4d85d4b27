"""Numbers, names and parents of the present run and its branches as plain values for a session's record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.text import clean

_MOST: Final = 1_000
_KEYS: Final = ("branch", "number", "name", "words", "parent")


@dataclass(frozen=True, slots=True)
class KeptLabel:
    """Which run of the session the present branch, or one beside it, is.

    Attributes:
        branch: name of the branch's curve; empty for the present one.
        number, name, words: see `RunLabel`.
        parent: number of the run that it came from; 0 for none.
    """

    branch: str
    number: int
    name: str
    words: str
    parent: int


def labels_to_tables(labels: Sequence[KeptLabel]) -> list[dict[str, Any]]:
    """The part of the record that is about them."""
    return [{key: getattr(label, key) for key in _KEYS} for label in labels]


def read_labels(found: Any) -> tuple[KeptLabel, ...]:
    """Reads what `labels_to_tables` wrote.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(found, list) or len(found) > _MOST or not all(isinstance(one, Mapping) for one in found):
        raise InputError(f"is not a list of up to {_MOST:,} runs", where="labels")
    return tuple(_read_label(one) for one in found)


def _read_label(table: Mapping[str, Any]) -> KeptLabel:
    if odd := set(_KEYS) ^ set(table):
        raise InputError(f"'{clean(min(odd), 40)}' is missing or unknown", where="labels")
    for key, kind in zip(_KEYS, (str, int, str, str, int), strict=True):
        value = table[key]
        if type(value) is not kind or (isinstance(value, int) and not 0 <= value < 10**6):
            raise InputError(f"'{clean(str(value), 40)}' cannot be", where=f"labels, {key}")
    branch, number, name, words, parent = (table[key] for key in _KEYS)
    return KeptLabel(clean(branch, 160), number, clean(name, 40), clean(words, 120), parent)
