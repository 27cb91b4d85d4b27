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
from nnplay.explain.unit import UnitValues
from nnplay.explain.weight import Weight
from nnplay.fields import number
from nnplay.network.edit_layers import Path, changed, put
from nnplay.network.summary import Ledger
from nnplay.text import clean
from nnplay.tui.commands import actions
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.chain import chain
from nnplay.tui.draw.graph import Column, Place, columns
from nnplay.tui.draw.links import Line, nearest
from nnplay.tui.draw.network_drawing import graph, margins
from nnplay.tui.forms.editor import editor, host
from nnplay.tui.forms.folding import Item, block_of, items
from nnplay.tui.forms.sizes import SIGNS, change_hidden_layers, wider
from nnplay.tui.widgets.cells import Cells, Row, fit, joined
from nnplay.views.layer_pictures import LayerPicture

_WEIGHT = number("weight", 0.0, "positive excites, negative inhibits")
_WEIGHT_STEP = 0.1
"""How much J, K and the wheel change a weight."""
Unit = tuple[int, int]


class NetworkView(Cells, can_focus=True):
    """Draws a ledger with the weights and neuron pictures of a snapshot.

    Attributes:
        chosen: column (0 are the inputs) and unit under the cursor.
        link: which number of the chosen unit is meant: 0 its bias, k its weight from unit k - 1.
        folded: draw the chain of layers although the graph would fit.
        unfolded: blocks of the chain whose layers are shown.
        row: the line of the chain under the cursor.
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

    def __init__(self) -> None:
        super().__init__()
        self._ledger: Ledger | None = None
        self._weights: Mapping[str, Floats] = {}
        self._pictures: Mapping[tuple[int, int], Floats] = {}
        self._layers: Mapping[Path, LayerPicture] = {}
        self._owners: list[int | None] = []
        self._ranks: list[Column] = []
        self._spots: list[list[Place]] = []
        self._lines: list[Line] = []
        self._under: Line | None = None
        self.chosen: Unit | None = None
        self.link = 0
        self._aside: tuple[Unit, int] | None = None
        self.folded = False
        self.unfolded: frozenset[Path] = frozenset()
        self.row = 0

    @property
    def is_chain(self) -> bool:
        """Whether the chain of layers is drawn, because it was asked for or the graph finds no room."""
        return not self._ranks

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
        self._ledger, self._weights, self._pictures, self._layers = ledger, weights, pictures, layers
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The graph with what is known of the chosen unit below it, or the chain of layers."""
        self._ranks, self._spots, self._lines, self._owners = [], [], [], []
        if self._ledger is None:
            return ()
        ranks = columns(self._ledger, self._weights, self._pictures)
        room = width - sum(margins(ranks, width)) if ranks else 0
        if self.folded or not ranks or room < 7 * len(ranks) or height < 6:
            if self.chosen is not None:  # there are no units to be seen or set, for as long as there is no room
                self._aside = None if self.folded else (self.chosen, self.link)
                self.chosen, self.link = None, 0
                self._tell()
            return self._draw_chain(self._ledger, width, height)
        self._ranks = ranks
        if self._aside is not None:
            (self.chosen, self.link), self._aside = self._aside, None
            self._keep_inside()
            self._tell()
        self._keep_inside()
        source = self.link - 1 if self.link else None
        drawn = graph(ranks, self._pictures, width, height - 1, self.look, self.chosen, source)
        self._spots, self._lines = drawn.spots, drawn.lines
        return [*drawn.rows, self._foot(width)]

    def _draw_chain(self, ledger: Ledger, width: int, height: int) -> Sequence[Row]:
        self.row = min(self.row, max(0, len(self._chain()) - 1))
        cursor = self.row if self.has_focus else None
        drawn = chain(ledger, width, height, self.look, self.unfolded, cursor, self._layers)
        self._owners = drawn.owners
        return drawn.rows

    def _foot(self, width: int) -> Row:
        """What is known of the link under the mouse, else of the chosen unit."""
        line = self._under
        if line is not None and line.column < len(self._ranks):
            weights = self._ranks[line.column].weights
            if weights is not None and line.unit < weights.shape[0] and line.source < weights.shape[1]:
                value = float(weights[line.unit, line.source])
                text = f"{self._between(line.column, line.unit, line.source)}: {value:.4g}  (click to set)"
                return ((fit(text, width), self.look.ink("text")),)
        text, signs = self._about_chosen() + self._keys_of_weight(), self._signs()
        if cell_len(text) + len(signs) >= width:
            signs = SIGNS
        row = ((fit(text, width - len(signs)), self.look.ink("accent")), (signs, self.look.ink("dim")))
        return joined(row)

    def _signs(self) -> str:
        """What a click adds a unit or a hidden layer with, or takes one away, at the end of the last row."""
        return f" {'hidden layers' if self.chosen is None else 'units'}{SIGNS}"

    def _chain(self) -> list[Item]:
        """The lines of the chain."""
        return list(items(self._ledger.lines, self.unfolded)) if self._ledger else []

    def unfold(self, unfolded: frozenset[Path]) -> None:
        """Show the layers of these blocks."""
        if unfolded != self.unfolded:
            self.unfolded = unfolded
            self.redraw()

    def _fold(self, wanted: bool | None) -> None:
        """Unfold the block under the cursor of the chain (True), fold it or the one around it, or change it (None)."""
        known = self._chain()
        if not known:
            return
        item = known[self.row]
        path = block_of(item) if not wanted else item.path if item.line.parts else ()
        if wanted is None and not item.line.parts and self._open():
            return
        if not path:
            host(self).say("this is not a block: only sum, concat and sequential can be folded; 2 goes to the layers")
        elif wanted is not None and item.line.parts and (item.path in self.unfolded) == wanted:
            host(self).say(f"this block is {'unfolded' if wanted else 'folded'} already")
        else:
            paths = [each.path for each in known]
            self.row = paths.index(path)
            self.post_message(self.Fold(path))

    def _open(self, *, walked: bool = False) -> bool:
        """Ask for the view of the layer under the cursor of the chain; returns whether there is one."""
        known = self._chain()
        shown = self._layers.get(known[self.row].path) if known else None
        if shown is None or not shown.view:
            return False
        self.post_message(self.Opened(shown.view, shown.place, walked))
        return True

    def _go_to_row(self, row: int) -> None:
        """Put the cursor of the chain on a line."""
        self.row = row
        self.redraw()
        self._open(walked=True)

    def _keep_inside(self) -> None:
        if self.chosen is not None:
            column = min(self.chosen[0], len(self._ranks) - 1)
            self.chosen = column, min(self.chosen[1], self._ranks[column].count - 1)
            self.link = min(self.link, self._links_of(self._ranks[column]))

    @staticmethod
    def _links_of(rank: Column) -> int:
        return 0 if rank.weights is None else int(rank.weights.shape[1])

    def _about_chosen(self) -> str:
        if self.chosen is None:
            keys = self.look.pick("← → ↑ ↓", "arrows")
            return f"{keys} select a unit" if self.has_focus else ""
        rank = self._ranks[self.chosen[0]]
        name = self._unit_name(*self.chosen)
        if rank.weights is None:
            return f"{name}: an input"
        value = self._value()
        shown = "none" if value is None else f"{value:.4g}"
        if self.link == 0:
            return f"{name}, bias: {shown}"
        return f"{self._between(*self.chosen, self.link - 1)}: {shown}"

    def _keys_of_weight(self) -> str:
        settable = self.has_focus and self.chosen is not None and self._ranks[self.chosen[0]].weights is not None
        return "  J K ±0.1" if settable else ""

    def _between(self, column: int, unit: int, source: int) -> str:
        arrow = self.look.pick("←", "<")
        return f"{self._unit_name(column, unit)} {arrow} {self._unit_name(column - 1, source)}"

    def _unit_name(self, column: int, unit: int) -> str:
        rank = self._ranks[column]
        if unit < len(rank.names):
            return clean(rank.names[unit], 24)
        return f"input {unit}" if rank.weights is None else f"layer {rank.layer} unit {unit}"

    def _value(self) -> float | None:
        """The number that the cursor means."""
        if self.chosen is None or not self._ranks:
            return None
        rank = self._ranks[self.chosen[0]]
        if self.link == 0:
            return None if rank.bias is None else float(rank.bias[self.chosen[1]])
        return None if rank.weights is None else float(rank.weights[self.chosen[1], self.link - 1])

    @property
    def subject(self) -> Subject | None:
        """The weight, or the unit with its bias, that the cursor is on."""
        if self.chosen is None or not self._ranks:
            return None
        rank, unit = self._ranks[self.chosen[0]], self.chosen[1]
        if self.link:
            return Weight(*self._place(self.chosen))
        name, path = self._unit_name(*self.chosen), "" if rank.weights is None else f"{rank.layer}"
        return UnitValues(path, f"{rank.pictures}" if path else "", unit, name, bias=rank.bias is not None)

    # Keys

    def choose(self, unit: Unit | None) -> None:
        """Put the cursor on a unit, or on none."""
        self._aside = None
        if unit != self.chosen:
            self.chosen, self.link = unit, 0 if unit is None else min(self.link, 1)
            self.redraw()
            self._tell()

    def _tell(self) -> None:
        if self.chosen is None or not self._ranks:
            self.post_message(self.Chosen(None, ""))
        else:
            picture = (self._ranks[self.chosen[0]].pictures, self.chosen[1])
            self.post_message(self.Chosen(picture, self._unit_name(*self.chosen)))

    def action_column(self, by: int) -> None:
        """A unit of another column."""
        if self._ranks:
            column, unit = self.chosen or (0 if by > 0 else len(self._ranks), 0)
            column = min(len(self._ranks) - 1, max(0, column + by))
            there = (column, min(unit, self._ranks[column].count - 1))
            if there == self.chosen:
                host(self).say(f"this is the {'first' if by < 0 else 'last'} layer drawn")
            self.choose(there)
        else:
            self._fold(by > 0)

    def action_unit(self, by: int) -> None:
        """Another unit of the same column."""
        if self._ranks:
            column, unit = self.chosen or (1, -1 if by > 0 else 0)
            if self._ranks[column].count == 1 and self.chosen is not None:
                host(self).say("this layer has only one unit")
            self.choose((column, (unit + by) % self._ranks[column].count))
        elif len(self._chain()) == 1:
            host(self).say("there is only one layer")
        elif self._chain():
            self._go_to_row((self.row + by) % len(self._chain()))

    def action_link(self, by: int) -> None:
        """Another number of the chosen unit."""
        if not self._ranks:
            self._tell_chain()
        elif self.chosen is None:
            self.action_column(1)
        if self.chosen is not None and not self._links_of(self._ranks[self.chosen[0]]):
            right = self.look.pick("→", "right")
            host(self).say(f"an input has no weights or bias; {right} goes to the first layer")
        elif self.chosen is not None:
            self.link = (self.link + by) % (self._links_of(self._ranks[self.chosen[0]]) + 1)
            self.redraw()

    def action_edit(self) -> None:
        """Type a value for the chosen weight or bias."""
        if not self._ranks:
            self._fold(None)
            return
        value = self._value()
        if value is None or self.chosen is None:
            self.action_link(1)
            return
        name, index = self._place(self.chosen)

        def take_answer(text: str | None) -> None:
            if text is not None:
                editor(self).set_weight(name, index, float(_WEIGHT.read(text)))

        self.app.push_screen(AskValue(self._about_chosen(), _WEIGHT, f"{value:.6g}"), take_answer)

    def _place(self, chosen: Unit) -> tuple[str, tuple[int, ...]]:
        """Name and index of the number that the cursor means."""
        rank, unit = self._ranks[chosen[0]], chosen[1]
        if self.link == 0:
            return f"{rank.layer}.bias", (unit,)
        return f"{rank.layer}.weight", (self.link - 1, unit)

    def action_adjust_weight(self, direction: int) -> None:
        """Make the chosen weight or bias a little larger or smaller."""
        value = self._value()
        if not self._ranks:
            self._tell_chain()
        elif value is None or self.chosen is None:
            self.action_link(1)
        else:
            name, index = self._place(self.chosen)
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
                editor(self).change(layers=changed(texts, path, put(text)))

    def _layer_under_cursor(self) -> Path | None:
        """Of the chosen unit, or of the line of the chain; an empty path for inputs, `None` where nothing is chosen."""
        if not self._ranks:
            known = self._chain()
            return known[self.row].path if known else None
        if self.chosen is None:
            return None
        layer = self._ranks[self.chosen[0]].layer
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
        if self._owners:
            self._click_chain(event)
            return
        if self._ranks and event.y == self.size.height - 1 and self._under is None:
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
            self.link = line.source + 1
            self.redraw()
        else:
            again = False
            self.choose(None)
        if again:
            self.action_edit()

    def _click_chain(self, event: events.Click) -> None:
        row = self._owners[event.y] if event.y < len(self._owners) else None
        if row is None:
            return
        if row == self.row and event.chain > 1:
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
