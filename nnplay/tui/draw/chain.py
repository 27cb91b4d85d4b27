"""A network too large for a graph: the chain of its layers with shapes and sizes, blocks folded one by one.

Where it is known what the layers give for an example, a small picture of that stands beside each line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from nnplay.network.edit_layers import Path
from nnplay.network.summary import Ledger
from nnplay.text import counted
from nnplay.tui.draw import number_text
from nnplay.tui.draw.layer_picture import draw_layer_picture, most_rows
from nnplay.tui.draw.scale_legend import scale_legend
from nnplay.tui.forms.folding import Item, items, title
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, Run, fit, joined, row_width
from nnplay.views.layer_pictures import LayerPicture

_LEAST_TEXT, _MOST_TEXT = 18, 34
_TITLE, _SHAPE, _PARAMETERS = 24, 14, 8


@dataclass(slots=True)
class Chain:
    """The drawn chain.

    Attributes:
        owners: for each row the line that it belongs to; None for those of inputs, outputs and what is left out.
    """

    rows: list[Row] = field(default_factory=list)
    owners: list[int | None] = field(default_factory=list)

    def add(self, rows: Sequence[Row], owner: int | None = None) -> None:
        """Put rows below those that are there."""
        self.rows += rows
        self.owners += [owner] * len(rows)


def chain(
    ledger: Ledger,
    width: int,
    height: int,
    look: Look,
    unfolded: Collection[Path] = (),
    cursor: int | None = None,
    pictures: Mapping[Path, LayerPicture] | None = None,
) -> Chain:
    """The layers from input to output, one a row with its shape and its share of the parameters.

    Args:
        unfolded: blocks whose layers are shown.
        cursor: the line that is pointed at; the rows around it are shown. Without it the middle is left out.
        pictures: of layers, by where they stand; lines that have one get further rows where there is room.
    """
    known = list(items(ledger.lines, unfolded))
    room = max(1, height - 2)
    lines = _Lines(known, ledger, width, look, unfolded, cursor, pictures or {}, room)
    drawn = Chain()
    drawn.add([_first(ledger, width, look, with_scale=bool(pictures))])
    if cursor is not None and len(known) > room:
        top = min(max(0, cursor - room // 2), len(known) - room)
        if top:
            drawn = Chain()
            drawn.add([_left_out(top, look)])
        lines.draw(drawn, range(top, top + room))
        if top + room < len(known):
            drawn.add([_left_out(len(known) - top - room, look)])
            return drawn
    elif len(known) > room:
        head, tail = room - room // 2 - 1, len(known) - room // 2
        lines.draw(drawn, range(head))
        drawn.add([_left_out(tail - head, look)])
        lines.draw(drawn, range(tail, len(known)))
    else:
        lines.draw(drawn, range(len(known)))
    drawn.add([_last(ledger, width, look, lines.opens)])
    return drawn


def _first(ledger: Ledger, width: int, look: Look, *, with_scale: bool) -> Row:
    """The inputs, and what the colours of the pictures mean."""
    text = look.pick("● ", "o ") + "input  " + ", ".join(ledger.inputs)
    legend = scale_legend(look.pick("−", "-"), "+", -1.0, look)
    spare = width - row_width(legend)
    if not with_scale or spare < _LEAST_TEXT:
        return ((text, look.ink("dim")),)
    return joined([(fit(text, spare - 1) + " ", look.ink("dim")), *legend])


def _last(ledger: Ledger, width: int, look: Look, opens: str) -> Row:
    """The outputs, and what enter does on the line under the cursor."""
    text, key = look.pick("● ", "o ") + "output " + ", ".join(ledger.outputs), f"  enter: {opens}" if opens else ""
    if not opens:
        return ((text, look.ink("dim")),)
    return joined([(fit(text, max(0, width - len(key))), look.ink("dim")), (key, look.ink("accent"))])


def _left_out(count: int, look: Look) -> Row:
    return ((f"  … {counted(count, 'more layer')}", look.ink("dim")),)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Draws lines of the chain, each with its rows."""

    known: list[Item]
    ledger: Ledger
    width: int
    look: Look
    unfolded: Collection[Path]
    cursor: int | None
    pictures: Mapping[Path, LayerPicture]
    room: int

    @property
    def opens(self) -> str:
        """What enter does on the line under the cursor: it opens a view, or a block; empty where it does nothing."""
        if self.cursor is None or not self.pictures:
            return ""
        item = self.known[self.cursor]
        if item.line.parts:
            return "fold" if item.path in self.unfolded else "unfold"
        found = self.pictures.get(item.path)
        return found.view if found is not None else ""

    def draw(self, drawn: Chain, places: range) -> None:
        """Put these lines below what is drawn."""
        rows = self._heights()
        for place in places:
            item, active = self.known[place], place == self.cursor
            if self.pictures:
                drawn.add(self._pictured(item, rows[place], active=active), place)
            else:
                drawn.add([self._line(item, active=active)], place)

    def _heights(self) -> list[int]:
        """Rows of each line: one more in turn while there is room, first for layers that learn and for blocks."""
        heights = [1] * len(self.known)
        most = [self._most_rows(item) for item in self.known]
        learning = [bool(item.line.parameters or item.line.parts) for item in self.known]
        telling = [most[k] if learns else 1 for k, learns in enumerate(learning)]
        spare = self.room - len(self.known)
        for limit in ([min(3, each) for each in telling], [min(2, each) for each in most], most):
            while spare > 0 and (growing := [k for k, rows in enumerate(heights) if rows < limit[k]]):
                for place in growing[:spare]:
                    heights[place] += 1
                spare -= len(growing[:spare])
        return heights

    def _most_rows(self, item: Item) -> int:
        found = self.pictures.get(item.path)
        return 1 if found is None else most_rows(found, self._beside)

    @property
    def _shape(self) -> int:
        """Columns of the shapes, in lines without pictures."""
        return min(_SHAPE, max((cell_len(item.line.shape) for item in self.known), default=0) + 1)

    @property
    def _text(self) -> int:
        """Columns of the words beside a picture."""
        return min(_MOST_TEXT, max(_LEAST_TEXT, self.width * 2 // 5))

    @property
    def _beside(self) -> int:
        """Columns of a picture."""
        return self.width - self._text - 3

    def _pictured(self, item: Item, rows: int, *, active: bool) -> list[Row]:
        """The layer's text at the left, its shape and parameters below that or beside it, and its picture."""
        found = self.pictures.get(item.path)
        drawn = [] if found is None else draw_layer_picture(found, self._beside, rows, self.look)
        words = self._words(item, rows, active=active)
        dim = self.look.ink("dim")
        blank: Row = ((" " * self._text, dim),)
        return [
            joined(
                [
                    self._lead(active, first=y == 0),
                    *(words[y] if y < len(words) else blank),
                    (" ", dim),
                    *(drawn[y] if y < len(drawn) else ()),
                ]
            )
            for y in range(rows)
        ]

    def _words(self, item: Item, rows: int, *, active: bool) -> list[Row]:
        """What is written beside a picture, in as many rows or fewer."""
        text, dim = self._text, self.look.ink("dim")
        ink = self.look.ink("accent" if active else "text", bold=active)
        named = title(item, self.unfolded, self.look, text)
        count = number_text.count(item.line.parameters, 0).strip() if item.line.parameters else ""
        if rows > 2 or not count:
            shape, count = number_text.shape(item.line.shape, text).strip(), counted(item.line.parameters, "parameter")
            below = [shape, count if item.line.parameters else ""]
        else:
            below = [f"{number_text.shape(item.line.shape, text - len(count) - 2).strip()}  {count}"]
        if rows == 1:
            spare = text - cell_len(named) - 1
            return (
                [joined([(fit(named, text - len(below[0])), ink), (below[0], dim)])]
                if len(below[0]) < spare
                else [((fit(named, text), ink),)]
            )
        return [((fit(named, text), ink),), *(((fit(each, text), dim),) for each in below)]

    def _lead(self, active: bool, *, first: bool = True) -> Run:
        look = self.look
        lead = look.pick("▸ ", "> ") if active and first else look.pick("│ ", "| ")
        return lead, look.ink("accent" if active else "faint")

    def _line(self, item: Item, *, active: bool) -> Row:
        """A line without a picture: text, shape, parameters, and a bar for their share of all."""
        line, look = item.line, self.look
        most = max(10, min(_TITLE, self.width - 12 - self._shape))
        share = line.parameters / self.ledger.parameters if self.ledger.parameters else 0.0
        bar = look.pick("█", "#") * round(share * max(0, self.width - 50))
        return joined(
            [
                self._lead(active),
                (
                    fit(title(item, self.unfolded, look, most - 1), most - 1) + " ",
                    look.ink("accent" if active else "text", bold=active),
                ),
                (number_text.shape(line.shape, self._shape), look.ink("dim")),
                (
                    number_text.short(line.parameters, _PARAMETERS) if line.parameters else " " * _PARAMETERS,
                    look.ink("dim"),
                ),
                ("  " + bar, look.ink("accent")),
            ]
        )
