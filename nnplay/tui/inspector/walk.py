"""The walk through a run: what of a step is wanted, what the newest view shows of it, and moves from step to step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from textual.screen import Screen

from nnplay.inspector.messages import View, Wish
from nnplay.inspector.service import InspectorService

Answer = TypeVar("Answer")


class Say(Protocol):
    """Shows a message in the inspector's line."""

    def __call__(self, text: str, *, error: bool = False) -> None: ...


class Ask(Protocol):
    """Opens a dialog, and calls what is given with its answer; with None where there was none."""

    def __call__(self, dialog: Screen[Answer], take_answer: Callable[[Answer | None], None] | None = None) -> None: ...


class Walk:
    """Where the user is in a run.

    Args:
        inspecting: answers requests and makes moves.

    Attributes:
        wish: what is to be shown of the row under the cursor.
        view: what is shown now.
        last_move: ticket of the newest move.
    """

    def __init__(self, inspecting: InspectorService) -> None:
        self.inspecting = inspecting
        self.wish = Wish()
        self.view: View | None = None
        self.last_move = 0

    def look_at(self, **changes: Any) -> None:
        """Change what is wanted, and ask for it."""
        self.wish = replace(self.wish, **changes)
        self.inspecting.requests.ask(None, self.wish)

    def fit(self, room: tuple[int, int]) -> None:
        """Show what is shown now in another room of so many rows and columns."""
        self.wish = replace(self.wish, usual=room)
        self.inspecting.requests.fit(self.wish)

    def begin_at(self, step: int, **wish: Any) -> None:
        """Open the inspector at a step, with what is wanted of it; leaving it there leaves the run where it stood."""
        self.wish = self.inspecting.requests.wish = replace(self.wish, **wish)
        self.inspecting.requests.open(step)
        self.last_move = self.inspecting.moves.go(step)

    def move(self, move: Callable[[], int]) -> None:
        """Move the run; the cursor goes along with the marker.

        Args:
            move: asks for it, and returns the ticket.
        """
        self.wish = self.inspecting.requests.wish = replace(self.wish, row=None, scroll={})
        self.last_move = move()

    def go_to(self, step: int) -> None:
        """Go to a step that is known."""
        self.move(lambda: self.inspecting.moves.go(step))
