"""The other lines of a run, to be trained on from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnplay.tui.picker.choice import plain_choices
from nnplay.tui.picker.screen import Picker
from nnplay.tui.picker.shelf import Shelf


def branch_picker(lines: Sequence[tuple[str, str]], take: Callable[[str], None]) -> Picker:
    """Offers the lines, each with how far it has come."""
    lead = "training continues on it; the current branch is kept"
    choices = plain_choices([words for words, _ in lines], [note for _, note in lines])
    return Picker([Shelf("branch", lead, choices, take)], title="continue from another branch")
