"""The network on the screen, and the cursor in it that shows a neuron's weights and bias and lets them be set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.message import Message

from nnplay.explain.explanation import Subject
from nnplay.fields import number
from nnplay.network.edit_layers import Path, changed, put
from nnplay.network.summary import Ledger
from nnplay.tui.commands import actions
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.graph import Place, columns
from nnplay.tui.draw.links import Line, nearest
from nnplay.tui.draw.network_drawing import graph, margins
from nnplay.tui.forms.editor import editor, host
from nnplay.tui.forms.sizes import SIGNS, change_hidden_layers, wider
from nnplay.tui.widgets.cells import Cells, Row, fit, joined
from nnplay.tui.widgets.layer_chain import LayerChain
from nnplay.tui.widgets.unit_cursor import Unit, UnitCursor
from nnplay.views.layer_pictures import LayerPicture

_WEIGHT = number("weight", 0.0, "positive excites, negative inhibits")
_WEIGHT_STEP = 0.1
"""How much J, K and the wheel change a weight."""


class NetworkView(Cells, can_focus=True):
    """Draws a ledger with the weights and neuron pictures of a snapshot.

    Attributes:
        folded: draw the chain of layers although the graph would fit.
    """

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("network")

    @dataclass
    class Chosen(Message):
        """The cursor is on another unit, or on none."""

        picture: tuple[int, int] | None
        title: str

    @dataclass
    class Opened(Message):
        """The user wants to see what a layer gives at full size, or is on another layer now (`walked`)."""

        view: str
        place: str
        walked: bool = False

    @dataclass
    class Fold(Message):
        """The user folds or unfolds a block."""

        path: Path

    class Turned(Message):
        """The chain is drawn in place of the graph, or the graph again: other keys do something now."""

    def __init__(self) -> None:
        super().__init__()
        self._ledger: Ledger | None = None
        self._weights: Mapping[str, Floats] = {}
        self._pictures: Mapping[tuple[int, int], Floats] = {}
        self._chain = LayerChain()
        self._cursor = UnitCursor()
        self._spots: list[list[Place]] = []
        self._lines: list[Line] = []
        self._under: Line | None = None
        self._aside: tuple[Unit, int] | None = None
        self.folded = False

    @property
    def chosen(self) -> Unit | None:
        """Column (0 are the inputs) and unit under the cursor."""
        return self._cursor.chosen

    @property
    def link(self) -> int:
        """Which number of the chosen unit is meant: 0 its bias, k its weight from unit k - 1."""
        return self._cursor.link

    @property
    def unfolded(self) -> frozenset[Path]:
        """Blocks of the chain whose layers are shown."""
        return self._chain.unfolded

    @property
    def row(self) -> int:
        """The line of the chain under the cursor."""
        return self._chain.row

    @property
    def is_chain(self) -> bool:
        """Whether the chain of layers is drawn, because it was asked for or the graph finds no room."""
        return not self._cursor.ranks

    @property
    def idle_actions(self) -> frozenset[str]:
        """The chain has no weights to choose, and sets none."""
        return frozenset({"weight-next", "weight-edit"}) if self.is_chain else frozenset()

    def show(
        self,
        ledger: Ledger,
        weights: Mapping[str, Floats],
        pictures: Mapping[tuple[int, int], Floats],
        layers: Mapping[Path, LayerPicture],
    ) -> None:
        """Draw this network; `layers` are pictures of what its layers give, for the chain."""
        self._ledger, self._weights, self._pictures = ledger, weights, pictures
        self._chain.ledger, self._chain.pictures = ledger, layers
        self.redraw()

    def turn_to(self, network: str) -> None:
        """Show the network of that name from now on; empty: the run's own. Units of another one are not chosen."""
        if network != self._cursor.network:
            self.choose(None)
            self._cursor.network, self._chain.row = network, 0

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The graph with what is known of the chosen unit below it, or the chain of layers."""
        before = self.is_chain
        rows = self._draw_form(width, height)
        if self.is_chain != before:
            self.post_message(self.Turned())
        return rows

    def _draw_form(self, width: int, height: int) -> Sequence[Row]:
        self._cursor.ranks, self._spots, self._lines, self._chain.owners = [], [], [], []
        if self._ledger is None:
            return ()
        ranks = columns(self._ledger, self._weights, self._pictures)
        room = width - sum(margins(ranks, width)) if ranks else 0
        if self.folded or not ranks or room < 7 * len(ranks) or height < 6:
            if self.chosen is not None:  # there are no units to be seen or set, for as long as there is no room
                self._aside = None if self.folded else (self.chosen, self.link)
                self._cursor.chosen, self._cursor.link = None, 0
                self._tell()
            return self._chain.draw(width, height, self.look, focused=self.has_focus)
        self._cursor.ranks = ranks
        if self._aside is not None:
            (self._cursor.chosen, self._cursor.link), self._aside = self._aside, None
            self._cursor.keep_inside()
            self._tell()
        self._cursor.keep_inside()
        source = self.link - 1 if self.link else None
        drawn = graph(ranks, self._pictures, width, height - 1, self.look, self.chosen, source)
        self._spots, self._lines = drawn.spots, drawn.lines
        return [*drawn.rows, self._foot(width)]

    def _foot(self, width: int) -> Row:
        """What is known of the link under the mouse, else of the chosen unit."""
        line = self._under
        if line is not None and line.column < len(self._cursor.ranks):
            weights = self._cursor.ranks[line.column].weights
            if weights is not None and line.unit < weights.shape[0] and line.source < weights.shape[1]:
                value = float(weights[line.unit, line.source])
                named = self._cursor.between(line.column, line.unit, line.source, self.look)
                text = f"{named}: {value:.4g}  (click to set)"
                return ((fit(text, width), self.look.ink("text")),)
        text, signs = self._cursor.describe(self.look, focused=self.has_focus) + self._keys_of_weight(), self._signs()
        if cell_len(text) + len(signs) >= width:
            signs = SIGNS
        row = ((fit(text, width - len(signs)), self.look.ink("accent")), (signs, self.look.ink("dim")))
        return joined(row)

    def _signs(self) -> str:
        """What a click adds a unit or a hidden layer with, or takes one away, at the end of the last row."""
        return f" {'hidden layers' if self.chosen is None else 'units'}{SIGNS}"

    def unfold(self, unfolded: frozenset[Path]) -> None:
        """Show the layers of these blocks."""
        if unfolded != self._chain.unfolded:
            self._chain.unfolded = unfolded
            self.redraw()

    def _fold(self, wanted: bool | None) -> None:
        """Unfold the block under the cursor of the chain (True), fold it or the one around it, or change it (None)."""
        item = self._chain.item
        if wanted is None and item is not None and not item.line.parts and self._open():
            return
        found = self._chain.fold(wanted)
        if isinstance(found, str):
            if found:
                host(self).say(found)
            return
        self.post_message(self.Fold(found))

    def _open(self, *, walked: bool = False) -> bool:
        """Ask for the view of the layer under the cursor of the chain; returns whether there is one."""
        shown = self._chain.opened
        if shown is None:
            return False
        self.post_message(self.Opened(shown.view, shown.place, walked))
        return True

    def _go_to_row(self, row: int) -> None:
        """Put the cursor of the chain on a line."""
        self._chain.row = row
        self.redraw()
        self._open(walked=True)

    def _keys_of_weight(self) -> str:
        settable = self.has_focus and self.chosen is not None and self._cursor.ranks[self.chosen[0]].weights is not None
        return "  J K ±0.1" if settable else ""

    @property
    def subject(self) -> Subject | None:
        """The weight, or the unit with its bias, that the cursor is on."""
        return self._cursor.subject

    # Keys

    def choose(self, unit: Unit | None) -> None:
        """Put the cursor on a unit, or on none."""
        self._aside = None
        if unit != self.chosen:
            self._cursor.chosen, self._cursor.link = unit, 0 if unit is None else min(self.link, 1)
            self.redraw()
            self._tell()

    def _tell(self) -> None:
        if self.chosen is None or not self._cursor.ranks:
            self.post_message(self.Chosen(None, ""))
        else:
            picture = (self._cursor.ranks[self.chosen[0]].pictures, self.chosen[1])
            name = self._cursor.name(*self.chosen)
            network = self._cursor.network
            self.post_message(self.Chosen(picture, f"{network}, {name}" if network else name))

    def action_column(self, by: int) -> None:
        """A unit of another column."""
        if self._cursor.ranks:
            column, unit = self.chosen or (0 if by > 0 else len(self._cursor.ranks), 0)
            column = min(len(self._cursor.ranks) - 1, max(0, column + by))
            there = (column, min(unit, self._cursor.ranks[column].count - 1))
            if there == self.chosen:
                host(self).say(f"this is the {'first' if by < 0 else 'last'} layer drawn")
            self.choose(there)
        else:
            self._fold(by > 0)

    def action_unit(self, by: int) -> None:
        """Another unit of the same column."""
        if self._cursor.ranks:
            column, unit = self.chosen or (1, -1 if by > 0 else 0)
            if self._cursor.ranks[column].count == 1 and self.chosen is not None:
                host(self).say("this layer has only one unit")
            self.choose((column, (unit + by) % self._cursor.ranks[column].count))
        elif len(self._chain.items) == 1:
            host(self).say("there is only one layer")
        elif self._chain.items:
            self._go_to_row((self._chain.row + by) % len(self._chain.items))

    def action_link(self, by: int) -> None:
        """Another number of the chosen unit."""
        if not self._cursor.ranks:
            self._tell_chain()
        elif self.chosen is None:
            self.action_column(1)
        if self.chosen is not None and not self._cursor.links:
            right = self.look.pick("→", "right")
            host(self).say(f"an input has no weights or bias; {right} goes to the first layer")
        elif self.chosen is not None:
            self._cursor.link = (self.link + by) % (self._cursor.links + 1)
            self.redraw()

    def action_edit(self) -> None:
        """Type a value for the chosen weight or bias."""
        if not self._cursor.ranks:
            self._fold(None)
            return
        value = self._cursor.value
        if value is None or self.chosen is None:
            self.action_link(1)
            return
        name, index = self._cursor.place

        def take_answer(text: str | None) -> None:
            if text is not None:
                editor(self).set_weight(name, index, float(_WEIGHT.read(text)))

        self.app.push_screen(
            AskValue(self._cursor.describe(self.look, focused=self.has_focus), _WEIGHT, f"{value:.6g}"), take_answer
        )

    def action_adjust_weight(self, direction: int) -> None:
        """Make the chosen weight or bias a little larger or smaller."""
        value = self._cursor.value
        if not self._cursor.ranks:
            self._tell_chain()
        elif value is None or self.chosen is None:
            self.action_link(1)
        else:
            name, index = self._cursor.place
            editor(self).set_weight(name, index, round(value + direction * _WEIGHT_STEP, 6))

    def action_resize(self, by: int) -> None:
        """One unit more or less in the layer under the cursor; where it is on none, a hidden layer."""
        texts = [line.text for line in self._ledger.lines] if self._ledger else []
        path = self._layer_under_cursor()
        if path is None:
            change_hidden_layers(self, texts, by)
        elif not path:
            host(self).say("inputs come from the data; switch on more as features in the data pane")
        elif len(path) > 1 or texts[path[0]].find("[") > 0:
            host(self).say("layers inside a block are changed in the layer list: 2")
        else:
            text = wider(self, texts[path[0]], by)
            if text != texts[path[0]]:
                editor(self).change_layers(changed(texts, path, put(text)))

    def _layer_under_cursor(self) -> Path | None:
        """Of the chosen unit, or of the line of the chain; an empty path for inputs, `None` where nothing is chosen."""
        if not self._cursor.ranks:
            return self._chain.item.path if self._chain.item is not None else None
        if self.chosen is None:
            return None
        layer = self._cursor.ranks[self.chosen[0]].layer
        return (layer,) if layer >= 0 else ()

    def action_leave(self) -> None:
        """No unit; where none is chosen, the hints go."""
        if self.chosen is None:
            raise SkipAction
        self.choose(None)

    def _tell_chain(self) -> None:
        """Why there are no weights to choose."""
        host(self).say("the chain does not show single weights; v draws the graph if it fits, i opens the inspector")

    # Mouse

    def _unit_at(self, x: int, y: int) -> Unit | None:
        for column, places in enumerate(self._spots):
            for unit, place in enumerate(places):
                top = place.top // 2 + 1
                inside = top <= y < top + (place.pixels + 1) // 2 and place.left - 1 <= x <= place.left + place.width
                if inside:
                    return column, unit
        return None

    def on_click(self, event: events.Click) -> None:
        """Choose the unit or link under the mouse; a click on what is chosen sets its value, one on a sign resizes.

        In the chain a click puts the cursor on a layer, and one more opens its view, or folds it.
        """
        if self._chain.owners:
            self._click_chain(event)
            return
        if self._cursor.ranks and event.y == self.size.height - 1 and self._under is None:
            if by := {-3: -1, -1: 1}.get(event.x - self.size.width, 0):
                self.action_resize(by)
            return
        unit, line = self._unit_at(event.x, event.y), nearest(self._lines, event.y - 1, event.x)
        if unit is not None:
            again = unit == self.chosen and event.chain > 1
            self.choose(unit)
        elif line is not None:
            again = (line.column, line.unit) == self.chosen and line.source + 1 == self.link
            self.choose((line.column, line.unit))
            self._cursor.link = line.source + 1
            self.redraw()
        else:
            again = False
            self.choose(None)
        if again:
            self.action_edit()

    def _click_chain(self, event: events.Click) -> None:
        row = self._chain.owners[event.y] if event.y < len(self._chain.owners) else None
        if row is None:
            return
        if row == self._chain.row and event.chain > 1:
            self.action_edit()
        else:
            self._go_to_row(row)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The link under the mouse is told."""
        self._point_at(None if self._unit_at(event.x, event.y) else nearest(self._lines, event.y - 1, event.x))

    def on_leave(self, event: events.Leave) -> None:
        """No link is under the mouse."""
        self._point_at(None)

    def _point_at(self, line: Line | None) -> None:
        if line != self._under:
            self._under = line
            self.redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel makes the chosen number larger."""
        if self.chosen is not None:
            self.action_adjust_weight(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel makes the chosen number smaller."""
        if self.chosen is not None:
            self.action_adjust_weight(-1)
