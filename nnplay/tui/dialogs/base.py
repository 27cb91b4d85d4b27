"""The frame that all dialogs share: centred, bordered, closed by escape."""

from __future__ import annotations

from typing import ClassVar, Protocol, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from nnplay.tui.dialogs.modal import Modal
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.plain_text import spell_keys

Answer = TypeVar("Answer")

_FRAME = 0.94
"""Share of the screen's height that a dialog may take."""
_MOST_LINES = 20
"""Lines of a list, on a screen with room."""
_SHORT = 16
"""Rows of a screen on which a list is shown without remarks around it."""


class _HasLook(Protocol):
    look: Look


class Dialog(Modal[Answer]):
    """A modal screen with a title, a body (`body`), and a line that says which keys do what."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", show=False)]
    SCOPED_CSS: ClassVar[bool] = False  # or what depends on a class of the app would never apply
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 55%; }
    Dialog > Vertical {
        width: 64; max-width: 96%; height: auto; max-height: 94%; /* _FRAME */
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
            yield Static(Content(self._shown_keys), classes="keys")

    @property
    def _shown_keys(self) -> str:
        """The line of keys in letters that the terminal has."""
        return spell_keys(self._keys) if self._is_plain else self._keys

    @property
    def _is_plain(self) -> bool:
        """Whether arrows are called by their names."""
        return cast(_HasLook, self.app).look.ascii

    def on_mount(self) -> None:
        """Give a list the room that the other widgets leave."""
        self.call_after_refresh(self._fit_list)

    def on_resize(self) -> None:
        """Fit again."""
        self.call_after_refresh(self._fit_list)

    def _fit_list(self) -> None:
        """A list scrolls by itself: it must not be longer than what is seen of it."""
        frame = self.query_one("#frame")
        found = next((child for child in frame.children if isinstance(child, OptionList)), None)
        if found is None:
            return
        short = self.size.height < _SHORT
        for child in frame.query(".lead, .about"):
            child.display = not short
        others = [child for child in frame.children if child is not found and child.display]
        taken = sum(child.outer_size.height + child.styles.margin.height for child in others)
        room = int(_FRAME * self.size.height) - frame.styles.gutter.height - taken
        found.styles.max_height = max(1, min(_MOST_LINES, room))

    def tell_idle(self, key: str) -> None:
        """Say it before the keys that do something; a dialog that has just been asked for shows none yet."""
        idle = f"{key} does nothing here · " if key else ""
        for line in self.query(".keys").results(Static):
            line.update(Content(idle + self._shown_keys))

    def action_close(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
