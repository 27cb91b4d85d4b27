"""Which known name a misspelt word stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

#: Shorter words begin too many names to say which one is meant.
_BEGINNING: Final = 3
#: Longer words, paths included, are nobody's misspelling, and comparing takes the square of their length.
_LONGEST: Final = 1_024
#: Letters of a word that may be wrong beyond two: one in so many.
_ONE_IN: Final = 4


def near_name(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` is a misspelling or the beginning of; None if none is really near.

    One letter may be wrong in a word of two or three letters, two in longer ones, a quarter of those in long ones.
    Capitals, hyphens, underscores, folders and the ending of a file do not count.
    """
    if len(word) > _LONGEST:
        return None
    bare, names = _bare(word), list(known)
    most = max(min(len(bare) // 2, 2), len(bare) // _ONE_IN)
    measured = [(_distance(bare, _bare(name), most), name) for name in names]
    near = [(-wrong, name) for wrong, name in measured if wrong <= most]
    if near:
        return max(near)[1]
    begun = [name for name in names if len(bare) >= _BEGINNING and _bare(name).startswith(bare)]
    return min(begun, key=len, default=None)


def _bare(word: str) -> str:
    return re.sub(r"\.[a-z]+$|[-_ ]", "", word.rpartition("/")[2][:_LONGEST].lower())


def _distance(one: str, other: str, most: int) -> int:
    """Letters to insert, drop, replace or swap with their neighbour (optimal string alignment); above `most`: any."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            swapped = i > 1 and j > 1 and letter == other[j - 2] and wanted == one[i - 2]
            row.append(min(cost, last[j - 2] + 1) if swapped else cost)
    return row[-1]
