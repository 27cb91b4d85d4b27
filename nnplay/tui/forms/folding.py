"""Blocks of a network folded and unfolded one by one: which lines a list shows, and how a block is named in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from nnplay.network.edit_layers import Path
from nnplay.network.summary import Line
from nnplay.text import counted
from nnplay.tui.theme.look import Look


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list: a layer, where it stands, and whether it is the first of its branch."""

    path: Path
    line: Line
    first: bool = False

    @property
    def depth(self) -> int:
        """In how many blocks it stands."""
        return (len(self.path) - 1) // 2


def items(lines: Sequence[Line], unfolded: Collection[Path], above: Path = ()) -> Iterator[Item]:
    """The layers in order; below an unfolded block those of its branches."""
    for place, line in enumerate(lines):
        path = (*above, place)
        yield Item(path, line, first=bool(above) and place == 0)
        if path in unfolded:
            for branch, inner in enumerate(line.parts):
                yield from items(inner, unfolded, (*path, branch))


def title(item: Item, unfolded: Collection[Path], look: Look) -> str:
    """The layer's text, set in by its depth; for a block what it holds, with a sign that tells whether it is open."""
    lead = "  " * (item.depth - 1) + look.pick("├ " if item.first else "│ ", "+ " if item.first else "| ")
    lead = lead if item.depth else ""
    if not item.line.parts:
        return lead + shorten(item.line.text)
    sign = look.pick("▽ ", "- ") if item.path in unfolded else look.pick("▷ ", "+ ")
    word = item.line.text.partition("[")[0].strip()
    count = _layers(item.line)
    return f"{lead}{sign}{word}, {counted(count, 'layer')}"


def shorten(text: str) -> str:
    """A layer's text without the names of values that are words: `conv2d 16 same` for `conv2d 16 padding=same`."""
    return re.sub(r"\b(?:padding|mode|init|approximate|kind)=(?=[a-z])", "", text)


def _layers(line: Line) -> int:
    return sum(1 + _layers(inner) for part in line.parts for inner in part)


def block_of(item: Item) -> Path:
    """The block that a fold key means: the one under the cursor, else the one around it; empty for neither."""
    return item.path if item.line.parts else item.path[:-2]


def keep_unfolded(unfolded: Collection[Path], old: Sequence[str], new: Sequence[str]) -> frozenset[Path]:
    """What stays unfolded when the layers changed: blocks that are still there, at their new places.

    A network that has become nothing but a block is unfolded, as there would be nothing else to see.
    """
    moved: dict[int, int] = {}
    for kind, a, b, c, d in difflib.SequenceMatcher(None, list(old), list(new), autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and b - a == d - c):
            moved |= {a + k: c + k for k in range(b - a)}
    kept = frozenset((moved[path[0]], *path[1:]) for path in unfolded if path[0] in moved)
    return kept if len(new) != 1 or "[" not in new[0] or 0 in moved.values() else kept | {(0,)}


def as_words(unfolded: Collection[Path]) -> list[str]:
    """Paths as a session keeps them: "3", "3.1.0"."""
    return [".".join(map(str, path)) for path in sorted(unfolded)]


def from_words(words: Sequence[object]) -> frozenset[Path]:
    """The paths again; what is none is passed over."""
    parts = [str(word).split(".") for word in words]
    return frozenset(tuple(map(int, part)) for part in parts if all(_is_place(number) for number in part))


def _is_place(word: str) -> bool:
    return word.isdecimal() and len(word) < 10
