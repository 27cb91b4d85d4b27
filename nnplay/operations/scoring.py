"""Scores: how many rows of a batch a classifier gets right. A row with many answers (pixels) counts by their share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.compile.jit import Kernel, inline, kernel
from nnplay.kernels.operands import dimension, flat, integer, pointer, rows_of, shifted
from nnplay.operations import card_scoring
from nnplay.operations.tallies import add_to_tally, is_largest
from nnplay.operations.whole import block_added
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


@kernel
def count_largest(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σₙ [argmax z[n] = target[n]], for z (M, C), target (M,); answers of one row count by their share."""
    z, target, score = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    right = 0
    for n in range(z.shape[0]):
        best = 0
        for c in range(1, z.shape[1]):
            if z[n, c] > z[n, best]:
                best = c
        if best == int(target[n]):
            right += 1
    score[0] = right * dimension(row, 0, 0) / z.shape[0]


@kernel
def count_largest_kept(row: Any, clock: Any, memory: Any, part: int) -> None:
    """tally (4,) += Σ [argmax z = target], answers that are not ignored; score (1,) = N·(what the block adds).

    z (M, C), target (M,). The score of many rows is that of tally[0] / tally[1]; the first block starts it anew.
    """
    z, target = pointer(row, memory, 0), flat(row, memory, 1)
    C, right, kept = rows_of(row, memory, 0).shape[1], 0, 0
    for n in range(target.size):
        if int(target[n]) != integer(row, 0):
            kept += 1
            if is_largest(shifted(z, n * C), C, int(target[n])):
                right += 1
    add_to_tally(row, clock, memory, right, kept)


@kernel
def count_largest_columns(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σₙ [argmax z[n] = argmax target[n]], for z and target (M, C)."""
    z, target, score = rows_of(row, memory, 0), rows_of(row, memory, 1), flat(row, memory, 2)
    right = 0
    for n in range(z.shape[0]):
        best = wanted = 0
        for c in range(1, z.shape[1]):
            if z[n, c] > z[n, best]:
                best = c
            if target[n, c] > target[n, wanted]:
                wanted = c
        if best == wanted:
            right += 1
    score[0] = right * dimension(row, 0, 0) / z.shape[0]


@inline
def count_above(row: Any, memory: Any, threshold: Any) -> None:
    """Counts predictions on the same side of the threshold as their target is of 0.5."""
    z, target, score = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    right = 0
    for i in range(z.size):
        if (z[i] > threshold) == (target[i] > 0.5):
            right += 1
    score[0] = right * dimension(row, 0, 0) / z.size


@kernel
def count_above_zero(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σₙ [(z[n] > 0) = target[n]], for z and target (M,)."""
    count_above(row, memory, 0.0)


@kernel
def count_above_half(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σₙ [(p[n] > 0.5) = target[n]], for p and target (M,)."""
    count_above(row, memory, 0.5)


@kernel
def count_below_half(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σₙ [(z[n] < 0.5) = target[n]], for distances z and target (M,)."""
    z, target, score = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    right = 0
    for i in range(z.size):
        if (z[i] < 0.5) == (target[i] > 0.5):
            right += 1
    score[0] = right * dimension(row, 0, 0) / z.size


def _share(right: Array, rows: int) -> Array:
    return np.array([right.sum() * rows / right.size])


def _element(verdicts: Callable[[Array, Array], Array]) -> Callable[..., Term]:
    def element(at: Any, prediction: Named, target: Named) -> Term:
        right = Named("right", verdicts(prediction.array, target.array).astype(np.float64))
        counted = total(right[i] for i in range(right.array.size))
        positions = right.array.size // prediction.shape[0]
        return counted / positions if positions > 1 else counted

    return element


def _largest(z: Array, target: Array) -> Array:
    return np.asarray(z.reshape(-1, z.shape[-1]).argmax(axis=1) == target.ravel())


def _largest_columns(z: Array, target: Array) -> Array:
    wide = (-1, z.shape[-1])
    return np.asarray(z.reshape(wide).argmax(axis=1) == target.reshape(wide).argmax(axis=1))


def _above(threshold: float) -> Callable[[Array, Array], Array]:
    return lambda z, target: np.asarray((z.ravel() > threshold) == (target.ravel() > 0.5))


def _near(z: Array, target: Array) -> Array:
    return np.asarray((z.ravel() < 0.5) == (target.ravel() > 0.5))


def _count(
    kernel: Kernel,
    cuda: tuple[CudaRow, ...],
    reference: Callable[..., Array],
    verdicts: Callable[..., Array],
    formula: str,
    words: str,
    torch: str,
) -> Operation:
    """A row that counts right rows.

    Args:
        cuda: its rows on a graphics card.
        reference: the definition, which the inspector shows.
        verdicts: (prediction, target) → for each answer, whether it is right.
        formula: when a row is right.
    """
    return Operation(
        name="count correct rows",
        kernel=kernel,
        cuda=cuda,
        reads=("prediction", "target"),
        writes=("score",),
        reference=reference,
        formula=f"score = Σₙ [{formula}]",
        words=words,
        element=_element(verdicts),
        torch=f"({torch}).sum()",
    )


LARGEST = _count(
    count_largest,
    card_scoring.LARGEST,
    lambda prediction, target: _share(_largest(prediction, target), len(prediction)),
    _largest,
    "argmax z[n] = target[n]",
    "Counts the rows whose largest output belongs to the right class.",
    "z.argmax(1) == target",
)


def _kept(
    prediction: Array, target: Array, tally: Array, ignored: int, clock: Mapping[str, int]
) -> tuple[Array, Array]:
    first, there = clock["batch"] == 0, target.ravel() != ignored
    counts = np.array([(_largest(prediction, target) & there).sum(), there.sum()]) + (0 if first else tally[:2])
    share = counts[0] / counts[1] if counts[1] else 0.0
    given, told = block_added(tally[2:], first, len(prediction), share)
    return np.asarray(len(prediction) * given).reshape(1), np.concatenate([counts, told])


def _kept_element(
    at: Any, prediction: Named, target: Named, tally: Named, ignored: int, clock: Mapping[str, int]
) -> Term:
    score, _ = _kept(prediction.array, target.array, tally.array, ignored, clock)
    return as_term(float(score[0]))


LARGEST_KEPT = Operation(
    name="count correct rows",
    kernel=count_largest_kept,
    cuda=card_scoring.LARGEST_KEPT,
    reads=("prediction", "target", "score_tally"),
    writes=("score", "score_tally"),
    reference=_kept,
    formula="score = N · Σ [argmax z[m] = target[m]] / Σ [target[m] ≠ ignored]",
    words="The share of right answers among those whose label is not ignored, times the rows.",
    element=_kept_element,
    integers=("ignored",),
    uses_clock=True,
    torch="(z.argmax(1) == target)[target != ignore_index].float().mean()",
)
LARGEST_COLUMN = _count(
    count_largest_columns,
    card_scoring.LARGEST_COLUMNS,
    lambda prediction, target: _share(_largest_columns(prediction, target), len(prediction)),
    _largest_columns,
    "argmax z[n] = argmax t[n]",
    "Counts the rows whose largest output is where the target's 1 is.",
    "z.argmax(1) == target.argmax(1)",
)
ABOVE_ZERO = _count(
    count_above_zero,
    card_scoring.ABOVE_ZERO,
    lambda prediction, target: _share(_above(0.0)(prediction, target), len(prediction)),
    _above(0.0),
    "(z[n] > 0) = target[n]",
    "Counts the rows whose output is positive for class 1 and not for class 0.",
    "(z > 0) == target",
)
ABOVE_HALF = _count(
    count_above_half,
    card_scoring.ABOVE_HALF,
    lambda prediction, target: _share(_above(0.5)(prediction, target), len(prediction)),
    _above(0.5),
    "(p[n] > 0.5) = target[n]",
    "Counts the rows whose probability is above one half for class 1 and not for class 0.",
    "(p > 0.5) == target",
)
BELOW_HALF = _count(
    count_below_half,
    card_scoring.BELOW_HALF,
    lambda prediction, target: _share(_near(prediction, target), len(prediction)),
    _near,
    "(z[n] < 0.5) = target[n]",
    "Counts the rows whose distance is below one half for pairs that belong together and not for others.",
    "(z < 0.5) == target",
)


def decide_above(threshold: float) -> Callable[[Array], NDArray[np.int64]]:
    """How one output (N, 1) becomes a class: 1 above the threshold."""
    return lambda prediction: (prediction[..., 0] > threshold).astype(np.int64)


def both_classes(p: Array) -> Array:
    """Probabilities of class 1 (N, 1) → of classes 0 and 1 (N, 2)."""
    return np.concatenate([1 - p[..., :1], p[..., :1]], axis=-1)


def sigmoid(z: Array) -> Array:
    """1 / (1 + e⁻ᶻ) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -z)))


def softmax(z: Array) -> Array:
    """Rows of logits → rows of probabilities, without overflow."""
    raised = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))
