"""What a row that walks through time has at each step: the gates of one unit, and how the gradient shrinks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.records.operation import Operation, Timed

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers by time step.

    Attributes:
        title: what is shown.
        names: of the columns.
        values: (steps, names).
        chosen: the step of the chosen element.
        logarithmic: sizes that are drawn by their exponents.
        words: what is to be seen in it, or empty.
    """

    title: str
    names: tuple[str, ...]
    values: Floats
    chosen: int
    logarithmic: bool = False
    words: str = ""


def charts(operation: Operation, values: Mapping[str, Array], index: tuple[int, ...]) -> tuple[Chart, ...]:
    """What is drawn by time step for one row of the tape.

    Args:
        values: the row's operands by name, after it has run.
        index: the chosen element (n, t, k) of its first output.
    """
    timed = operation.timed
    if timed is None:
        return ()
    found = [_gates(operation, timed, values, index)] if timed.unit else []
    return (*found, *([_gradient(timed, values, index)] if timed.gradients else []))


def _gates(operation: Operation, timed: Timed, values: Mapping[str, Array], index: tuple[int, ...]) -> Chart:
    units = values[timed.sized_by].shape[-1] // timed.blocks
    n, t, k = index
    first = operation.writes[0]
    own = next((blocks for name, _, blocks in timed.unit.values() if name == first), 1)
    direction, unit = k // (own * units), k % units
    columns = [
        values[name][n, :, direction * blocks * units + block * units + unit]
        for name, block, blocks in timed.unit.values()
    ]
    back = ", backward direction" if direction else ""
    title = f"unit {unit} in batch row {n}, step by step{back}"
    return Chart(title, tuple(timed.unit), np.stack(columns, axis=1).astype(np.float64), t)


def _gradient(timed: Timed, values: Mapping[str, Array], index: tuple[int, ...]) -> Chart:
    lengths = [lengths_by_step(values[name]) for name in timed.gradients]
    names = tuple(f"‖{name}‖" for name in timed.gradients)
    return Chart(
        "size (norm) of the state's gradient at each step (log scale)", names, np.stack(lengths, axis=1),
        index[1], logarithmic=True, words=describe_fading(lengths[0]),
    )  # fmt: skip


def lengths_by_step(gradient: Array) -> Floats:
    """How long a gradient (N, T, units) is at each step (T,), as the root of the mean square over the rows."""
    return np.asarray(np.sqrt((gradient.astype(np.float64) ** 2).sum(axis=(0, 2)) / len(gradient)), np.float64)


#: A gradient sags if it is that many times as long at both ends as somewhere between them.
_SAGS: Final = 10.0


def describe_fading(length: Floats) -> str:
    """How a gradient shrinks or grows from the step where it is longest to the far end that it travels to."""
    if not np.isfinite(length).all() or not length.any() or len(length) < 2:
        return ""
    top, low, last = int(length.argmax()), int(length.argmin()), len(length) - 1
    if min(length[0], length[-1]) > _SAGS * length[low] > 0:
        shrinks, grows = _times(length[low] / length[-1]), _times(length[0] / length[low])
        return f"it {shrinks} from t={last} back to t={low}, and {grows} from there to t=0"
    end = 0 if top >= len(length) // 2 else len(length) - 1
    if top == end:
        return ""
    if length[end] == 0.0:
        return f"none of it reaches t={end}"
    factor = length[end] / length[top]
    per_step = factor ** (1 / abs(top - end))
    return f"it {_times(factor)} between t={top} and t={end}, {per_step:.2f}× per step"


def _times(factor: float) -> str:
    size, word = (1 / factor, "shrinks") if factor < 1 else (factor, "grows")
    return f"{word} {size:,.0f}×" if 10 <= size < 1e7 else f"{word} {size:.2g}×"
