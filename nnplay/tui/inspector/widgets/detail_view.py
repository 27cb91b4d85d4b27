"""The row under the cursor: formula, one element worked out with live numbers, operands, words, code."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from nnplay.inspector.messages import Detail, OperandView, View, When
from nnplay.text import cut_as
from nnplay.tui.inspector.widgets import boxes_over, patch, tiles, time_bars
from nnplay.tui.inspector.widgets.tiles import Form, Tile
from nnplay.tui.theme.look import Ink
from nnplay.tui.widgets.cells import Cells, Row, Run, fit, joined, row_width, wrap

_ROOMY = 26
"""Rows from which there is room for long formulas."""

_TILE = 4
"""Rows of an operand's table beside a picture with boxes."""
_BOTH = boxes_over.LEAST + _TILE
"""Rows that a picture with boxes and operands take; where there are fewer it has them all, until one is chosen."""

_GOOD = 1e-4
"""A relative error of the gradient check below this is rounding."""


class DetailView(Cells):
    """Draws a view's detail; what is drawn and how is set by the screen."""

    def __init__(self) -> None:
        super().__init__(id="detail")
        self.view: View | None = None
        self.form: Form = "colours"
        self.when: When = "after"
        self.chosen = ""
        self.full = False
        self.code = False
        self.hidden = False

    def show(self, view: View) -> None:
        """Draw this view."""
        self.view = view
        self.redraw()

    def _is_of_boxes(self, detail: Detail) -> bool:
        """Whether a picture with boxes may take the place of the operands: none of them was asked for."""
        asked = self.full or self.code or self.hidden or (self.form, self.when) != ("colours", "after")
        return detail.boxes is not None and self.chosen_operand(detail) == detail.result.name and not asked

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """From top to bottom: title, formula, element, operands, words."""
        if self.view is None:
            return ()
        detail = self.view.detail
        head, words, room = self._text(detail, width, height, tight=False)
        if self._is_of_boxes(detail) and room < _BOTH:
            head, words, room = self._text(detail, width, height, tight=True)
            middle = self._tight(detail, width, room)
        else:
            middle = self._code(detail, width, room) if self.code else self._middle(detail, width, room)
        return [*head, *middle[:room], *[()] * (room - len(middle)), *words]

    # -- the text --------------------------------------------------------------------------------------------------

    def _text(self, detail: Detail, width: int, height: int, *, tight: bool) -> tuple[list[Row], list[Row], int]:
        """What stands above and below the operands, `tight` in fewer words, and the rows between them."""
        head = [*self._title(detail, width), *self._formula(detail, width, height, tight=tight)]
        words = self._words(detail, width, height, tight=tight)
        return head, words, height - len(head) - len(words)

    def _lines(self, text: str, width: int, most: int, ink: Ink) -> list[Row]:
        text = tiles.plain(text, self.look)
        every = wrap(text, max(10, width))
        lines = every[:most]
        if len(every) > most:
            with cut_as(text):
                lines[-1] = fit(f"{lines[-1]} {every[most]}", width)
        return [((line, self.look.ink(ink)),) for line in lines]

    def _title(self, detail: Detail, width: int) -> list[Row]:
        row = detail.row
        parameter = f"   {detail.parameter}" if detail.parameter else ""
        number = f"{row.number}  "
        layers = [f"layer {row.path} · {row.layer}   ", f"{row.path} · "] if row.path else [f"{row.branch_words}   "]
        rest = cell_len(number + row.name + parameter)
        fitting = (layer for layer in layers if cell_len(layer) + rest <= width)
        layer = next(fitting, "") if row.path or row.branch else ""
        name = fit(row.name, width - len(number)) if not layer and rest > width else row.name
        text: list[Run] = [
            (number, self.look.ink("dim")),
            (layer, self.look.ink("text")),
            (name, self.look.ink("accent", bold=True)),
            (parameter, self.look.ink("above", bold=True)),
        ]
        if len(detail.parameters) > 1:
            place = detail.parameters.index(detail.parameter) + 1
            text.append((f"  [ ] {place} of {len(detail.parameters)}", self.look.ink("dim")))
        return [joined(text)]

    def _formula(self, detail: Detail, width: int, height: int, *, tight: bool) -> list[Row]:
        most = 3 if height >= _ROOMY else 2
        rows = self._lines(detail.row.formula, width, most, "strong")
        worked = detail.worked
        if detail.problem:
            return [*rows, *self._lines(detail.problem, width, 2, "warning")]
        if worked is None:
            return rows
        name = f"{worked.name}[{','.join(map(str, worked.index))}]"
        if self.hidden:
            return [*rows, ((f"{name} = ?", self.look.ink("warning", bold=True)),), ()]
        if tight:
            return [*rows, *self._briefly(detail, name, width), ()]
        if not self.code or height >= _ROOMY:
            rows += self._lines(f"{name} = {worked.symbols}", width, most, "text")
            if worked.numbers != worked.symbols:
                rows += self._lines(f"= {worked.numbers}", width, most, "above")
        return [*rows, self._value(detail), ()]

    def _briefly(self, detail: Detail, name: str, width: int) -> list[Row]:
        """The element in one line, and how it comes about where neither that nor the picture's words say so."""
        worked = detail.worked
        assert worked is not None
        assert detail.boxes is not None
        own = self._value(detail, f"{name} = ")
        if detail.boxes.brief or " " not in worked.numbers:  # the picture's words say it, or a number that was copied
            return [own]
        return [own, *self._lines(f"= {worked.numbers}", width, 1, "above")]

    def _value(self, detail: Detail, before: str = "= ") -> Row:
        worked = detail.worked
        assert worked is not None
        runs: list[Run] = [
            (before, self.look.ink("above")),
            (f"{worked.value:.6g}", self.look.ink("strong", bold=True)),
        ]
        if f"{worked.value:.6g}" != f"{worked.result:.6g}":
            runs.append((f"   kernel {worked.result:.6g}", self.look.ink("dim")))
        if detail.result.before is not None:
            runs.append((f"   before {worked.before:.6g}", self.look.ink("dim")))
            runs.append((f"   change {worked.result - worked.before:+.3g}", self.look.ink("below")))
        return joined(runs)

    def _words(self, detail: Detail, width: int, height: int, *, tight: bool) -> list[Row]:
        row = detail.row
        rows = self._lines(row.words, width, 3 if height >= 24 or tight else 2, "text")
        if row.product:
            rows += self._lines(row.product, width, 2, "above")
        if row.evaluation and height >= 20 and not tight:
            rows += self._lines(f"in evaluation: {row.evaluation}", width, 1, "dim")
        if row.torch and height >= 24:
            rows += self._lines(f"PyTorch: {row.torch}", width, 1, "dim")
        return [(), *rows]

    def _code(self, detail: Detail, width: int, height: int) -> list[Row]:
        lines = [line for text in detail.row.code.splitlines() for line in (text or " ",)]
        rows: list[Row] = [
            (("the definition in NumPy, which the fast kernel is tested against", self.look.ink("dim")),)
        ]
        ink = self.look.ink("above")
        rows += [((fit(tiles.plain(line, self.look), width), ink),) for line in lines[: max(0, height - 2)]]
        return rows

    # -- the operands ----------------------------------------------------------------------------------------------

    def _tight(self, detail: Detail, width: int, height: int) -> list[Row]:
        """The picture with boxes, and which operands there are."""
        names = ", ".join(tile.title() for tile in self._tiles(detail))
        operands = fit(tiles.plain(f"tab: operands ({names})", self.look), width)
        bars = [*self._checks(), *self._charts(detail, width, height - 1)]
        return [*bars[: height - 1], ((operands, self.look.ink("dim")),)]

    def _middle(self, detail: Detail, width: int, height: int) -> list[Row]:
        most = height * 2 // 3
        if detail.boxes is not None:
            most = 0 if height < _BOTH else max(most, height - _TILE)
        bars = [] if self.hidden else self._charts(detail, width, most)
        bars = [*self._checks(), *bars][:most]
        shown = self._tiles(detail)
        if self.full:
            shown = [tile for tile in shown if tile.chosen]
        room = height - len(bars)
        lines = tiles.arrange_tiles(shown, width, room)
        left_out = [tile.title() for tile in shown if all(tile is not other for line in lines for other, _, _ in line)]
        if left_out:
            lines = tiles.arrange_tiles(shown, width, room - 1)
        rows = [row for line in lines for row in self._line(line)]
        if left_out:
            rows.append(
                (
                    (
                        fit(tiles.plain(f"tab: more operands ({', '.join(left_out)})", self.look), width),
                        self.look.ink("dim"),
                    ),
                )
            )
        return [*rows, *bars]

    def _charts(self, detail: Detail, width: int, height: int) -> list[Row]:
        """The window of a convolution, boxes over the picture, and numbers by time step, where the row has such."""
        rows: list[Row] = []
        if detail.boxes is not None:
            rows += boxes_over.rows_of(detail.boxes, width, height, self.look)
        if detail.patch is not None:
            rows += patch.rows_of(detail.patch, width, height, self.look)
        for chart in detail.charts:
            rows += time_bars.rows_of(chart, width, height - len(rows), self.look)
        return rows

    def _checks(self) -> list[Row]:
        """What the last gradient check found, parameter by parameter."""
        checks = self.view.check if self.view is not None else ()
        if not checks:
            return []
        look = self.look
        rows: list[Row] = [(("gradient check       backpropagated   differences   relative error", look.ink("dim")),)]
        for line in checks:
            name = f"{line.name}[{','.join(map(str, line.index))}]"
            good = line.worst < _GOOD
            worst = f"worst of {line.count}" if line.count > 1 else ""
            rows.append(
                joined(
                    [
                        (fit(name, 20), look.ink("text")),
                        (f"{line.computed:>15.6e} {line.measured:>13.6e}   ", look.ink("text")),
                        (f"{line.worst:.1e} ", look.ink("accent" if good else "error", bold=True)),
                        (look.pick("✓ ", "ok ") if good else "! ", look.ink("accent" if good else "error")),
                        (worst, look.ink("dim")),
                    ]
                )
            )
        return [*rows, ()]

    def _tiles(self, detail: Detail) -> list[Tile]:
        chosen = self.chosen_operand(detail)
        result = detail.result.name
        return [
            Tile(operand, self.form, self.when, operand.name == chosen, self.hidden and operand.role == "written")
            for operand in sorted(detail.operands, key=lambda one: (one.role == "written", one.name == result))
        ]

    def chosen_operand(self, detail: Detail) -> str:
        """The operand that arrows work on: the result unless another one of this row was chosen."""
        names = [operand.name for operand in detail.operands]
        return self.chosen if self.chosen in names else detail.result.name

    @property
    def operand(self) -> OperandView | None:
        """The operand that arrows work on; none while nothing is shown."""
        if self.view is None:
            return None
        name = self.chosen_operand(self.view.detail)
        return next(operand for operand in self.view.detail.operands if operand.name == name)

    def _line(self, line: list[tuple[Tile, int, int]]) -> list[Row]:
        drawn = [(tiles.draw(tile, columns, rows, self.look), columns) for tile, columns, rows in line]
        height = line[0][2]
        blank = self.look.ink("dim")
        merged: list[Row] = []
        for y in range(height):
            runs: list[Run] = []
            for rows, columns in drawn:
                row = rows[y]
                runs += [*row, (" " * (columns - row_width(row) + 2), blank)]
            merged.append(joined(runs))
        return merged
