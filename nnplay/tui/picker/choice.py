"""One thing that can be picked, and which of them fit what is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row

Thumbnail = Callable[[int, int, Look], list[Row]]
"""Draws a small picture in at most so many columns and rows."""
_TELLING = 3
"""Letters from which on descriptions are searched; fewer are in all of them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the picker.

    Attributes:
        value: the answer, where this is picked.
        title: what stands in the list, where that is not the value.
        note: a remark beside it.
        what: what it is, in one line.
        when: when to use it, in one line.
        thumbnail: a small picture of it.
    """

    value: str
    title: str = ""
    note: str = ""
    what: str = ""
    when: str = ""
    thumbnail: Thumbnail | None = None

    @property
    def shown(self) -> str:
        """What stands in the list."""
        return self.title or self.value

    @property
    def described(self) -> bool:
        """Whether there is more to show than one line."""
        return bool(self.what or self.thumbnail)


def plain_choices(values: Sequence[str], notes: Sequence[str] = ()) -> list[Choice]:
    """Values as choices, each with a remark."""
    return [Choice(value, note=note) for value, note in zip(values, notes or [""] * len(values), strict=True)]


def matching(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """The choices that `typed` may mean, the likeliest first: by the start of a name, a part of it, its letters in
    order (`bn` finds `batch_norm`); where no name fits, by their descriptions."""
    words = typed.strip().lower()
    ranked = [(_rank(choice, words), choice) for choice in choices]
    found = [(rank, choice) for rank, choice in ranked if rank is not None]
    if found or len(words) < _TELLING:
        return [choice for _, choice in sorted(found, key=lambda item: item[0])]  # within a rank in their own order
    return [choice for choice in choices if words in f"{choice.note} {choice.what} {choice.when}".lower()]


def _rank(choice: Choice, words: str) -> int | None:
    names = {choice.value.lower(), choice.shown.lower()}
    if any(name.startswith(words) for name in names):
        return 0
    if any(words in name for name in names):
        return 1
    return 2 if any(_in_order(words, name) for name in names) else None


def _in_order(letters: str, name: str) -> bool:
    """Whether the letters occur in the name in their order, the first of them at its start."""
    rest = iter(name)
    return name[:1] == letters[:1] and all(letter in rest for letter in letters)
