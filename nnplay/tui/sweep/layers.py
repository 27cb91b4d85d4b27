"""Dots of several layers in one grid of cells: what lies on top hides what is below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.style import Style

from nnplay.tui.draw import curves
from nnplay.tui.draw.raster import Area, Bits
from nnplay.tui.theme.look import Ink, Look
from nnplay.tui.widgets.cells import Run


@dataclass(frozen=True, slots=True)
class Layer:
    """Cells (height, width) that have dots, their style, and the sign of a cell where there is no braille."""

    bits: Bits
    style: Style
    sign: str


def unit_area(width: int, height: int, look: Look) -> Area:
    """A plot of so many cells, from 0 to 1 both ways."""
    return Area(width, height, (0.0, 1.0), (0.0, 1.0), fine=curves.is_fine(look))


def styles(look: Look, others: Ink) -> tuple[tuple[Style, str], tuple[Style, str], tuple[Style, str]]:
    """Style and sign of the trial under the cursor, of the best trials, and of all others in the ink `others`."""
    return (
        (look.ink("warning", bold=True), look.pick("◆", "@")),
        (look.ink("accent", bold=True), look.pick("•", "*")),
        (look.ink(others), look.pick("·", ".")),
    )


def rows_of(layers: Sequence[Layer], area: Area) -> list[list[Run]]:
    """Rows of runs, one run a cell; the first layer is on top."""
    rows: list[list[Run]] = []
    for row in range(area.height):
        lines = [layer.bits[row].tolist() for layer in layers]
        runs: list[Run] = []
        for column in range(area.width):
            for layer, line in zip(layers, lines, strict=True):
                if line[column]:
                    runs.append((chr(0x2800 + line[column]) if area.fine else layer.sign, layer.style))
                    break
            else:
                runs.append((" ", layers[-1].style))
        rows.append(runs)
    return rows
