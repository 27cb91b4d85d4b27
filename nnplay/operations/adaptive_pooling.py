"""The rows of pooling to a wanted size, for sequences, pictures and volumes, and the records made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import REQUIRED, integers
from nnplay.kernels.pooling import adaptive as kernels
from nnplay.operations.window_geometry import need_rank, per_axis
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]
Place = tuple[int, ...]


def window(place: int, outputs: int, size: int) -> range:
    """What an output sees along one axis: ⌊i·size / outputs⌋ up to ⌈(i + 1)·size / outputs⌉."""
    return range(place * size // outputs, -(-(place + 1) * size // outputs))


def places(OD: int, OH: int, OW: int, D: int, H: int, W: int) -> Iterator[tuple[Place, list[Place]]]:
    """Every output place with the input places that it sees."""
    for place in np.ndindex(OD, OH, OW):
        axes = zip(place, (OD, OH, OW), (D, H, W), strict=True)
        yield place, list(product(*(window(*axis) for axis in axes)))


def _volume(x: Array, *sizes: int) -> Array:
    return x.reshape(len(x), *sizes, -1)


def mean(x: Array, **pool: int) -> Array:
    volume = _volume(x, pool["D"], pool["H"], pool["W"])
    y = np.empty((len(x), pool["OD"], pool["OH"], pool["OW"], x.shape[-1]), x.dtype)
    for place, seen in places(**pool):
        y[:, *place] = sum(volume[:, *source] for source in seen) / len(seen)
    return y


def mean_back(dy: Array, **pool: int) -> Array:
    dy = _volume(dy, pool["OD"], pool["OH"], pool["OW"])
    dx = np.zeros((len(dy), pool["D"], pool["H"], pool["W"], dy.shape[-1]), dy.dtype)
    for place, seen in places(**pool):
        for source in seen:
            dx[:, *source] += dy[:, *place] / len(seen)
    return dx


def largest(x: Array, **pool: int) -> tuple[Array, Array]:
    volume = _volume(x, pool["D"], pool["H"], pool["W"])
    y = np.empty((len(x), pool["OD"], pool["OH"], pool["OW"], x.shape[-1]), x.dtype)
    which = np.empty_like(y)
    for place, seen in places(**pool):
        values = np.stack([volume[:, *source] for source in seen])
        y[:, *place], which[:, *place] = values.max(axis=0), values.argmax(axis=0)
    return y, which


def largest_back(dy: Array, which: Array, **pool: int) -> Array:
    dy, which = (_volume(part, pool["OD"], pool["OH"], pool["OW"]) for part in (dy, which))
    dx = np.zeros((len(dy), pool["D"], pool["H"], pool["W"], dy.shape[-1]), dy.dtype)
    for place, seen in places(**pool):
        for tap, source in enumerate(seen):
            dx[:, *source] += np.where(which[:, *place] == tap, dy[:, *place], 0)
    return dx


# -- one element of each -----------------------------------------------------------------------------------------------


def _index(at: tuple[int, ...], place: Place) -> tuple[int, ...]:
    """A place of a volume in the count of axes that `at` has, of the same row and channel."""
    return (at[0], *place[5 - len(at) :], at[-1])


def _seen(at: tuple[int, ...], pool: Mapping[str, int]) -> list[tuple[int, ...]]:
    """What an output sees."""
    own = (0, 0, *at[1:-1])[-3:]
    return [_index(at, source) for source in next(seen for place, seen in places(**pool) if place == own)]


def _users(at: tuple[int, ...], pool: Mapping[str, int]) -> list[tuple[tuple[int, ...], int, int]]:
    """Outputs that see an input, with its number in their windows and how much these hold."""
    own = (0, 0, *at[1:-1])[-3:]
    return [(_index(at, place), seen.index(own), len(seen)) for place, seen in places(**pool) if own in seen]


def _mean_element(at: tuple[int, ...], x: Named, **pool: int) -> Term:
    seen = _seen(at, pool)
    return total(x[place] for place in seen) / len(seen)


def _mean_back_element(at: tuple[int, ...], dy: Named, **pool: int) -> Term:
    return total(dy[place] / count for place, _, count in _users(at, pool))


def _largest_element(at: tuple[int, ...], x: Named, **pool: int) -> Term:
    return apply("max", lambda *numbers: max(numbers), *(x[place] for place in _seen(at, pool)))


def _largest_back_element(at: tuple[int, ...], dy: Named, which: Named, **pool: int) -> Term:
    chosen = [dy[place] for place, tap, _ in _users(at, pool) if which.array[place] == tap]
    return total(chosen) if chosen else as_term(0.0)


# -- the operations and the records ------------------------------------------------------------------------------------

MEAN = Operation(
    name="mean of each share",
    kernel=kernels.mean_forward,
    reads=("x",),
    writes=("y",),
    reference=mean,
    formula="y[n,i,c] = mean x[n,⌊i·size/out⌋ … ⌈(i+1)·size/out⌉ - 1,c] on each axis",
    words="Cuts each axis into as many windows as wanted, as even as can be, and takes the mean of each.",
    element=_mean_element,
    integers=kernels.ADAPTIVE,
    torch="torch.nn.functional.adaptive_avg_pool2d (channels first)",
)
MEAN_BACK = Operation(
    name="gradient shared over each share",
    kernel=kernels.mean_backward,
    reads=("dy",),
    writes=("dx",),
    reference=mean_back,
    formula="dx = Σ dy / count over the windows that hold x",
    words="All values of a window had an equal say in its mean, so they share the gradient equally.",
    element=_mean_back_element,
    integers=kernels.ADAPTIVE,
    torch="autograd",
)
MAX = Operation(
    name="maximum of each share",
    kernel=kernels.max_forward,
    reads=("x",),
    writes=("y", "which"),
    reference=largest,
    formula="y[n,i,c] = max x[n,⌊i·size/out⌋ … ⌈(i+1)·size/out⌉ - 1,c] on each axis",
    words="Cuts each axis into as many windows as wanted, as even as can be, and keeps the strongest response of each.",
    element=_largest_element,
    integers=kernels.ADAPTIVE,
    torch="torch.nn.functional.adaptive_max_pool2d (channels first)",
)
MAX_BACK = Operation(
    name="gradient to the maximum of each share",
    kernel=kernels.max_backward,
    reads=("dy", "which"),
    writes=("dx",),
    reference=largest_back,
    formula="dx = dy where x was the largest of its window, else 0",
    words="Only the maximum had a say in the output, so it alone gets the gradient.",
    element=_largest_back_element,
    integers=kernels.ADAPTIVE,
    torch="autograd",
)


def plan_adaptive(size: Any, shape: Shape, largest: bool) -> Plan:
    """(N, H, W, C) → (N, OH, OW, C), and sequences and volumes alike; no parameters."""
    outputs = per_axis(size, len(shape) - 1, "size")
    sizes = (*(1, 1, *outputs)[-3:], *(1, 1, *shape[:-1])[-3:])
    pool = dict(zip(kernels.ADAPTIVE, sizes, strict=True))
    forward, backward = (MAX, MAX_BACK) if largest else (MEAN, MEAN_BACK)
    cost = 2 * prod(shape[:-1]) * shape[-1]
    return Plan(
        output=(*outputs, shape[-1]),
        forward=(Use(forward, pool, cost),),
        backward=(Use(backward, pool, cost),),
        saved={"which": ("N", *outputs, shape[-1])} if largest else {},
    )


#: Cases for each count of axes: even and uneven shares, windows that overlap, one output, more outputs than inputs.
_CASES = {
    1: (Case({"size": 2}, (6, 3)), Case({"size": 4}, (7, 17)), Case({"size": 5}, (3, 1))),
    2: (Case({"size": (2, 3)}, (4, 6, 3)), Case({"size": 3}, (5, 7, 17)), Case({"size": (1, 4)}, (3, 2, 1))),
    3: (Case({"size": 2}, (2, 4, 3, 2)), Case({"size": (1, 3, 2)}, (3, 4, 5, 3))),
}
_RANK = {1: "needs a sequence", 2: "needs an image", 3: "needs a volume"}
_SIZES = {1: "such as 4", 2: "4 or 2x3", 3: "4 or 2x3x3"}


def adaptive_pooling(name: str, title: str, about: str, *, when: str, axes: int, largest: bool) -> LayerRecord:
    """The record of pooling sequences (1 axis), pictures (2) or volumes (3) to a wanted size."""

    def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
        """(N, H, W, C) → (N, OH, OW, C), and sequences and volumes alike; no parameters."""
        need_rank(shape, axes + 1)
        return plan_adaptive(values["size"], shape, largest)

    return LayerRecord(
        name=name,
        title=title,
        family="pooling",
        about=about,
        when=when,
        torch=title,
        twin=Twin(f"nn.{title}", lambda values, shape: {"output_size": values["size"]}, channels_first=True),
        fields=(integers("size", REQUIRED, f"size of the output, {_SIZES[axes]}"),),
        plan=plan,
        cases=_CASES[axes],
        refused=(
            Refused({"size": (2,) * (axes + 1)}, (4,) * axes + (1,), f"{axes + 1} numbers for"),
            Refused({"size": 2}, (9,), _RANK[axes]),
            Refused({"size": 0}, (4,) * axes + (1,), "≥ 1"),
        ),
    )
