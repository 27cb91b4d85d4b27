"""The hints of the first minute: which one is shown, and what was done that makes way for the next."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Final

from nnplay.tui.commands.actions import ACTIONS, BY_ID, Action


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint: a text with the names of actions in braces, and the actions after which it has done its work."""

    text: str
    done: frozenset[str]


def _read() -> tuple[Hint, ...]:
    table = tomllib.loads(resources.files(__package__).joinpath("hints.toml").read_text(encoding="utf-8"))
    return tuple(Hint(hint["text"], frozenset(hint["done"])) for hint in table["hint"])


HINTS: Final = _read()


class Hints:
    """Goes through the hints as the user does what they say.

    Attributes:
        shown: whether they are on the screen.
        place: the number of the present hint, from 0.
    """

    def __init__(self) -> None:
        self.shown, self.place = False, 0

    def show(self) -> None:
        """Bring them back: the one that was left, or the first after all have been done."""
        self.shown, self.place = True, self.place % len(HINTS)

    def hide(self) -> None:
        """Put them away."""
        self.shown = False

    def restart(self) -> None:
        """All of them, from the first."""
        self.shown, self.place = True, 0

    def note(self, run: str) -> bool:
        """Something was done, told by its Textual action; returns whether the hint makes way for the next."""
        if not self.shown or run not in {BY_ID[name].run for name in HINTS[self.place].done}:
            return False
        self.place += 1
        self.shown = self.place < len(HINTS)
        return True

    def text(self, task: str, key_of: Callable[[Action], str]) -> str:
        """The present hint in words; empty when none is shown.

        Args:
            task: what the network is to learn.
            key_of: the user's key for an action.
        """
        if not self.shown:
            return ""
        keys = {action.id: f"[{key_of(action)}]" for action in ACTIONS if action.keys}
        text = HINTS[self.place].text.format(task=task, **keys)
        return f"{self.place + 1}/{len(HINTS)}  {text}  ({key_of(BY_ID['hide-hints'])}: no hints)"
