"""What the picker offers of one kind, and what becomes of a choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.content import Content

from nnplay.tui.picker.choice import Choice, matching


@dataclass(frozen=True, slots=True)
class Attempt:
    """What pressing enter comes to: an answer, or else what shall be typed instead."""

    answer: str = ""
    typed: str = ""


@dataclass(frozen=True)
class Shelf:
    """The choices of one kind.

    Attributes:
        name: of the kind, as the tabs of the picker show it.
        lead: one line above the list.
        choices: what there is.
        take: called with the answer once the picker is closed.
        current: the value in force, on which the cursor begins.
        free: what was typed may be the answer too, where no choice fits it.
        start: what stands in the line at first; as long as it does, all choices are shown.
        hint: what the empty line shows.
    """

    name: str
    lead: str
    choices: Sequence[Choice]
    take: Callable[[str], None]
    current: str = ""
    free: bool = False
    start: str = ""
    hint: str = "type to filter"

    @property
    def described(self) -> bool:
        """Whether choices have more to show than one line each."""
        return any(choice.described for choice in self.choices)

    def offer(self, typed: str) -> Sequence[Choice]:
        """The choices that fit what is typed, the likeliest first."""
        return matching(self.choices, typed)

    def attempt(self, typed: str, chosen: Choice | None, *, moved: bool) -> Attempt:
        """What enter does.

        Args:
            chosen: the choice under the cursor; none where nothing fits.
            moved: whether the user has moved the cursor since the last letter was typed.
        """
        if chosen is not None:
            return Attempt(chosen.value)
        return Attempt(typed.strip() if self.free else "", typed)

    def complete(self, typed: str, chosen: Choice) -> str:
        """What → makes of the line: the name under the cursor."""
        return chosen.shown

    def problem(self, typed: str) -> str:
        """Why what is typed cannot be taken, or an empty text."""
        return ""

    def outcome(self, typed: str, chosen: Choice | None) -> Content:
        """What enter would change, or why it cannot, shown below the list."""
        return Content("")

    def settings(self, typed: str, chosen: Choice | None) -> Sequence[str]:
        """What else may be typed, a line each, shown where there is room."""
        return ()
