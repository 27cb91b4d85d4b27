"""What units hold over the steps of an example: a map for each gate and state, units down and steps across."""

from __future__ import annotations

from nnplay.explain.explanation import Subject
from nnplay.explain.state_number import StateNumber
from nnplay.text import clean, counted, figure
from nnplay.tui.draw.arrays import Floats
from nnplay.tui.draw.blocks import picture, resample
from nnplay.tui.draw.scale_legend import scale_legend, signed_legend
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.field import Element, Field
from nnplay.tui.outputs.gallery import beside, peak_of
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import PLAIN, Row, fit, graphemes, joined, row_width
from nnplay.views.kinds.states import Block, States
from nnplay.views.view import Shown, path_in

_GAP = 2
_LEAST_COLUMNS = 12
_MOST_CELL = 6


def draw(view: States, width: int, height: int, look: Look) -> list[Row]:
    """As many maps beside each other as are needed for all to be seen; steps on the axis below each."""
    across, rows = _arrange(view, width, height - 1)
    room = (width + _GAP) // across - _GAP
    drawn: list[Row] = [_lead(view, width, look)]
    for start in range(0, len(view.blocks), across):
        maps = [_draw_block(block, view.steps, room, rows, look) for block in view.blocks[start : start + across]]
        drawn += [beside([each[y] for each in maps], _GAP) for y in range(rows + 2)]
    return drawn[:height]


def _arrange(view: States, width: int, height: int) -> tuple[int, int]:
    """Maps beside each other, and the rows of each."""
    count = len(view.blocks)
    most = max(1, (width + _GAP) // (_LEAST_COLUMNS + _GAP))
    fits = [n for n in range(1, min(count, most) + 1) if height // -(-count // n) - 2 >= 2]
    across = next((n for n in fits if height // -(-count // n) - 2 >= 5), max(fits, default=min(count, most)))
    units = max(len(block.values) for block in view.blocks)
    return across, max(1, min(height // -(-count // across) - 2, units))


def _lead(view: States, width: int, look: Look) -> Row:
    units, steps = view.blocks[0].values.shape
    text = f"{counted(units, 'unit')} down, {counted(steps, 'step')} across"
    return ((fit(text, width), look.ink("dim")),)


def _draw_block(block: Block, steps: tuple[str, ...], width: int, rows: int, look: Look) -> list[Row]:
    """Title with the scale, the map, and what stands at the steps; all of the same width."""
    count = block.values.shape[1]
    cell = max(1, min(_MOST_CELL, width // count))
    columns = min(width, cell * count)
    peak = 1.0 if block.opens else peak_of(block.values)
    legend = scale_legend("0", "1", 0.0, look) if block.opens else signed_legend(peak, look)
    spare = width - row_width(legend)
    title = [(fit(block.name, max(0, spare - 1)) + " ", look.ink("text")), *legend]
    if spare <= len(block.name):
        title = [(fit(block.name, width), look.ink("text"))]
    body = picture(_enlarged(block.values, look.down * rows, look.across * columns), rows, columns, -peak, peak, look)
    rest = (" " * (width - columns), PLAIN)
    axis = _axis(steps, count, cell, columns)
    return [
        joined(title),
        *(joined([*row, rest]) for row in body),
        ((fit(axis, width), look.ink("dim")),),
    ]


def _enlarged(values: Floats, rows: int, columns: int) -> Floats:
    """Units and steps as pixels: means where there are more than pixels."""
    return resample(values, rows, columns)


def _axis(steps: tuple[str, ...], count: int, cell: int, columns: int) -> str:
    """What stands at each step, where each has a column; else the numbers of the first and the last."""
    if cell * count > columns:
        end = str(count - 1)
        return "0" + end.rjust(columns - 1) if columns > len(end) else "0"
    names = [clean(name, 24) for name in steps]
    if all(name.isdigit() for name in names) and cell < max(map(len, names)) + 1:
        every = -(-(max(map(len, names)) + 1) // cell)
        return "".join(fit(name, every * cell) for name in names[::every])
    return "".join(fit(name if len(name) <= cell else "".join(graphemes(name)[:1]), cell) for name in names)


def place_numbers(view: States, width: int, height: int, look: Look) -> list[Field]:
    """An element is a block, a unit and a step."""
    across, rows = _arrange(view, width, height - 1)
    room = (width + _GAP) // across - _GAP
    found: list[Field] = []
    for number, block in enumerate(view.blocks):
        units, steps = block.values.shape
        columns = min(room, max(1, min(_MOST_CELL, room // steps)) * steps)
        top = 1 + number // across * (rows + 2) + 1
        if top + rows <= height:
            found.append(Field(top, number % across * (room + _GAP), rows, columns, (units, steps), (number,)))
    return found


def tell_number(view: States, element: Element) -> str:
    """Unit and step, and the number there."""
    number, unit, step = element
    block = view.blocks[number]
    return f"{block.name}, unit {unit}, step {step}: {figure(float(block.values[unit, step]))}"


def explain_number(view: States, element: Element | None, shown: Shown) -> Subject | None:
    """The number under the cursor."""
    if element is None:
        return None
    number, unit, step = element
    return StateNumber(path_in(shown), shown.item, (number, unit, step))


STATES = Drawing(States, draw, subject=explain_number, fields=place_numbers, tell=tell_number)
