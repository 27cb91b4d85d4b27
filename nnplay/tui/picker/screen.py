"""The picker's screen: kinds as tabs, a line that filters, a list, and a card about the choice under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from nnplay.text import clean
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.picker.choice import Choice, matching
from nnplay.tui.picker.shelf import Shelf
from nnplay.tui.picker.tabs import ShelfTabs
from nnplay.tui.picker.thumbnail import ThumbnailView
from nnplay.tui.widgets.cells import fit
from nnplay.tui.widgets.line_input import LineInput

Picked = tuple[Shelf, str]
"""What was chosen, and of which kind."""
_CARD_COLUMNS, _CARD_ROWS = 60, 18
"""The smallest screen that has room for a card beside the list."""
_MOST_ROWS = 20
_ROOMY = 32
"""Rows of a screen on which all settings of a layer find room."""
_KEYS = "↑ ↓ choose · enter accept · type to filter · esc cancel"
_WITH_TABS = "↑ ↓ choose · enter accept · tab next kind · type to filter · esc cancel"


class Picker(Dialog[Picked]):
    """Answers one choice of one shelf, or nothing.

    Args:
        shelves: what can be picked; tab goes from one to the next.
        at: name of the shelf that is shown first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "turn(1)", "next kind", show=False, priority=True),
        Binding("shift+tab", "turn(-1)", "previous kind", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Picker > Vertical { width: 84; }
    Picker.-card > Vertical { width: 108; }
    Picker #choices { height: auto; }
    Picker OptionList { width: 1fr; }
    Picker.-card OptionList { width: 30; height: 100%; max-height: 100%; }
    Picker #card { width: 1fr; height: 100%; padding: 0 0 0 2; display: none; }
    Picker.-card #card { display: block; }
    Picker ThumbnailView { height: 1fr; max-height: 12; }
    Picker #what { height: auto; max-height: 3; margin-top: 1; }
    Picker #when { height: auto; max-height: 4; color: $accent; }
    Picker #outcome { height: auto; max-height: 2; }
    Picker #settings { height: auto; max-height: 3; color: $quiet; text-wrap: nowrap; text-overflow: ellipsis; }
    Picker.-roomy #settings { max-height: 7; }
    """

    def __init__(self, shelves: Sequence[Shelf], at: str = "", title: str = "") -> None:
        super().__init__(title or (shelves[0].name if len(shelves) == 1 else "pick"), "")
        self._shelves = list(shelves)
        names = [shelf.name for shelf in shelves]
        self._at = names.index(at) if at in names else 0
        self._offered: list[Choice] = []
        self._filtered = ""
        self._moved = False
        self._keys = _WITH_TABS if len(shelves) > 1 else _KEYS

    @property
    def shelf(self) -> Shelf:
        """The kind that is shown."""
        return self._shelves[self._at]

    @property
    def chosen(self) -> Choice | None:
        """The choice under the cursor."""
        at = self.query_one(OptionList).highlighted
        return self._offered[at] if at is not None and at < len(self._offered) else None

    @property
    def problem(self) -> str:
        """Why what is typed cannot be taken, or an empty text."""
        return self.shelf.problem(self._typed)

    @property
    def _typed(self) -> str:
        return self.query_one(Input).value

    def body(self) -> ComposeResult:
        """Kinds, lead, line, list beside card, outcome."""
        if len(self._shelves) > 1:
            yield ShelfTabs([shelf.name for shelf in self._shelves])
        yield Static(classes="lead")
        yield LineInput(self.shelf.start)
        with Horizontal(id="choices"):
            yield OptionList(markup=False)
            with Vertical(id="card"):
                yield ThumbnailView()
                yield Static(id="what")
                yield Static(id="when")
        yield Static(id="outcome")
        yield Static(id="settings")

    def on_mount(self) -> None:
        """Show the first kind, with the cursor on what is in force."""
        self.query_one(OptionList).can_focus = False  # letters belong to the line, wherever the mouse was
        self.query_one(Input).focus()
        self._show_shelf()
        self.call_after_refresh(self._show_beginning)

    def _show_beginning(self) -> None:
        """Of a text that is longer than the line, such as that of a block, its beginning says what it is."""
        line = self.query_one(Input)
        if line.value == self.shelf.start and cell_len(line.value) >= line.content_size.width > 0:
            line.cursor_position = 0

    def _show_shelf(self) -> None:
        shelf = self.shelf
        if len(self._shelves) > 1:
            self.query_one(ShelfTabs).show(self._at)
        self.query_one(".lead", Static).update(Content(shelf.lead))
        self.query_one(Input).placeholder = shelf.hint
        self._fill()
        values = [choice.value for choice in self._offered]
        if shelf.current in values:
            self.query_one(OptionList).highlighted = values.index(shelf.current)
        self._tell()
        self.call_after_refresh(self._fit_list)

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        typed = self._filtered = self._typed
        self._offered = list(self.shelf.choices if typed == self.shelf.start else self.shelf.offer(typed))
        options.add_options([Option(self._line(choice)) for choice in self._offered])
        if self._offered:
            options.highlighted = 0
        self._moved = False

    def _line(self, choice: Choice) -> Content:
        """Its name, and its remark where there is room: beside a card there is little."""
        names = [cell_len(clean(other.shown)) for other in self.shelf.choices]
        width, name = max(names, default=0) + 2, clean(choice.shown)
        room = max(8, min(84, int(0.96 * self.size.width)) - 6 - width)
        if self.has_class("-card"):
            return Content(fit(name, 27).rstrip())
        note = choice.note if choice.note or not choice.what else choice.what
        return Content.assemble(fit(name, width), (fit(clean(note), room).rstrip(), "$quiet"))

    # What the user does

    @on(Input.Changed)
    def _filter(self) -> None:
        if self._typed != self._filtered:  # the line reports its first text, too
            self._fill()
            self._tell()

    @on(OptionList.OptionHighlighted)
    def _follow(self) -> None:
        self._tell()

    @on(Input.Submitted)
    def _enter(self) -> None:
        attempt = self.shelf.attempt(self._typed, self.chosen, moved=self._moved)
        if attempt.answer:
            self.dismiss((self.shelf, attempt.answer))
        elif attempt.typed != self._typed:
            self._put(attempt.typed)

    @on(OptionList.OptionSelected)
    def _click(self) -> None:
        self._moved = True
        self._enter()

    @on(ShelfTabs.Turned)
    def _turned(self, event: ShelfTabs.Turned) -> None:
        self._at = event.to
        self._show_shelf()

    def action_turn(self, by: int) -> None:
        """The next kind; where there is one only, what → does."""
        if len(self._shelves) > 1:
            self._at = (self._at + by) % len(self._shelves)
            self._show_shelf()
        else:
            self._complete()

    def _complete(self) -> None:
        if self.chosen is not None:
            self._put(self.shelf.complete(self._typed, self.chosen))

    def _put(self, text: str) -> None:
        line = self.query_one(Input)
        line.value = text
        line.cursor_position = len(text)

    def on_key(self, event: events.Key) -> None:
        """Arrows move the list, whose cursor is not the focus; → at the end of the line completes it."""
        options, line = self.query_one(OptionList), self.query_one(Input)
        moves: dict[str, Callable[[], None]] = {
            "up": options.action_cursor_up,
            "down": options.action_cursor_down,
            "pageup": options.action_page_up,
            "pagedown": options.action_page_down,
        }
        if event.key in moves:
            moves[event.key]()
            self._moved = True
            event.stop()
        elif event.key == "right" and line.cursor_at_end and self.chosen is not None:
            self._complete()

    # What is told of the choice under the cursor

    def _tell(self) -> None:
        """Fill the card."""
        choice = self.chosen
        self.query_one("#what", Static).update(Content(clean(choice.what, 400) if choice else ""))
        self.query_one("#when", Static).update(Content(clean(choice.when, 400) if choice else ""))
        outcome = self.shelf.outcome(self._typed, choice)
        if choice is None and not outcome.plain:
            outcome = Content(self._why_empty())
        self.query_one("#outcome", Static).update(outcome)
        self.query_one("#outcome").display = bool(outcome.plain)
        settings = self.shelf.settings(self._typed, choice)
        self.query_one("#settings", Static).update(Content(clean("\n".join(settings), 2000)))
        self.query_one("#settings").display = bool(settings) and self.size.height >= _CARD_ROWS
        self.call_after_refresh(self._fit_list)
        self.query_one(ThumbnailView).show(choice.thumbnail if choice else None)

    def _why_empty(self) -> str:
        """That nothing fits what is typed, and which other kind has something that does."""
        typed = clean(self._typed.strip())
        if not typed:
            return f"there is no {self.shelf.name} to choose"
        if self.shelf.free:
            return f"no {self.shelf.name} here fits '{typed}'; enter accepts it as typed"
        others = (*self._shelves[self._at + 1 :], *self._shelves[: self._at])
        found = [(shelf, fits[0]) for shelf in others if (fits := matching(shelf.choices, typed))]
        there = f"; {found[0][0].name} has {clean(found[0][1].shown)} (tab)" if found else ""
        return f"no {self.shelf.name} fits '{typed}'{there}"

    def _fit_list(self) -> None:
        """Give list and card the room that the other lines leave."""
        if not self.is_attached:
            return
        card = self.shelf.described and self.size.width >= _CARD_COLUMNS and self.size.height >= _CARD_ROWS
        if card != self.has_class("-card"):
            self.set_class(card, "-card")
            self._relist()
        self.set_class(self.size.height >= _ROOMY, "-roomy")
        frame, choices, options = self.query_one("#frame"), self.query_one("#choices"), self.query_one(OptionList)
        self.query_one(".lead").display = self.size.height >= _CARD_ROWS
        others = [child for child in frame.children if child is not choices and child.display]
        taken = sum(child.outer_size.height + child.styles.margin.height for child in others)
        room = max(1, min(_MOST_ROWS, int(0.94 * self.size.height) - frame.styles.gutter.height - taken))
        choices.styles.height = room if card else "auto"
        if not card:
            options.styles.max_height = room
        self.call_after_refresh(options.scroll_to_highlight)

    def _relist(self) -> None:
        """Write the lines of the list anew, for another width."""
        options = self.query_one(OptionList)
        at = options.highlighted
        options.clear_options()
        options.add_options([Option(self._line(choice)) for choice in self._offered])
        options.highlighted = at

    def on_resize(self) -> None:
        """Fit again, and draw for the new size."""
        self.call_after_refresh(self._tell)


def take_picked(picked: Picked | None) -> None:
    """Hand what was chosen to its shelf."""
    if picked is not None:
        shelf, value = picked
        shelf.take(value)


def open_picker(app: App[Any], shelves: Sequence[Shelf], at: str = "", title: str = "") -> None:
    """Show the picker over `app`; what is chosen is handed to its shelf."""
    app.push_screen(Picker(shelves, at, title), take_picked)
