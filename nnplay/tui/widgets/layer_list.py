"""The list editor of the network: one layer a line with its shape, parameters and problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message

from nnplay.errors import InputError
from nnplay.fields import text
from nnplay.network.edit_layers import Change, Path, changed, put, renamed, swapped, twice, without
from nnplay.network.layer_text import frozen_or_not, name_of, schemes_of, with_units, with_value
from nnplay.network.summary import Ledger
from nnplay.text import counted
from nnplay.tui.commands import actions
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.draw import number_text
from nnplay.tui.forms.editor import editor, host
from nnplay.tui.forms.folding import Item, block_of, items, keep_unfolded, title
from nnplay.tui.forms.sizes import SIGNS, change_hidden_layers, wider
from nnplay.tui.picker.choice import plain_choices
from nnplay.tui.picker.screen import open_picker
from nnplay.tui.picker.shelf import Shelf
from nnplay.tui.widgets.cells import Cells, Row, fit, joined
from nnplay.tui.widgets.scroll_place import ScrollPlace

_SIGNS = f"{SIGNS}  "
"""In a line of the list, apart from the shape behind them; they stay in place while the number grows."""
_LEAST_TEXT = 8
"""Columns that a layer's text has at the least."""
_NARROW = 37
"""Columns below which parameters are told in thousands: a number that is cut would be another one."""


class LayerList(Cells, can_focus=True):
    """Shows a ledger, and tells the editor when the user changes its layers."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("layers")

    @dataclass
    class Edit(Message):
        """The user wants to type a layer: the one at `index`, or a new one before it."""

        path: Path
        new: bool

    @dataclass
    class Folded(Message):
        """Other blocks are unfolded now."""

        unfolded: frozenset[Path]

    DEFAULT_CSS = "LayerList { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._ledger: Ledger | None = None
        self.cursor = 0
        self.unfolded: frozenset[Path] = frozenset()
        self._items: list[Item] = []
        self._place = ScrollPlace()

    @property
    def item(self) -> Item | None:
        """The layer under the cursor; none on the line that adds one."""
        return self._items[self.cursor] if self.cursor < len(self._items) else None

    @property
    def path(self) -> Path:
        """Where the cursor is; behind the last layer on the line that adds one."""
        return self.item.path if self.item else (len(self.texts),)

    @property
    def texts(self) -> list[str]:
        """The layers as text."""
        return [line.text for line in self._ledger.lines] if self._ledger else []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Room for all layers, the line that adds one, and the total."""
        return len(self._items) + 2

    def show(self, ledger: Ledger) -> None:
        """Show this network."""
        before, path = self.texts, self.path
        self._ledger = ledger
        self.unfold(keep_unfolded(self.unfolded, before, self.texts))
        self.go_to(path)

    def go_to(self, path: Path) -> None:
        """Put the cursor on a layer, or as near as there is one."""
        paths = [item.path for item in self._items]
        near = [place for place, known in enumerate(paths) if known <= path]
        beyond = path[0] >= len(self.texts)
        self.cursor = len(paths) if beyond else paths.index(path) if path in paths else max(near, default=0)
        self.redraw()

    def unfold(self, unfolded: frozenset[Path]) -> None:
        """Show the layers of these blocks, and of no others."""
        self.unfolded = unfolded
        self._items = list(items(self._ledger.lines, unfolded)) if self._ledger else []
        self.post_message(self.Folded(unfolded))
        self.refresh(layout=True)
        self.redraw()

    def fold(self, path: Path) -> None:
        """Fold the block at `path`, or unfold it; the cursor stays where it was or goes to the block."""
        here = self.path
        self.unfold(self.unfolded ^ {path})
        self.go_to(here if any(item.path == here for item in self._items) else path)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Layers, the line that adds one, and the total in the last row."""
        if self._ledger is None:
            return ()
        room = max(1, height - 1)
        most = self._longest_title()
        lines = [self._line(item, index, width, most) for index, item in enumerate(self._items)]
        lines.append(self._adder(len(self._items)))
        top = self._place.follow(self.cursor, room, len(lines))
        shown = lines[top : top + room]
        return [*shown, *[()] * (room - len(shown)), self._total(width)]

    def _longest_title(self) -> int:
        return max((cell_len(title(item, self.unfolded, self.look)) for item in self._items), default=0)

    def _text_of(self, item: Item, width: int, most: int) -> str:
        """What names a layer in the list, in which the longest name takes `most` columns."""
        widest, room = max((len(_place(item)) for item in self._items), default=0), _text_room(width)
        place = f"{_place(item):<{widest}} " if room - widest > _LEAST_TEXT else ""
        if item.depth and most > room - widest:
            place = ""  # layers in blocks have no number of their own, but want room for their units
        return place + title(item, self.unfolded, self.look, _text_room(width) - len(place))

    def _line(self, item: Item, index: int, width: int, most: int) -> Row:
        line = item.line
        narrow, room, text = width < _NARROW, _text_room(width), self._text_of(item, width, most)
        active = self.has_focus and index == self.cursor
        marker = self.look.pick("▸ ", "> ") if active else "  "
        ink = self.look.ink("error" if line.problem else "accent" if active else "text", bold=active)
        if line.problem:
            return joined([(marker, self.look.ink("accent")), (fit(text, 18), ink), (f" {line.problem}", ink)])
        places = 7 if narrow else 9
        show = number_text.short if narrow else number_text.count
        parameters = show(line.parameters, places) if line.parameters else " " * places
        dim = self.look.ink("dim")
        adds = f" {number_text.short(line.multiply_adds, 7)} m-adds" if width >= 72 and line.multiply_adds else ""
        adds = adds or (" " * 15 if width >= 72 else "")
        numbers = f" {line.remark}" if line.remark and not line.parameters else parameters + adds
        note = "; ".join(part for part in (line.note, line.remark if line.parameters else "") if part)
        signs = self._signs(item, text, room)
        return joined(
            [
                (marker, self.look.ink("accent")),
                (fit(text, room - len(signs)), ink),
                (f"{signs} ", self.look.ink("accent" if active else "dim")),
                (number_text.shape(line.shape, 10 if narrow else 12), dim),
                (numbers, dim),
                (f"  {note}", dim),
            ]
        )

    def _signs(self, item: Item, text: str, room: int) -> str:
        """What a click takes a unit away with, or adds one; nothing where there are no units, or no room."""
        has_units = not item.line.parts and with_units(item.line.text, 1) != item.line.text
        has_units = has_units and item.path != (len(self.texts) - 1,)  # the last layer's follow from the data
        return _SIGNS if has_units and cell_len(text) <= room - len(_SIGNS) else ""

    def _sign_at(self, item: Item, x: int) -> int:
        """What a click on a line changes the layer's units by: 1, -1, or 0 beside the signs."""
        width = self.size.width
        room = _text_room(width)
        signs = self._signs(item, self._text_of(item, width, self._longest_title()), room)
        return {"-": -1, "+": 1}.get(signs[x - 2 - room :][:1], 0) if signs and x < 2 + room else 0

    def _adder(self, index: int) -> Row:
        active = self.has_focus and index == self.cursor
        marker = self.look.pick("▸ ", "> ") if active else "  "
        return (
            (marker, self.look.ink("accent")),
            ("+ add layer", self.look.ink("accent" if active else "dim", bold=active)),
        )

    def _total(self, width: int) -> Row:
        ledger = self._ledger
        if ledger is None:
            return ()
        begin, end = counted(ledger.parameters, "parameter"), f" · {number_text.size(ledger.bytes)}"
        text = f"{begin} · {number_text.short(ledger.multiply_adds, 0)} mult-adds{end}"
        text = text if len(text) < width else f"{begin}{end}"
        return ((text.rjust(width - 1), self.look.ink("dim")),)

    def action_move(self, by: int) -> None:
        """Move the cursor; the line after the last layer adds one."""
        self.cursor = (self.cursor + by) % (len(self._items) + 1)
        self.redraw()

    def action_edit(self) -> None:
        """Type the layer under the cursor."""
        self.post_message(self.Edit(self.path, new=self.item is None))

    def action_fold(self) -> None:
        """Fold the block under or around the cursor, or unfold it."""
        path = block_of(self.item) if self.item else ()
        if path:
            self.fold(path)
        else:
            host(self).say("this is not a block: only layers that hold others, such as sum, can be folded")

    def change(self, change: Change, then: Path = ()) -> None:
        """Change the chain that the layer under the cursor belongs to; what cannot be is said."""
        if self.item is None:
            self._tell_adder()
        else:
            path = self.path
            try:
                layers = changed(self.texts, path, change)
            except InputError as problem:
                host(self).say(problem.message, error=True)
                return
            if layers != tuple(self.texts):
                editor(self).change_layers(layers)
                self.go_to(then or path)

    def _tell_adder(self) -> None:
        """Why there is no layer to change."""
        up = self.look.pick("↑", "up")
        host(self).say(f"this line adds a layer (enter); {up} goes to the layers")

    def action_delete(self) -> None:
        """Take the layer out."""
        self.change(without)

    def action_duplicate(self) -> None:
        """Put the same layer once more below."""
        self.change(twice)

    def action_shift(self, by: int) -> None:
        """Swap the layer with its neighbour and follow it."""
        to, before = self.path[-1] + by, self.texts
        if to >= 0:
            self.change(swapped(by), (*self.path[:-1], to))
        if self.item is not None and self.texts == before:
            host(self).say(f"this is the {'first' if by < 0 else 'last'} layer; there is none to swap it with")

    def action_width(self, by: int) -> None:
        """Give the layer one unit more or less; a block has none, and is opened or closed. The last line stands for
        all layers: there it is a hidden layer more or less."""
        item = self.item
        if item is None:
            change_hidden_layers(self, self.texts, by)
        elif item.line.parts:
            if (by > 0) != (item.path in self.unfolded):
                self.fold(item.path)
            else:
                host(self).say(
                    f"this block is {'unfolded' if by > 0 else 'folded'} already; a block has no width of its own"
                )
        else:
            self.change(put(wider(self, item.line.text, by)))

    def action_freeze(self) -> None:
        """Freeze the layer, or train it again."""
        self._rewrite(frozen_or_not)

    def _rewrite(self, change: Callable[[str], str]) -> None:
        """Give the layer under the cursor another text; one that cannot be read stays, and the app says why."""
        self.change(lambda chain, at: put(change(chain[at]))(chain, at))

    def action_name(self) -> None:
        """Type a name for the layer."""
        if self.item is None:
            self._tell_adder()
        else:
            current = name_of(self.item.line.text)
            field = text("name", "", "a name without spaces; leave empty for none")

            def take_answer(name: str | None) -> None:
                if name is not None:
                    self.change(renamed(name))

            self.app.push_screen(AskValue("name of the layer", field, current), take_answer)

    def action_initial(self) -> None:
        """Choose the scheme of the layer's initialisation."""
        schemes = schemes_of(self.item.line.text) if self.item is not None else ()
        if self.item is None:
            self._tell_adder()
            return
        if not schemes:
            host(self).say("this layer has no initialisation scheme")
            return

        def take(scheme: str) -> None:
            self._rewrite(lambda layer: with_value(layer, "init", scheme))

        lead = "how this layer's weights are initialised"
        open_picker(self.app, [Shelf("initialisation", lead, plain_choices(schemes), take)])

    def on_click(self, event: events.Click) -> None:
        """Choose a line; a second click edits it, one on the sign of a block folds it."""
        line = event.y + self._place.top
        if line > len(self._items):
            return
        same, self.cursor = line == self.cursor, line
        self.redraw()
        item = self.item
        if item is not None and item.line.parts and event.x <= 2 * item.depth + 3:
            self.fold(item.path)
        elif item is not None and (by := self._sign_at(item, event.x)):
            self.action_width(by)
        elif same or item is None:
            self.action_edit()


def _text_room(width: int) -> int:
    """Columns for a layer's text in a list of that width."""
    return max(11, min(24, width - (21 if width < _NARROW else 25)) - 1)


def _place(item: Item) -> str:
    """Where a layer stands, as its parameters' names begin ("0" for "0.weight"); nothing within a block."""
    return "" if item.depth else str(item.path[0])
