"""Losses of several terms, each with a sum and a count for every picture: what objects are, where, and which pixels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_BATCH
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.operands import dimension, flat, rows_of
from nnplay.operations.whole import add_block, block_added
from nnplay.records.loss import LossPlan
from nnplay.records.operation import BATCH, CudaRow, Operation, Planned, Use
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


def terms_plan(
    forward: tuple[Use, ...],
    backward: tuple[Use, ...],
    weights: Mapping[str, float],
    saved: Mapping[str, Planned],
    constants: Mapping[str, Array] | None = None,
) -> LossPlan:
    """Rows that write `parts` and `counts` (N, terms) → terms (terms,), loss (1,), and dprediction.

    Args:
        forward: the last of them write `parts` and `counts`.
        backward: read `divisors` (terms,): what the sum of each term was divided by.
        weights: names of the terms, and what each weighs in the loss.
        saved, constants: of the plan.
    """
    names, count = tuple(weights), len(weights)
    return LossPlan(
        forward=(*forward, Use(_sum_terms(names))),
        evaluate=(*forward, Use(_sum_all_terms(names))),
        backward=backward,
        saved={
            **saved,
            "parts": (BATCH, count),
            "counts": (BATCH, count),
            "terms": (count,),
            "divisors": (count,),
        },
        tallies={"tally": (2 * count + 2,)},
        constants={"term_weights": np.array(list(weights.values())), **(constants or {})},
    )


@cache
def _sum_terms(names: tuple[str, ...]) -> Operation:
    return Operation(
        name=f"loss of {' + '.join(names)}",
        kernel=sum_terms,
        cuda=(CudaRow(sum_terms, once),),
        reads=("parts", "counts", "term_weights"),
        writes=("loss", "terms", "divisors"),
        reference=reference,
        formula="divisors = max(1, Σₙ counts);  terms = Σₙ parts / divisors;  loss = Σ weights·terms",
        words="Each term is the cost of all pictures of the batch, divided by how much there was to be right about.",
        element=_element,
        torch="a weighted sum of losses",
    )


@cache
def _sum_all_terms(names: tuple[str, ...]) -> Operation:
    return Operation(
        name=f"loss of {' + '.join(names)}, all blocks",
        kernel=sum_all_terms,
        cuda=(CudaRow(sum_all_terms, once),),
        reads=("parts", "counts", "term_weights", "tally"),
        writes=("loss", "tally"),
        reference=reference_of_all,
        formula="tally += Σₙ parts, Σₙ counts;  loss = what this block adds to Σ weights·parts / max(1, counts)",
        words="A part of the data is evaluated in blocks. Costs and counts are added up first and divided last.",
        element=_element_of_all,
        uses_clock=True,
        torch="a weighted sum of losses, over all pictures at once",
    )


def reference(parts: Array, counts: Array, term_weights: Array) -> tuple[Array, Array, Array]:
    divisors = np.maximum(1, counts.sum(axis=0))
    terms = parts.sum(axis=0) / divisors
    return np.asarray((term_weights * terms).sum()).reshape(1), terms, divisors


def reference_of_all(
    parts: Array, counts: Array, term_weights: Array, tally: Array, clock: Mapping[str, int]
) -> tuple[Array, Array]:
    first = clock["batch"] == 0
    sums = np.concatenate([parts.sum(axis=0), counts.sum(axis=0)]) + (0 if first else tally[2:])
    terms = sums[: parts.shape[1]] / np.maximum(1, sums[parts.shape[1] :])
    given, told = block_added(tally[:2], first, len(parts), (term_weights * terms).sum())
    return np.asarray(given).reshape(1), np.concatenate([told, sums])


def _element(at: Any, parts: Named, counts: Named, term_weights: Named) -> Term:
    pictures, terms = range(parts.shape[0]), range(parts.shape[1])
    divisors = reference(parts.array, counts.array, term_weights.array)[2]
    return total(term_weights[t] * total(parts[n, t] for n in pictures) / float(divisors[t]) for t in terms)


def _element_of_all(
    at: Any, parts: Named, counts: Named, term_weights: Named, tally: Named, clock: Mapping[str, int]
) -> Term:
    if clock["batch"] == 0:
        return _element(at, parts, counts, term_weights)
    loss, _ = reference_of_all(parts.array, counts.array, term_weights.array, tally.array, clock)
    return as_term(float(loss[0]))


@kernel
def sum_terms(row: Any, clock: Any, memory: Any, part: int) -> None:
    """divisors = max(1, Σ counts), terms = Σ parts / divisors, loss (1,) = Σ weights·terms; parts, counts (N, T)."""
    parts, counts, weights = rows_of(row, memory, 0), rows_of(row, memory, 1), flat(row, memory, 2)
    loss, terms, divisors = flat(row, memory, 3), flat(row, memory, 4), flat(row, memory, 5)
    summed = np.float64(0)
    for t in range(weights.size):
        cost, count = np.float64(0), np.float64(0)
        for n in range(parts.shape[0]):
            cost += parts[n, t]
            count += counts[n, t]
        count = at_least_one(count)
        divisors[t] = count
        terms[t] = cost / count
        summed += weights[t] * (cost / count)
    loss[0] = summed


@inline
def at_least_one(count: Any) -> Any:
    """Where there is nothing to be right about, nothing is divided."""
    return np.float64(1.0) if count < 1.0 else count


@kernel
def sum_all_terms(row: Any, clock: Any, memory: Any, part: int) -> None:
    """tally[2:] += Σ parts, Σ counts; loss (1,) = what the block adds to Σ weights·parts / max(1, counts).

    parts, counts (N, T), tally (2 + 2T,). The first block starts it anew.
    """
    parts, counts, weights = rows_of(row, memory, 0), rows_of(row, memory, 1), flat(row, memory, 2)
    loss, tally = flat(row, memory, 4), flat(row, memory, 5)
    first, T = clock[CLOCK_BATCH] == 0, weights.size
    summed = np.float64(0)
    for t in range(T):
        cost = np.float64(0.0 if first else tally[2 + t])
        count = np.float64(0.0 if first else tally[2 + T + t])
        for n in range(parts.shape[0]):
            cost += parts[n, t]
            count += counts[n, t]
        tally[2 + t] = cost
        tally[2 + T + t] = count
        summed += weights[t] * (cost / at_least_one(count))
    loss[0] = add_block(tally, 0, first, dimension(row, 0, 0), summed)
