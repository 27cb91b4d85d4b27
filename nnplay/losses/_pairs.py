"""Losses on the distances between rows of one batch: which rows are compared, and how their distances become gradients.

The rows of a batch are taken in groups of `GROUP` that stand next to each other, and each row is compared with all
others of its group: rows with the same label should be near, others far. Groups keep the work linear in the batch, and
the loss the same however many rows are evaluated at once; a shuffled batch makes them random.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.kernels.compile.jit import Kernel, inline, kernel
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.losses._costs import costs_plan
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.loss import LossPlan
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]
#: Rows that are compared with each other; evaluations take multiples of it at once.
GROUP: Final = 32


def plan_pairs(values: Mapping[str, Any], shape: Shape, costs: Operation, loss: str, weighted: bool) -> LossPlan:
    """Embeddings z (N, E) and labels (N,) → costs (N,) → loss (1,), dz (N, E).

    Args:
        costs: writes `costs` (N,), `distances` and `pulls` (N, GROUP).
    """
    if len(shape) != 1:
        hint = "end the network with flatten and linear"
        raise InputError("needs one row of outputs, not one for each place", where=loss, hint=hint)
    return costs_plan(
        costs,
        _gradient_operation(),
        (),
        work=GROUP * (4 * shape[0] + 40),
        values=values,
        weighted=weighted,
        saved={"distances": (BATCH, GROUP), "pulls": (BATCH, GROUP)},
    )


@cache
def _gradient_operation() -> Operation:
    return Operation(
        name="gradient of the distances",
        kernel=gradient,
        cuda=(CudaRow(gradient),),
        reads=("prediction", "distances", "pulls", "factors", "divisor"),
        writes=("dprediction",),
        reference=_gradient_reference,
        formula="dz[n] = Σⱼ (pulls[n,j]·factors[n] + pulls[j,n]·factors[j])·(z[n] − z[j]) / distance[n,j] / divisor",
        words="Each row moves along the lines to the others of its group: towards its own class, away from the rest.",
        element=_gradient_element,
        torch="autograd",
    )


@inline
def measure(z: Any, distances: Any, n: int, first: int, last: int) -> None:
    """distances[n, j − first] = |z[n] − z[j]| for j = first … last − 1; z (N, E)."""
    for j in range(first, last):
        summed = np.float64(0)
        for e in range(z.shape[1]):
            gap = z[n, e] - z[j, e]
            summed += gap * gap
        distances[n, j - first] = math.sqrt(summed)


def pairs_kernel(module: str, name: str, compare: Any) -> Kernel:
    """The kernel that writes costs, distances and pulls.

    Args:
        compare: inlined `(target, distances, pulls, n, first, last, margin) -> cost`; fills in `pulls[n]`.
    """

    def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
        """costs[n] from the distances to the rows of n's group, pulls[n,j] = d costs[n] / d distance[n,j].

        z (N, E), labels (N,), costs (N,), distances and pulls (N, GROUP).
        """
        z, target, margin = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)[0]
        cost, distances, pulls = flat(row, memory, 3), rows_of(row, memory, 4), rows_of(row, memory, 5)
        N = z.shape[0]
        start, stop = share(row, part, N)
        for n in range(start, stop):
            first = n // GROUP * GROUP
            last = min(first + GROUP, N)
            for j in range(GROUP):
                distances[n, j] = 0.0
                pulls[n, j] = 0.0
            measure(z, distances, n, first, last)
            cost[n] = compare(target, distances, pulls, n, first, last, margin)

    return Kernel(f"{module}:{name}", costs)


def pairs_reference(compare: Callable[..., tuple[float, Array]]) -> Callable[..., tuple[Array, Array, Array]]:
    """The definition: `compare(same (k,), distances (k,), own place, margin)` → cost and pulls (k,), row by row."""

    def reference(prediction: Array, target: Array, margin: Array) -> tuple[Array, Array, Array]:
        count = len(prediction)
        costs, distances, pulls = np.zeros(count), np.zeros((count, GROUP)), np.zeros((count, GROUP))
        for n in range(count):
            first = n // GROUP * GROUP
            others = prediction[first : first + GROUP]
            away = np.sqrt(((prediction[n] - others) ** 2).sum(axis=1))
            same = target.ravel()[first : first + GROUP] == target.ravel()[n]
            distances[n, : len(others)] = away
            costs[n], pulls[n, : len(others)] = compare(same, away, n - first, float(margin[0]))
        return costs, distances, pulls

    return reference


def distance(z: Named, n: int, j: int) -> Term:
    """|z[n] − z[j]|, worked out."""
    squares = total((z[n, e] - z[j, e]) ** 2 for e in range(z.shape[1]))
    return Term(math.sqrt(squares.value), f"√({squares.symbols})", f"√({squares.numbers})")


def _gradient_reference(prediction: Array, distances: Array, pulls: Array, factors: Array, divisor: Array) -> Array:
    result = np.zeros(prediction.shape)
    weights = factors.ravel()
    for n in range(len(prediction)):
        first = n // GROUP * GROUP
        for j in range(first, min(first + GROUP, len(prediction))):
            away = distances[n, j - first]
            if away > 0:
                pull = pulls[n, j - first] * weights[n] + pulls[j, n - first] * weights[j]
                result[n] += pull * (prediction[n] - prediction[j]) / away
    return np.asarray(result * inverse(divisor))


def _gradient_element(
    at: Any, prediction: Named, distances: Named, pulls: Named, factors: Named, divisor: Named
) -> Term:
    n, e = at
    first = n // GROUP * GROUP
    others = [j for j in range(first, min(first + GROUP, prediction.shape[0])) if distances.array[n, j - first] > 0]
    if divisor.array[0] == 0 or not others:
        return as_term(0.0)
    pushes = (
        (pulls[n, j - first] * factors[n] + pulls[j, n - first] * factors[j])
        * (prediction[n, e] - prediction[j, e])
        / distances[n, j - first]
        for j in others
    )
    return total(pushes) / divisor[0]


@kernel
def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dz[n] = Σⱼ (pulls[n,j]·f[n] + pulls[j,n]·f[j])·(z[n] − z[j]) / distances[n,j] / divisor; z, dz (N, E), f (N,).

    pulls[n,j] = d costs[n] / d distance[n,j] and distance = |z[n] − z[j]|, both (N, GROUP).
    """
    z, distances, pulls = rows_of(row, memory, 0), rows_of(row, memory, 1), rows_of(row, memory, 2)
    factors, scale, dz = flat(row, memory, 3), one_over(flat(row, memory, 4)[0]), rows_of(row, memory, 5)
    N, E = z.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        first = n // GROUP * GROUP
        for e in range(E):
            dz[n, e] = 0.0
        for j in range(first, min(first + GROUP, N)):
            away = distances[n, j - first]
            if away > 0.0:
                pull = (pulls[n, j - first] * factors[n] + pulls[j, n - first] * factors[j]) / away * scale
                for e in range(E):
                    dz[n, e] += pull * (z[n, e] - z[j, e])
