"""What a form or list asks of the app that it lives in; called at once, so that two quick keys make two changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from textual.widget import Widget

from nnplay.tui.commands.actions import Action
from nnplay.tui.forms.entry import Entry


class Editor(Protocol):
    """Takes changes of settings; what cannot be done is said on the screen, never raised."""

    def change(self, **values: Any) -> None:
        """Give settings new values."""

    def change_layers(self, layers: Sequence[str]) -> None:
        """Give the network that is shown other layers."""

    def change_entry(self, entry: Entry, value: Any) -> None:
        """Give the setting behind `entry` another value."""

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> None:
        """Give one weight of the network another value."""


class Picking(Protocol):
    """Shows what there is to choose from."""

    def pick(self, kind: str) -> None:
        """Open the picker at a kind of things, such as `loss`."""

    def pick_view(self) -> None:
        """Open the picker for the views of the output pane."""


class Host(Protocol):
    """The app of a form or list."""

    @property
    def edits(self) -> Editor:
        """Takes changes of settings."""

    @property
    def picking(self) -> Picking:
        """Opens the picker."""

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the line above the footer."""

    async def perform_by_name(self, action: Action) -> None:
        """Do an action of the list."""


def host(widget: Widget) -> Host:
    """The app of `widget` in this role."""
    return cast(Host, widget.app)


def editor(widget: Widget) -> Editor:
    """Where changes that the user makes in `widget` go."""
    return host(widget).edits
