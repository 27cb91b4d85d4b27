"""One training step in plain text: rows by phase with shapes, formula and numbers, and elements worked out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError, unknown
from nnplay.inspector.inspector import Inspector, RowView
from nnplay.inspector.players import gradients_of
from nnplay.records.operation import shape_text
from nnplay.records.time_charts import Chart, charts
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Row
from nnplay.tape.tensor_names import slot_named
from nnplay.text import counted

Array = NDArray[Any]
PHASES: Final = ("trial", "data", "forward", "loss", "backward", "update")
#: Lines and numbers of a tensor that are written out; larger ones are shown by their corner and statistics.
_LINES: Final = 12
_COLUMNS: Final = 10
#: Characters of the longest bar.
_BAR: Final = 24


def step_text(inspector: Inspector, phases: Sequence[str] = PHASES, *, explain: bool = False) -> list[str]:
    """The step that the inspector stands at, the rows of some phases.

    Args:
        explain: with words, the PyTorch name and the definition in NumPy of each row.

    Raises:
        InputError: an unknown phase.
    """
    for phase in phases:
        if phase not in PHASES:
            raise unknown("phase", phase, PHASES, where="--rows")
    lines = [heading(inspector)]
    phase = ""
    for view in inspector.views():
        if view.phase not in phases or not inspector.runs(view.number):
            continue
        if view.section != phase:
            lines += ["", f"== {view.section} =="]
            phase = view.section
        lines += ["", *row_text(inspector, view, explain=explain)]
    return lines


def heading(inspector: Inspector) -> str:
    """Which step it is, on which batch, at which learning rate."""
    trainer, idle = inspector.trainer, [f"{name} sits it out" for name in inspector.sitting_out]
    several = "".join(f", {words}" for words in (*inspector.batch_words, *idle))
    return (
        f"step {trainer.step + 1:,}: epoch {trainer.epoch + 1:,}, batch {trainer.batch + 1:,} of {trainer.batches:,}, "
        f"{counted(inspector.n, 'row')}, learning rate {trainer.lr:g}{several}"
    )


def row_text(inspector: Inspector, view: RowView, *, explain: bool = False) -> list[str]:
    """One row: what it does, its formula, what it reads and writes."""
    lines = [f"row {view.number}  {where(view)}{view.name}", f"  {view.formula}"]
    if explain:
        lines += [f"  {line}" for line in (view.words, *_product(view), *_torch(view), *view.code.splitlines())]
    parameters = inspector.spans_parameters(view.number)
    if not parameters:
        return lines + _operands(inspector, view, "") + _charts(inspector, view.number, ())
    for parameter in parameters:
        lines += [f"  {parameter}", *(f"  {line}" for line in _operands(inspector, view, parameter))]
    return lines


def _product(view: RowView) -> list[str]:
    return [view.product] if view.product else []


def _torch(view: RowView) -> list[str]:
    return [f"PyTorch: {view.torch}"] if view.torch else []


def where(view: RowView) -> str:
    """The row's layer, for the head of its lines."""
    return f"layer {view.path}, {view.layer}:  " if view.path else f"{view.branch_words}:  " if view.branch else ""


def _operands(inspector: Inspector, view: RowView, parameter: str) -> list[str]:
    before, _ = inspector.before_and_after(view.number, parameter)
    values = inspector.values(view.number, parameter)
    for name, slot in inspector.slots(view.number, parameter).items():
        if (places := inspector.numbers_of(slot)) is not None:
            values[name] = values[name][places]
    writes = [operand.name for operand in view.operands if operand.role == "written"]
    reads = [operand.name for operand in view.operands if operand.role == "read" and operand.name not in writes]
    lines: list[str] = []
    for name in reads:
        lines += tensor_text(name, values[name])
    for name in dict.fromkeys(writes):
        if name == "finite_flags":  # for the machine: 0, or NaN after a number that is not finite
            continue
        if name in inspector.rows[view.number].operation.reads:
            lines += tensor_text(f"{name} before", before[name])
        lines += tensor_text(f"→ {name}", values[name])
    return lines


def _charts(inspector: Inspector, number: int, index: tuple[int, ...]) -> list[str]:
    """What a row that walks through time has at each step; of unit 0 in batch row 0 if no element is chosen."""
    operation = inspector.rows[number].operation
    if operation.timed is None:
        return []
    return [line for chart in charts(operation, inspector.values(number), index or (0, 0, 0)) for line in _chart(chart)]


def _chart(chart: Chart) -> list[str]:
    """One line a step: its numbers, and where there is only one or they are sizes, bars."""
    lines = [f"  {chart.title}", "    step " + "".join(name.rjust(12) for name in chart.names)]
    exponents = np.log10(np.maximum(np.abs(chart.values[:, 0]), np.finfo(np.float64).tiny))
    least = float(exponents[chart.values[:, 0] != 0].min(initial=0.0)) - 1.0
    span = max(1.0, float(exponents.max(initial=least)) - least)
    for step, values in enumerate(chart.values):
        numbers = "".join(number(float(value)).rjust(12) for value in values)
        filled = round(_BAR * max(0.0, float(exponents[step]) - least) / span) if np.isfinite(values[0]) else 0
        lines.append(f"    t={step:<3}{numbers}" + (f"  {'█' * filled}" if chart.logarithmic else ""))
    return [*lines, *([f"    {chart.words}"] if chart.words else [])]


def tensor_text(name: str, values: Array) -> list[str]:
    """A tensor with its shape: in full where it is small, else its corner and statistics."""
    shape = shape_text(values.shape) if values.ndim else "1"
    if values.size == 1:
        return [f"  {name} = {number(float(values.reshape(-1)[0]))}"]
    if not values.size:
        return [f"  {name} (empty: the network has no parameters)"]
    lines = [f"  {name} ({shape})"]
    table = values.reshape(-1, values.shape[-1])
    shown = [[number(float(value)) for value in line[:_COLUMNS]] for line in table[:_LINES]]
    width = max(len(text) for line in shown for text in line)
    more = "  …" if table.shape[1] > _COLUMNS else ""
    lines += ["    " + "  ".join(text.rjust(width) for text in line) + more for line in shown]
    if table.shape[0] > _LINES:
        lines.append(f"    … {counted(table.shape[0] - _LINES, 'more line')}")
    if more or table.shape[0] > _LINES:
        lines.append(f"    {statistics(values)}")
    return lines


def statistics(values: Array) -> str:
    """Smallest, largest and mean number, and how many are zero or not finite."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "no number is finite"
    words = f"min {number(float(finite.min()))}, max {number(float(finite.max()))}, mean {number(float(finite.mean()))}"
    words += f", {np.count_nonzero(values == 0):,} of {values.size:,} are zero"
    return words + (f", {values.size - finite.size:,} are not finite" if finite.size < values.size else "")


def number(value: float) -> str:
    """A number with six significant digits."""
    return f"{value:.6g}" if math.isfinite(value) else str(value)


# -- one element of a tensor -------------------------------------------------------------------------------------------


def element_text(inspector: Inspector, name: str, index: tuple[int, ...]) -> list[str]:
    """One element of a tensor worked out: where it is made or used, its gradient, and its update.

    Args:
        name: "0.weight"; "weight" or "w" where only one layer has it; "0.output".
        index: as many numbers as the tensor has axes.

    Raises:
        InputError: there is no such tensor or element.
    """
    slot = slot_named(inspector.machine, name)
    shape = slot.at(inspector.n)
    if len(index) != len(shape) or any(not 0 <= k < size for k, size in zip(index, shape, strict=True)):
        given = " ".join(map(str, index))
        raise InputError(f"'{given}' is not an element of {slot.name}, which is {shape_text(shape)}", where="--element")
    lines = [heading(inspector), "", f"{slot.name}[{','.join(map(str, index))}]"]
    if slot.region == "parameters":
        return lines + _parameter_text(inspector, slot, index)
    made = _rows_where(inspector, lambda row: row.writes and row.writes[0] is slot)
    for number in made:
        lines += _element_lines(inspector, number, index)
    gradient = _rows_where(inspector, lambda row: row.writes[0].name == f"d{slot.name}")
    for number in gradient:
        lines += _element_lines(inspector, number, index)
    if not made and not gradient:
        lines += ["  no row of the step computes it as its first result"]
    return lines


def _parameter_text(inspector: Inspector, slot: Slot, index: tuple[int, ...]) -> list[str]:
    lines: list[str] = []
    for number in _rows_where(inspector, lambda row: slot in row.reads and row.phase == "forward"):
        shape = inspector.rows[number].writes[0].at(inspector.n)
        used = (*(0 for _ in shape[:-1]), min(index[-1], shape[-1] - 1))
        lines += _element_lines(inspector, number, used)
    gradients = gradients_of(inspector, slot.name)
    for number in _rows_where(inspector, lambda row: row.writes[0] in gradients):
        lines += _element_lines(inspector, number, index)
    if slot.name not in inspector.trained:
        return [*lines, "", "it is frozen, so it has no gradient and no update"]
    updates = len(lines)
    for number in filter(inspector.runs, range(len(inspector.rows))):
        if slot.name in inspector.spans_parameters(number):
            lines += _element_lines(inspector, number, index, slot.name)
        elif _is_own_update(inspector.rows[number], slot):
            lines += _element_lines(inspector, number, index)
    if len(lines) == updates:
        lines += ["", "its objective sits this step out or rests, so there is no update"]
    return lines


def _is_own_update(row: Row, slot: Slot) -> bool:
    """Whether a row of the update changes that parameter alone, or works out numbers of its own for that."""
    written = row.writes[0]
    named = written.name == slot.name or written.name.startswith(f"{slot.name}.")
    return row.phase == "update" and named and written.shape == slot.shape


def _rows_where(inspector: Inspector, holds: Callable[[Any], Any]) -> list[int]:
    """Those rows that this step runs."""
    return [number for number, row in enumerate(inspector.rows) if inspector.runs(number) and holds(row)]


def _element_lines(inspector: Inspector, number: int, index: tuple[int, ...], parameter: str = "") -> list[str]:
    """One element of a row: formula, symbols, numbers, and what the row itself computed."""
    view = inspector.view(number)
    row = inspector.rows[number]
    term = inspector.element(number, index, parameter)
    result = inspector.values(number, parameter)[row.operation.writes[0]][index]
    name = f"{row.operation.writes[0]}[{','.join(map(str, index))}]"
    return [
        "",
        f"{view.section}, row {number}: {where(view)}{view.name}",
        f"  {view.formula}",
        f"  {name} = {term.symbols}",
        f"  {' ' * len(name)} = {term.numbers}",
        f"  {' ' * len(name)} = {number_of(term.value)}" + _beside(float(result), term.value),
        *_charts(inspector, number, index),
    ]


def number_of(value: float) -> str:
    """A worked-out number with eight significant digits."""
    return f"{value:.8g}"


def _beside(result: float, worked: float) -> str:
    """What the row's kernel has, where rounding shows."""
    same = number_of(result) == number_of(worked)
    return "" if same else f"   (the kernel has {number_of(result)})"
