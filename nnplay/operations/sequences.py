"""Sequences of labels out of answers at every step: the best path, with repetitions joined and blanks left out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.partial import fold, once, room, whole
from nnplay.kernels.cuda.row_counts import row_folds, row_parts
from nnplay.kernels.operands import cube, flat, matrix
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


def decode(z: Array) -> NDArray[np.int64]:
    """Answers (N, T, C) → labels (N, T), 0 behind the last: the likeliest class of each step, repetitions joined."""
    best = z.argmax(axis=-1)
    new = np.ones(best.shape, np.bool_)
    new[:, 1:] = best[:, 1:] != best[:, :-1]
    found = np.zeros(best.shape, np.int64)
    for n, kept in enumerate(new & (best != 0)):
        labels = best[n][kept]
        found[n, : len(labels)] = labels
    return found


def steps_needed(labels: Array) -> int:
    """Steps in which the longest of some sequences (N, S) can be said: one a label, and a blank between equal ones."""
    there = labels != 0
    repeated = (labels[:, 1:] == labels[:, :-1]) & there[:, 1:]
    return int((there.sum(axis=1) + repeated.sum(axis=1)).max(initial=0))


@inline
def spelled_right(z: Any, target: Any, n: int) -> bool:
    """Whether the best path of row n says its target; z (N, T, C), target (N, S)."""
    T, C, S = z.shape[1], z.shape[2], target.shape[1]
    said, before = 0, 0
    right = True
    for t in range(T):
        best = 0
        for c in range(1, C):
            if z[n, t, c] > z[n, t, best]:
                best = c
        if best != 0 and (t == 0 or best != before):
            if said >= S or int(target[n, min(said, S - 1)]) != best:
                right = False
            said += 1
        before = best
    return right and (said >= S or int(target[n, min(said, S - 1)]) == 0)


@kernel
def count_spelled_right(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σₙ [best path of z[n] says target[n]], for z (N, T, C), target (N, S)."""
    z, target, score = cube(row, memory, 0), matrix(row, memory, 1), flat(row, memory, 2)
    right = 0
    for n in range(z.shape[0]):
        if spelled_right(z, target, n):
            right += 1
    score[0] = right


@kernel
def spelled_right_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[part] = Σ [best path of z[n] says target[n]] over this part of the rows of z (N, T, C), target (N, S)."""
    z, target = cube(row, memory, 0), matrix(row, memory, 1)
    right, n = 0, part
    while n < z.shape[0]:
        if spelled_right(z, target, n):
            right += 1
        n += row[ROW_PARTS]
    room(row, memory)[part] = right


@kernel
def spelled_score_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """score (1,) = Σ sums."""
    flat(row, memory, 2)[0] = whole(row, memory)


def _right(prediction: Array, target: Array) -> Array:
    found, count = decode(prediction), target.shape[1]
    longer = found[:, count:].any(axis=1)
    wide = np.zeros(target.shape)
    wide[:, : min(count, found.shape[1])] = found[:, :count]
    return np.asarray((wide == target).all(axis=1) & ~longer)


def _element(at: Any, prediction: Named, target: Named) -> Term:
    right = Named("right", _right(prediction.array, target.array).astype(np.float64))
    return total(right[n] for n in range(right.array.size)) if right.array.size else as_term(0.0)


BEST_PATHS: Final = Operation(
    name="count correct rows",
    kernel=count_spelled_right,
    cuda=(CudaRow(spelled_right_cuda, row_parts), CudaRow(fold, row_folds), CudaRow(spelled_score_cuda, once)),
    reads=("prediction", "target"),
    writes=("score",),
    reference=lambda prediction, target: np.array([_right(prediction, target).sum()]),
    formula="score = Σₙ [best path of z[n] says t[n]]",
    words="Counts the rows whose likeliest classes, repetitions joined and blanks left out, are the wanted labels.",
    element=_element,
    torch="none: torchaudio.models.decoder",
)
