"""Blocks of a network folded and unfolded one by one: which lines a list shows, and how a block is named in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from nnplay.network.edit_layers import Path
from nnplay.network.summary import Line
from nnplay.records.registry import layer_records
from nnplay.text import counted, note_cut
from nnplay.tui.theme.look import Look


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list: a layer, where it stands, and what leads to it: the number of a branch where one begins."""

    path: Path
    line: Line
    begins: int | None = None

    @property
    def depth(self) -> int:
        """In how many blocks it stands."""
        return (len(self.path) - 1) // 2


def items(lines: Sequence[Line], unfolded: Collection[Path], above: Path = ()) -> Iterator[Item]:
    """The layers in order; below an unfolded block those of its branches."""
    for place, line in enumerate(lines):
        path = (*above, place)
        yield Item(path, line, above[-1] if above and place == 0 else None)
        if path in unfolded:
            for branch, inner in enumerate(line.parts):
                yield from items(inner, unfolded, (*path, branch))


def title(item: Item, unfolded: Collection[Path], look: Look, room: int = 1 << 16) -> str:
    """The layer's text, set in by its depth; for a block what it holds, with a sign that tells whether it is open.

    Args:
        room: columns; where the whole is longer, settings behind the units are left out first.
    """
    lead = "  " * (item.depth - 1) + _branch_sign(item.begins, look) if item.depth else ""
    if not item.line.parts:
        return lead + with_units_seen(shorten(item.line.text), room - cell_len(lead))
    sign = look.pick("▽ ", "- ") if item.path in unfolded else look.pick("▷ ", "+ ")
    word = item.line.text.partition("[")[0].strip()
    count = _layers(item.line)
    holds = f" of {len(item.line.parts)}" if has_members(item.line) else f", {counted(count, 'layer')}"
    whole = f"{lead}{sign}{word}{holds}"
    if cell_len(whole) > room and not has_members(item.line):
        note_cut(whole)
        return f"{lead}{sign}{word} ({count})"
    return whole


def _branch_sign(begins: int | None, look: Look) -> str:
    """What leads to a layer in a branch: at its beginning the branch's number, as parameters are called."""
    if begins is None:
        return look.pick("│ ", "| ")
    return look.pick(f"├{begins} ", f"+{begins} ")


def with_units_seen(text: str, room: int) -> str:
    """A layer's text in that many columns: what is behind the units goes first, then the end of the kind."""
    if cell_len(text) <= room:
        return text
    note_cut(text)
    words = text.split(" ")
    has_units = len(words) > 1 and words[1].isdigit()
    while len(words) > 1 + has_units and cell_len(" ".join(words)) > room:
        words.pop()
    kept = " ".join(words)
    if cell_len(kept) + 2 <= room:
        return f"{kept} …"
    if has_units and cell_len(kept) > room > cell_len(words[1]) + 3:
        return f"{words[0][: room - cell_len(words[1]) - 2]}… {words[1]}"
    return kept


def has_members(line: Line) -> bool:
    """Whether it is a block of networks side by side, so that it tells more how many these are than their layers."""
    record = layer_records().get(line.text.partition("[")[0].strip()) if line.parts else None
    return record is not None and record.traits.members


def shorten(text: str) -> str:
    """A layer's text without the names of values that are words: `conv2d 16 same` for `conv2d 16 padding=same`.

    Its own name is in quotes: `linear 10 'digits'`.
    """
    text = re.sub(r"\bname=(\w+)", r"'\1'", text)
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
