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
    """Shows the first hint that is not done yet; what the user does before its hint comes counts too.

    Attributes:
        shown: whether they are on the screen.
    """

    def __init__(self) -> None:
        self.shown = False
        self._left = list(HINTS)

    def show(self) -> None:
        """Bring them back: those that are left, or all when all have been done."""
        self.shown, self._left = True, self._left or list(HINTS)

    def hide(self) -> None:
        """Put them away."""
        self.shown = False

    def restart(self) -> None:
        """All of them, from the first."""
        self.shown, self._left = True, list(HINTS)

    def note(self, run: str) -> bool:
        """Something was done, told by its Textual action; returns whether that ends a hint."""
        left = [hint for hint in self._left if run not in {BY_ID[name].run for name in hint.done}]
        ended = len(left) < len(self._left)
        self._left, self.shown = left, self.shown and bool(left)
        return ended

    def text(self, task: str, key_of: Callable[[Action], str]) -> str:
        """The present hint in words; empty when none is shown.

        Args:
            task: what the network is to learn.
            key_of: the user's key for an action.
        """
        if not self.shown:
            return ""
        keys = {action.id: f"[{key_of(action)}]" for action in ACTIONS if action.keys}
        hint = self._left[0]
        text = hint.text.format(task=task, **keys)
        return f"{HINTS.index(hint) + 1}/{len(HINTS)}  {text}  ({key_of(BY_ID['hide-hints'])} hides this)"
