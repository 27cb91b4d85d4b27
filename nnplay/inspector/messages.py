"""What the inspector's screen asks for and what it gets: immutable values, copied from the machine's memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.inspector.box_picture import BoxPicture
from nnplay.inspector.row_view import RowView
from nnplay.inspector.tensor_tables import Plane
from nnplay.inspector.window_patch import WindowPatch
from nnplay.records.time_charts import Chart
from nnplay.timeline.branch_curves import BranchCurve
from nnplay.training.curves.history import Curve

Floats = NDArray[np.float64]
When = Literal["after", "before", "change"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown of the row under the cursor.

    Attributes:
        row: under the cursor; None is the next row to run.
        index: the chosen element of the row's first result; wrong ones are moved to the nearest that exists.
        parameter: the one to show in rows that work on all parameters; empty is the first.
        room: lines and columns that each operand's table has room for; others are given `usual`.
        usual: room for operands that are not in `room`.
        scroll: lines and columns by which a table is moved away from where it would be, by operand.
        every: all rows of the batch, or only that of the chosen element; None shows all where a row is one line.
        histograms: whether they are wanted.
    """

    row: int | None = None
    index: tuple[int, ...] = ()
    parameter: str = ""
    room: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    usual: tuple[int, int] = (12, 16)
    scroll: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    every: bool | None = None
    histograms: bool = False


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of a whole tensor: smallest, largest, mean, how many are zero and not finite, of how many; and a histogram."""

    low: float
    high: float
    mean: float
    zeros: int
    broken: int
    count: int
    histogram: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class OperandView:
    """One operand, as much of it as is seen.

    Attributes:
        name, slot, role, adds: as in `nnplay.inspector.row_view.Operand`.
        shape: of the whole tensor.
        values: the window, after the row has run for what it writes.
        before: the same window before, for what is changed rather than made anew.
        top, left: first line and column of the window; `lines`, `columns` of the whole table.
        line_names, column_names: what stands at each line and column of the window, where that is known: the tokens of
            the example, around a map of attention.
        fixed: which part of the tensor the table is ("n=3, channel 2"), or empty if it is all.
        touched: cells of the window that take part in the chosen element, or are it.
        cursor: line and column of the chosen element within the window, in the first result only.
        picture: the table is an image.
        plane: how the tensor is laid out as a table.
        statistics: of the whole tensor.
    """

    name: str
    slot: str
    role: str
    adds: bool
    shape: tuple[int, ...]
    values: Floats
    before: Floats | None
    top: int
    left: int
    lines: int
    columns: int
    fixed: str
    touched: NDArray[np.bool_]
    cursor: tuple[int, int] | None
    picture: bool
    plane: Plane
    statistics: Statistics
    line_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Worked:
    """The chosen element: index, formula in symbols and numbers, worked-out value, and what the kernel gave."""

    name: str
    index: tuple[int, ...]
    symbols: str
    numbers: str
    value: float
    result: float
    before: float


@dataclass(frozen=True, slots=True)
class Detail:
    """The row under the cursor.

    Attributes:
        parameters: those that a row works on all at once; `parameter` is the one shown.
        charts: numbers by time step.
        patch: what a convolution sees for the chosen element.
        boxes: what a row of a detector does with boxes, for the chosen element.
        problem: why there is no worked-out element.
    """

    row: RowView
    operands: tuple[OperandView, ...]
    worked: Worked | None
    parameters: tuple[str, ...]
    parameter: str
    charts: tuple[Chart, ...] = ()
    patch: WindowPatch | None = None
    boxes: BoxPicture | None = None
    problem: str = ""

    @property
    def result(self) -> OperandView:
        """The first operand that the row writes."""
        return next(operand for operand in self.operands if operand.role == "written")


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A gradient check of one parameter: how many elements, the worst relative error, and one element's numbers."""

    name: str
    count: int
    worst: float
    index: tuple[int, ...]
    computed: float
    measured: float


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the inspector's screen shows at one moment.

    Attributes:
        step, epoch, batch, batches, lr: of the step that is walked; `step` counts those taken before it.
        first, latest: steps that can be reached.
        rows: all rows of the step; `at` is the next one to run.
        detail: of the row under the cursor.
        parameters: names of all that are trained.
        overrides: what-if edits that are in force, in words.
        held: what is silent or frozen, in words.
        changes: what the user changed, as (step, words).
        check: results of the last gradient check.
        branch: what sets this branch of the run apart, where there was another one.
        forks: curves of the other branches of the run.
        run: the run's own losses beside them.
        message, error: what there is to say.
        compare: a fork has just come to its end.
        ticket: number of the question that this answers.
    """

    step: int
    epoch: int
    batch: int
    batches: int
    lr: float
    first: int
    latest: int
    rows: tuple[RowView, ...]
    at: int
    detail: Detail
    parameters: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    changes: tuple[tuple[int, str], ...] = ()
    check: tuple[CheckLine, ...] = ()
    branch: str = ""
    forks: tuple[BranchCurve, ...] = ()
    run: Curve | None = None
    message: str = ""
    error: str = ""
    compare: bool = False
    ticket: int = 0
