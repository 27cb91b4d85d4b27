"""Piecewise linear encoding: each number once more as the ranges that it has passed (Gorishniy et al., 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integer, text
from nnplay.kernels.abi import MAX_INTEGERS
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import adds, dimension, long_integer, pointer, share, shifted, size
from nnplay.kernels.span_sums import last
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, apply, as_term
from nnplay.text import counted

Array = NDArray[Any]
#: Every input gets ranges.
ALL: Final = "all"
#: A row's integers say in bits which inputs get ranges; this many bits of each integer are used.
BITS: Final = 60
MOST_INPUTS: Final = BITS * MAX_INTEGERS
_INTEGERS: Final = tuple(f"chosen{k}" for k in range(MAX_INTEGERS))


PIECEWISE_LINEAR = LayerRecord(
    name="piecewise_linear",
    title="Piecewise linear",
    family="shape",
    about="Each input unchanged, and its ranges: 1 if the number is above one, 0 if it is below, a fraction inside.",
    when="As the first layer for large tables: the network can treat each range of a number by itself, as trees do.",
    torch="rtdl_num_embeddings.PiecewiseLinearEncoding, which gives the ranges without the numbers",
    fields=(
        integer("ranges", REQUIRED, "ranges of each input, with as many training rows in each", high=4096),
        text("inputs", ALL, 'which inputs get ranges, counted from 0: all, or numbers as in "0-3 7"', longest=4096),
    ),
    plan=lambda values, shape: plan(values, shape),
    fit=lambda values, rows: fit(values, rows),
    cases=(
        Case({"ranges": 4}, (5,)),
        Case({"ranges": 3, "inputs": "1 3-4"}, (7,)),
        Case({"ranges": 17, "inputs": "0"}, (3, 2)),
        Case({"ranges": 1, "inputs": "0-1 61"}, (64,)),
    ),
    refused=(
        Refused({"ranges": 0}, (5,), "≥ 1"),
        Refused({"ranges": 4, "inputs": "5"}, (5,), "there is no input 5"),
        Refused({"ranges": 4, "inputs": "3-1"}, (5,), "'3-1' is not an input number or range"),
        Refused({"ranges": 4, "inputs": "first"}, (5,), "'first' is not an input number or range"),
        Refused({"ranges": 4, "inputs": ""}, (5,), "names no input"),
        Refused({"ranges": 4}, (MOST_INPUTS + 1,), f"at most {MOST_INPUTS} inputs"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, I) → (N, …, I + J·R): the inputs, then R ranges of each of the J that get some; edges (J, R + 1).

    Raises:
        InputError: a text that names no inputs, or too many inputs.
    """
    R, chosen = values["ranges"], read_places(values["inputs"], shape[-1])
    output = (*shape[:-1], shape[-1] + len(chosen) * R)
    masks = (sum(1 << place % BITS for place in chosen if place // BITS == k) for k in range(MAX_INTEGERS))
    given, cost = dict(zip(_INTEGERS, masks, strict=True)), 4 * prod(output)
    return Plan(
        output=output,
        buffers={"edges": ((len(chosen), R + 1), 0.0)},
        forward=(Use(_forward_operation(), given, cost),),
        backward=(Use(_backward_operation(), given, cost),),
    )


def fit(values: Mapping[str, Any], rows: Array) -> dict[str, Array]:
    """Edges (J, R + 1) for training rows (N, …, I): as many rows in each range, or an edge for each different value.

    They are values of the rows, so they come out the same on every machine. Where there are fewer edges the last one
    stands several times: ranges without width are always 0.
    """
    R, columns = values["ranges"], rows.reshape(-1, rows.shape[-1]).T
    edges = np.empty((len(chosen := read_places(values["inputs"], len(columns))), R + 1), rows.dtype)
    for line, place in zip(edges, chosen, strict=True):
        known = np.unique(columns[place])
        if len(known) > R + 1:
            known = np.unique(np.sort(columns[place])[np.arange(R + 1) * (columns.shape[1] - 1) // R])
        line[: len(known)], line[len(known) :] = known, known[-1]
    return {"edges": edges}


def read_places(written: str, inputs: int) -> tuple[int, ...]:
    """The places that a text such as "0-3 7" names, in order.

    Raises:
        InputError: something else stands there, or there are not so many inputs.
    """
    if inputs > MOST_INPUTS:
        raise InputError(f"takes at most {MOST_INPUTS} inputs, but has {inputs:,}", hint="leave this layer out")
    if written.strip().lower() == ALL:
        return tuple(range(inputs))
    found: set[int] = set()
    for word in written.replace(",", " ").split():
        first, dash, end = word.partition("-")
        if not (first.isdecimal() and (end.isdecimal() if dash else True)) or int(end or first) < int(first):
            raise InputError(
                f"'{word}' is not an input number or range", where="inputs", hint='write all, or numbers as in "0-3 7"'
            )
        if int(end or first) >= inputs:
            what = f"there is no input {end or first}: the layer has {counted(inputs, 'input')}"
            raise InputError(what, where="inputs", hint=f"use 0 to {inputs - 1}")
        found |= set(range(int(first), int(end or first) + 1))
    if not found:
        raise InputError("names no input", where="inputs", hint='write all, or numbers as in "0-3 7"')
    return tuple(sorted(found))


def show_places(places: tuple[int, ...], inputs: int) -> str:
    """The shortest text that `read_places` reads as these places."""
    if places == tuple(range(inputs)):
        return ALL
    starts = [place for place in places if place - 1 not in places]
    ends = [place for place in places if place + 1 not in places]
    return " ".join(f"{first}-{end}" if end > first else f"{first}" for first, end in zip(starts, ends, strict=True))


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="inputs and their ranges",
        kernel=forward,
        cuda=(CudaRow(forward),),
        reads=("x", "edges"),
        writes=("y",),
        reference=reference,
        formula="y = [x | r], r[n,j,k] = min(max((x[n,j] − edges[j,k]) / (edges[j,k+1] − edges[j,k]), 0), 1)",
        words="A range gives 0 below it, 1 above it and rises in between: a number can weigh differently in each.",
        element=_element,
        integers=_INTEGERS,
        torch="torch.clamp((x - edges[:-1]) / edges.diff(), 0, 1)",
    )


@cache
def _backward_operation() -> Operation:
    return Operation(
        name="gradient of x",
        kernel=backward,
        cuda=(CudaRow(backward),),
        reads=("x", "edges", "dy"),
        writes=("dx",),
        reference=reference_back,
        formula="dx[n,j] = dy[n,j] + dr[n,j,k] / (edges[j,k+1] − edges[j,k]) for the range k in which x[n,j] lies",
        words="The gradient comes from the number itself, and from the only range that grows where it lies.",
        element=_element_back,
        integers=_INTEGERS,
        torch="autograd",
    )


def _places(masks: Mapping[str, int]) -> list[int]:
    words = enumerate(masks[name] for name in _INTEGERS)
    return [BITS * k + bit for k, word in words for bit in range(BITS) if word >> bit & 1]


def _widths(edges: Array) -> tuple[Array, Array]:
    """The widths of the ranges (J, R), 1 in place of none; and which have one."""
    widths = np.diff(edges, axis=1)
    return np.where(widths > 0, widths, 1), widths > 0


def reference(x: Array, edges: Array, **masks: int) -> Array:
    """(N, …, I) → (N, …, I + J·R)."""
    widths, wide = _widths(edges)
    passed = (x[..., _places(masks), None] - edges[:, :-1]) / widths
    ranges = np.where(wide, np.minimum(np.maximum(passed, 0), 1), 0)
    return np.concatenate([x, ranges.reshape(*x.shape[:-1], -1)], axis=-1)


def reference_back(x: Array, edges: Array, dy: Array, **masks: int) -> Array:
    """dx (N, …, I) of dy (N, …, I + J·R)."""
    places, I, (widths, wide) = _places(masks), x.shape[-1], _widths(edges)
    own, dx = x[..., places, None], dy[..., :I].copy()
    within = wide & (own >= edges[:, :-1]) & (own < edges[:, 1:])
    grown = np.where(within, dy[..., I:].reshape(within.shape) / widths, 0)
    dx[..., places] += grown.sum(axis=-1)
    return np.asarray(dx)


def _clip(passed: float) -> float:
    return min(max(passed, 0.0), 1.0)


def _element(at: tuple[int, ...], x: Named, edges: Named, **masks: int) -> Term:
    I = x.shape[-1]
    if at[-1] < I:
        return x[at] * 1.0
    j, k = divmod(at[-1] - I, edges.shape[1] - 1)
    if not edges.array[j, k + 1] > edges.array[j, k]:
        return as_term(0.0)
    passed = x[(*at[:-1], _places(masks)[j])] - edges[j, k]
    return apply("clip", _clip, passed / (edges[j, k + 1] - edges[j, k]))


def _element_back(at: tuple[int, ...], x: Named, edges: Named, dy: Named, **masks: int) -> Term:
    places, I, own = _places(masks), x.shape[-1], float(x.array[at])
    total = dy[at] * 1.0
    if at[-1] not in places:
        return total
    j, R = places.index(at[-1]), edges.shape[1] - 1
    for k in range(R):
        if edges.array[j, k] <= own < edges.array[j, k + 1]:
            total = total + dy[(*at[:-1], I + j * R + k)] / (edges[j, k + 1] - edges[j, k])
    return total


@inline
def has_ranges(row: Any, place: int) -> bool:
    """Whether the input at that place gets ranges."""
    chosen: bool = (long_integer(row, place // BITS) >> (place % BITS)) & 1 != 0
    return chosen


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, I + J·R) = [x | min(max((x − e[k]) / (e[k+1] − e[k]), 0), 1)], for x (N, I), e (J, R + 1)."""
    x, e, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    I, R, O = last(row, 0), dimension(row, 1, 1) - 1, last(row, 2)
    start, stop = share(row, part, size(row, 0) // I)
    for n in range(start, stop):
        X, Y, E, at = shifted(x, n * I), shifted(y, n * O), e, I
        for i in range(I):
            Y[i] = X[i]
            if has_ranges(row, i):
                for k in range(R):
                    width = E[k + 1] - E[k]
                    passed = (X[i] - E[k]) / width if width > 0.0 else 0.0 * width
                    Y[at + k] = 1.0 if passed > 1.0 else (0.0 if passed < 0.0 else passed)
                E, at = shifted(E, R + 1), at + R


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = [x | r], so dx[n,i] = dy[n,i] + Σ dr[n,j,k] / (e[k+1] − e[k]) of the ranges that x[n,i] lies in.

    x and dx are (N, I), e (J, R + 1) and dy (N, I + J·R).
    """
    x, e, dy, dx = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    I, R, O = last(row, 0), dimension(row, 1, 1) - 1, last(row, 2)
    start, stop = share(row, part, size(row, 0) // I)
    for n in range(start, stop):
        X, dY, dX, E, at = shifted(x, n * I), shifted(dy, n * O), shifted(dx, n * I), e, I
        for i in range(I):
            total = dY[i]
            if has_ranges(row, i):
                for k in range(R):
                    if X[i] >= E[k] and X[i] < E[k + 1]:
                        total += dY[at + k] / (E[k + 1] - E[k])
                E, at = shifted(E, R + 1), at + R
            dX[i] = dX[i] + total if adds(row, 3) else total
