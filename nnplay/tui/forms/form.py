"""A list of settings in one widget: ↑ ↓ choose a line, ← → change it where it stands, enter types or picks a value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import BindingType
from textual.message import Message

from nnplay.text import cut_as
from nnplay.tui.commands import actions
from nnplay.tui.dialogs.choose_many import ChooseMany
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.draw import bars
from nnplay.tui.forms.column_choices import ColumnChoice
from nnplay.tui.forms.editor import editor, host
from nnplay.tui.forms.entry import Entry
from nnplay.tui.forms.next_value import next_value, share, value_at_share
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.screen import open_picker
from nnplay.tui.picker.shelf import Shelf
from nnplay.tui.widgets.cells import Cells, Row, Run, fit, joined
from nnplay.tui.widgets.scroll_place import ScrollPlace

_LABEL = 12
_LONGEST_LABEL = 26
_VALUE = 7
_LEAST_VALUE = 14
"""Columns that a longer label leaves to the value."""

_KINDS = ("data", "loss", "optimizer", "schedule", "activation")
"""Entries whose values are things of their own, with pictures."""
_COLUMN = "the column to predict; for several numbers at once, type: price,rent"
_COLUMN_KINDS = "how a column is read, where the detected kind is wrong"


class Form(Cells, can_focus=True):
    """Shows entries, and tells the editor when the user gives one another value."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("form")

    class Moved(Message):
        """Another entry is under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: list[Entry] = []
        self.cursor = 0
        self._place = ScrollPlace()

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return self._entries[self.cursor] if self._entries else None

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these entries; the cursor stays on the same name if it is still there."""
        old = self.entry
        self._entries = list(entries)
        keys = [entry.key for entry in entries]
        self.cursor = keys.index(old.key) if old and old.key in keys else min(self.cursor, max(0, len(keys) - 1))
        self.redraw()

    def find(self, key: str) -> bool:
        """Put the cursor on the entry with this key; returns whether there is one."""
        keys = [entry.key for entry in self._entries]
        if key in keys:
            self.cursor = keys.index(key)
            self.redraw()
        return key in keys

    @property
    def hidden(self) -> tuple[int, int]:
        """How many entries lie above and below what is shown."""
        top = self._place.top
        lines = self._lines
        above, below = lines[:top], lines[top + self.size.height :]
        return len(above) - above.count(None), len(below) - below.count(None)

    @property
    def _lines(self) -> list[int | None]:
        """Which entry each line shows; None for a heading, in front of the first entry of each group."""
        lines: list[int | None] = []
        group = ""
        for index, entry in enumerate(self._entries):
            if entry.group != group:
                lines.append(None)
                group = entry.group
            lines.append(index)
        return lines

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """A line for each entry: marker, label, slider, value; and one for the heading of each group."""
        lines = self._lines
        line = lines.index(self.cursor) if self._entries else 0
        top = self._place.follow(line, height, len(lines))
        if height > 1 and line == top > 0 and lines[line - 1] is None:
            top = self._place.top = line - 1
        shown = range(top, min(top + height, len(lines)))
        return [self._row(lines, number, width) for number in shown]

    @property
    def _label(self) -> int:
        """Columns of the marker and the labels: as many as the longest needs, where the values keep enough."""
        needed = max((cell_len(entry.short or entry.label) + 2 for entry in self._entries), default=0)
        return max(_LABEL, min(needed, _LONGEST_LABEL, self.size.width - _LEAST_VALUE))

    def _row(self, lines: Sequence[int | None], number: int, width: int) -> Row:
        index = lines[number]
        if index is not None:
            return self._line(self._entries[index], index == self.cursor, width)
        following = lines[number + 1]
        assert following is not None
        words = self._entries[following].group
        rule = self.look.pick("─", "-") * max(0, width - len(words) - 2)
        return joined([(f"{words} "[:width], self.look.ink("text", bold=True)), (rule, self.look.ink("dim"))])

    def _line(self, entry: Entry, current: bool, width: int) -> Row:
        active, column = current and self.has_focus, self._label
        marker = self.look.pick("▸", ">") if active else " "
        with cut_as(f"{entry.label}  {entry.shown}"):
            label = fit(entry.short or entry.label, column - 2)
            head: list[Run] = [
                (marker, self.look.ink("accent")),
                (label + " ", self.look.ink("strong" if active else "dim")),
            ]
            return joined(head + self._value(entry, active, width - column + 1))

    def _value(self, entry: Entry, active: bool, width: int) -> list[Run]:
        ink = self.look.ink("accent" if active else "text", bold=active)
        place = share(entry.field, entry.value)
        if entry.shares and width >= 15:
            bar = bars.parts(entry.shares, width - 10, self.look)
            return [*bar, (" " + fit(entry.shown, 9), ink)]
        if place is not None and width >= _VALUE + 6:
            return [
                *bars.slider(place, width - _VALUE - 1, self.look),
                (" " + entry.shown.rjust(_VALUE - 1) + " ", ink),
            ]
        mark = self.look.pick("▾", "v") if entry.field.kind == "choice" or entry.choices else " "
        return [(fit(entry.shown, width - 2), ink), (mark + " ", self.look.ink("dim"))]

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self._entries:
            self.cursor = (self.cursor + by) % len(self._entries)
            self.redraw()
            self.post_message(self.Moved())

    def action_adjust(self, direction: int) -> None:
        """Change the value under the cursor to the next one in its row."""
        entry = self.entry
        if entry is None:
            return
        typed = entry.many or entry.shares
        value = entry.value if typed else next_value(entry.field, entry.value, direction)
        if value != entry.value:
            editor(self).change_entry(entry, value)
        elif typed or entry.field.kind not in ("integer", "number"):
            host(self).say(f"{entry.label} has no next value; enter changes it")
        else:
            host(self).say(f"{entry.label} cannot be {'larger' if direction > 0 else 'smaller'} than {entry.shown}")

    def action_edit(self) -> None:
        """Open the dialog that fits the value under the cursor."""
        entry = self.entry
        if entry is None:
            return
        if entry.field.kind == "flag":
            editor(self).change_entry(entry, not entry.value)
        elif entry.many:
            self._ask(entry, ChooseMany(entry.label, entry.field.help, entry.field.choices, entry.value))
        elif entry.key in _KINDS:
            host(self).picking.pick(entry.key)
        elif entry.choices:
            self._pick(entry, _COLUMN if entry.name != "kinds" else _COLUMN_KINDS, entry.choices, free=True)
        elif entry.field.kind == "choice":
            self._pick(entry, entry.field.help, [ColumnChoice(word, "") for word in entry.field.choices])
        else:
            shown = entry.value if entry.shares else entry.typed
            self._ask(entry, AskValue(entry.label, entry.field, str(shown)))

    def _pick(self, entry: Entry, lead: str, offered: Sequence[ColumnChoice], *, free: bool = False) -> None:
        """Offer values; of the kinds of columns the remark alone is shown, which says it all."""
        choices = [
            Choice(item.value, item.note) if entry.name == "kinds" else Choice(item.value, note=item.note)
            for item in offered
        ]
        take = partial(editor(self).change_entry, entry)
        open_picker(self.app, [Shelf(entry.label, lead, choices, take, current=entry.shown, free=free)])

    def _ask(self, entry: Entry, dialog: ChooseMany | AskValue) -> None:
        def take_answer(value: Any) -> None:
            if value is not None:
                editor(self).change_entry(entry, value)

        self.app.push_screen(dialog, take_answer)

    def on_click(self, event: events.Click) -> None:
        """Choose the line; a click on a slider sets the value, elsewhere on the value opens its dialog."""
        lines, number = self._lines, event.y + self._place.top
        line = lines[number] if number < len(lines) else None
        if line is None:
            return
        same, self.cursor = line == self.cursor, line
        self.redraw()
        track = self.size.width - self._label + 1 - _VALUE - 1
        place = event.x - self._label + 1
        entry = self._entries[line]
        if share(entry.field, entry.value) is not None and 0 <= place < track:
            editor(self).change_entry(entry, value_at_share(entry.field, place / max(1, track - 1)))
        elif place >= 0 or same:
            self.action_edit()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor."""
        self.action_move(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor."""
        self.action_move(1)
