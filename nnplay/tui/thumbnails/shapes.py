"""A layer as what it does to a shape, and a network as a chain of layers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from nnplay.fields import fill
from nnplay.network.notation import show_layer
from nnplay.records.layer import LayerRecord
from nnplay.records.operation import Shape, shape_text
from nnplay.text import counted
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit


def draw_layer(record: LayerRecord, width: int, height: int, look: Look) -> list[Row]:
    """The shape that goes in, the layer as it is typed, the shape that comes out, for the record's first example."""
    if record.contains or not record.cases:
        inside: Row = ((fit("its layers, one after another", width), look.ink("dim")),)
        return [inside][:height]
    case = record.cases[0]
    plan = record.plan(fill(record.fields, case.values, record.name), case.shapes if record.joins else case.shape)
    down = look.pick("↓", "v")
    rows: list[Row] = [_box(shape, "in", look) for shape in case.shapes]
    called = record.name if record.joins else show_layer(record(**case.values))
    weights = sum(_count(parameter.shape) for parameter in plan.parameters.values())
    own = f"  {counted(weights, 'parameter')}" if weights else ""
    own = own if len(called) + len(own) + 6 <= width else ""
    rows += [((f"  {down}   ", look.ink("dim")), (called, look.ink("accent", bold=True)), (own, look.ink("dim")))]
    return [*rows, _box(plan.output, "out", look)][:height]


def _box(shape: Shape, where: str, look: Look) -> Row:
    """One row's shape: its axes in words, and its numbers as a bar."""
    bar = look.pick("▪", "#") * min(24, _count(shape))
    text = shape_text(shape) if not look.ascii else shape_text(shape).replace("×", "x")
    return ((f"{where:<5} ", look.ink("dim")), (f"{text:<9} ", look.ink("text")), (bar, look.series(0)))


def _count(shape: Sequence[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def draw_network(texts: Sequence[str], width: int, height: int, look: Look) -> list[Row]:
    """The layers as text in as many lines as there are; what does not fit is left out at its end."""
    lines = textwrap.wrap(", ".join(texts), width)
    if len(lines) > height:
        lines = [*lines[: height - 1], lines[height - 1][: max(0, width - 2)].rstrip() + look.pick(" …", " .")]
    return [((line, look.ink("accent")),) for line in lines]
