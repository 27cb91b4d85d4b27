"""One row of a step as it is listed and explained: phase, layer, operands, formula, words, definition."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from nnplay.records.operation import BATCH
from nnplay.tape.memory_layout import Slot
from nnplay.tape.tape import Row, Tape

#: Stands for the mean of all branches of an ensemble, which have their own losses.
MEAN: Final = "mean"
#: Longer functions that a definition calls are not shown with it.
_LINES_OF_HELPER: Final = 12


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand of a row.

    Attributes:
        name: in the words of the operation ("x", "weight", "dy").
        slot: name of its place in memory ("0.weight").
        role: read or written.
        adds: the row adds to what is there.
        shape: for the present batch; of a vector over many tensors without the padding between them.
    """

    name: str
    slot: str
    role: str
    adds: bool
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RowView:
    """One row as it is listed.

    Attributes:
        number: position in the step.
        phase: data, forward, loss, backward or update.
        path, layer: the layer's path and kind, or empty.
        name, formula, words, torch: from the operation.
        code: the NumPy definition.
        operands: what it reads, then what it writes.
        evaluation: what the same layer does in evaluation, where that differs.
        player: the objective that it belongs to, of a run with several.
        branch: of an ensemble whose branches have their own losses: the one whose row it is ("0.1"), or `MEAN`.
        product: where a transpose comes from, with the shapes of this batch, in the backward row of a linear map.
    """

    number: int
    phase: str
    path: str
    layer: str
    name: str
    formula: str
    words: str
    torch: str
    code: str
    operands: tuple[Operand, ...]
    evaluation: str = ""
    product: str = ""
    player: str = ""
    branch: str = ""

    @property
    def branch_words(self) -> str:
        """The branch, or the mean of all, for readers."""
        return "mean of branches" if self.branch == MEAN else f"branch {self.branch}" if self.branch else ""

    @property
    def section(self) -> str:
        """The phase, with the objective in front where there are several."""
        return f"{self.player}: {self.phase}" if self.player else self.phase


def describe(tape: Tape, row: Row, number: int, n: int, player: str = "", branch: str = "") -> RowView:
    """A row in words, for a batch of n rows."""
    operation = row.operation
    roles = [("read", False)] * len(row.reads) + [("written", adds) for adds in row.adds]
    spans = {id(slot) for slot in tape.layout.spans}

    def shape(slot: Slot) -> tuple[int, ...]:
        return tape.layout.numbers_of(slot).shape if id(slot) in spans else slot.at(n)

    operands = tuple(
        Operand(name, slot.name, role, adds, shape(slot))
        for name, slot, (role, adds) in zip((*operation.reads, *operation.writes), row.operands, roles, strict=True)
    )
    layers = {path: planned.layer.record.name for path, planned in tape.layers.items()}
    return RowView(
        number, row.phase, row.path, layers.get(row.path, ""), operation.name, operation.formula, operation.words,
        operation.torch, source_of(operation.reference), operands, _in_evaluation(tape, row), _product(row, n), player,
        branch,
    )  # fmt: skip


def _product(row: Row, n: int) -> str:
    """The product of matrices that a gradient is: "dx = dy·weightᵀ: (32×2)·(2×8), since …"."""
    known = row.operation.product
    if known is None:
        return ""
    left, right = (_matrix(row.reads[row.operation.reads.index(name)], n) for name in (known.left, known.right))
    first, group = known.left, ""
    if known.window:  # as many windows as lines of the other matrix, each with its places and channels side by side
        given = dict(zip(row.operation.integers, row.integers, strict=True))
        groups, places = given.get("G", 1), math.prod(given[name] for name in known.window)
        left, right = (right[0], places * left[1] // groups), (right[0], right[1] // groups)
        first, group = f"(windows of {known.left})", " in each group" if groups > 1 else ""
    names = [_turn(first, known.left == known.turned), _turn(known.right, known.right == known.turned)]
    shapes = [_shape(left, known.left == known.turned), _shape(right, known.right == known.turned)]
    given_name = known.gives or row.operation.writes[0]
    return f"{given_name} = {'·'.join(names)}: {'·'.join(shapes)}{group}, since {known.why}"


def _turn(name: str, turned: bool) -> str:
    return f"{name}ᵀ" if turned else name


def _shape(sizes: tuple[int, int], turned: bool) -> str:
    lines, columns = sizes[::-1] if turned else sizes
    return f"({lines}×{columns})"


def _matrix(slot: Slot, n: int) -> tuple[int, int]:
    """Lines and columns: of a batch everything before the last axis is lines, of weights the last two axes count."""
    shape = slot.at(n)
    by_row = bool(slot.shape) and slot.shape[0] == BATCH
    return (math.prod(shape[:-1]) if by_row else shape[-2]), shape[-1]


def _in_evaluation(tape: Tape, row: Row) -> str:
    """The forward rows of the same layer in evaluation, if they are others."""
    if row.phase != "forward" or not row.path:
        return ""
    own = [other.operation for other in tape.train if other.path == row.path and other.phase == "forward"]
    there = [other.operation for other in tape.evaluation if other.path == row.path]
    if own == there:
        return ""
    return (
        "; ".join(f"{operation.name}: {operation.formula}" for operation in there)
        or "nothing: the input passes through"
    )


@lru_cache(maxsize=1024)
def source_of(function: Callable[..., Any]) -> str:
    """The lines that define an operation in NumPy, with those of the short functions of nnplay that they call."""
    lines = _own_source(function)
    if not lines:
        return ""
    helpers = [f"{name} = {text}" if text.startswith("lambda") else text for name, text in _helpers(function)]
    return "\n\n".join([lines, *helpers])


def _own_source(function: Callable[..., Any]) -> str:
    try:
        lines = textwrap.dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):
        return ""
    return _lambda_in(lines) if function.__name__ == "<lambda>" else lines


def _helpers(function: Callable[..., Any]) -> list[tuple[str, str]]:
    """Functions of nnplay that a definition calls, by the names that it uses, with their lines."""
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    closed = inspect.getclosurevars(function)
    known = {**closed.globals, **closed.nonlocals}
    found = [(name, value) for name, value in known.items() if inspect.isfunction(value)]
    texts = [(name, _own_source(value)) for name, value in found if value.__module__.startswith("nnplay.")]
    return [(name, text) for name, text in texts if text and text.count("\n") < _LINES_OF_HELPER]


def _lambda_in(lines: str) -> str:
    """The first lambda in some lines that need not be whole statements."""
    begin = lines.find("lambda")
    text = lines[max(0, begin) :]
    for end in range(len(text), 0, -1):
        try:
            parsed = ast.parse(f"({text[:end]})", mode="eval").body
        except SyntaxError:
            continue
        if isinstance(parsed, ast.Lambda):
            return " ".join(text[:end].split())
    return text
