"""The frame that all dialogs share: centred, bordered, closed by escape."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from nnplay.tui.closing import ClosesOnce

Answer = TypeVar("Answer")


class Dialog(ClosesOnce[Answer]):
    """A modal screen with a title, a body (`body`), and a line that says which keys do what."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", show=False)]
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 55%; }
    Dialog > Vertical {
        width: 64; max-width: 96%; height: auto; max-height: 94%;
        background: $background; border: round $accent; padding: 0 1;
    }
    Dialog .keys { color: $quiet; height: auto; margin-top: 1; }
    Dialog .lead { color: $quiet; height: auto; margin-bottom: 1; }
    Dialog Input { border: none; height: 1; padding: 0 1; background: $panel; }
    Dialog Input:focus { border: none; }
    Dialog OptionList { border: none; background: $background; height: auto; max-height: 20; padding: 0; }
    Dialog OptionList:focus { border: none; }
    Dialog OptionList > .option-list--option-highlighted {
        background: $accent 35%; color: $foreground; text-style: bold;
    }
    Dialog OptionList:focus > .option-list--option-highlighted { background: $accent 35%; color: $foreground; }
    .-few-colours Dialog OptionList > .option-list--option-highlighted { text-style: bold reverse; }
    .-ascii Dialog > Vertical { border: ascii $accent; }
    """

    def __init__(self, title: str, keys: str) -> None:
        super().__init__()
        self._title = title
        self._keys = keys

    def body(self) -> ComposeResult:
        """The widgets between title and keys."""
        yield from ()

    def compose(self) -> ComposeResult:
        """Title in the border, body, keys."""
        frame = Vertical(id="frame")
        frame.border_title = Content(self._title)
        with frame:
            yield from self.body()
            yield Static(Content(self._keys), classes="keys")

    def action_close(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
