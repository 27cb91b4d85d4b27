"""The rows of pooling to a wanted size, for sequences, pictures and volumes, and the records made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

import numpy as np

from nnplay.fields import REQUIRED, integers
from nnplay.kernels.cuda import adaptive_pooling as cuda
from nnplay.kernels.pooling import adaptive as kernels
from nnplay.operations.pooled_windows import PooledWindows, Window
from nnplay.operations.window_geometry import need_rank, per_axis
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.twin import Twin


def window(place: int, outputs: int, size: int) -> range:
    """What an output sees along one axis: ⌊i·size / outputs⌋ up to ⌈(i + 1)·size / outputs⌉."""
    return range(place * size // outputs, -(-(place + 1) * size // outputs))


def _windows(OD: int, OH: int, OW: int, D: int, H: int, W: int) -> Iterator[Window]:
    """Every output with what it sees."""
    for number, place in enumerate(np.ndindex(OD, OH, OW)):
        d, h, w = (window(*axis) for axis in zip(place, (OD, OH, OW), (D, H, W), strict=True))
        seen = [(i * H + j) * W + k for i, j, k in product(d, h, w)]
        yield Window(number, seen, list(range(len(seen))), len(seen))


def _sizes(pool: Mapping[str, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(pool[name] for name in ("OD", "OH", "OW")), tuple(pool[name] for name in "DHW")


_POOLED = PooledWindows(_windows, _sizes)

# -- the operations and the records ------------------------------------------------------------------------------------

MEAN = Operation(
    name="mean of each share",
    kernel=kernels.mean_forward,
    cuda=(NumberRow(cuda.mean_forward, gathers=True),),
    reads=("x",),
    writes=("y",),
    reference=_POOLED.mean,
    formula="y[n,i,c] = mean x[n,⌊i·size/out⌋ … ⌈(i+1)·size/out⌉ - 1,c] on each axis",
    words="Cuts each axis into as many windows as wanted, as even as can be, and takes the mean of each.",
    element=_POOLED.mean_element,
    integers=kernels.ADAPTIVE,
    torch="torch.nn.functional.adaptive_avg_pool2d (channels first)",
)
MEAN_BACK = Operation(
    name="gradient shared over each share",
    kernel=kernels.mean_backward,
    cuda=(NumberRow(cuda.mean_backward, gathers=True),),
    reads=("dy",),
    writes=("dx",),
    reference=_POOLED.mean_back,
    formula="dx = Σ dy / count over the windows that hold x",
    words="All values of a window had an equal say in its mean, so they share the gradient equally.",
    element=_POOLED.mean_back_element,
    integers=kernels.ADAPTIVE,
    torch="autograd",
)
MAX = Operation(
    name="maximum of each share",
    kernel=kernels.max_forward,
    cuda=(NumberRow(cuda.max_forward, gathers=True),),
    reads=("x",),
    writes=("y", "which"),
    reference=_POOLED.largest,
    formula="y[n,i,c] = max x[n,⌊i·size/out⌋ … ⌈(i+1)·size/out⌉ - 1,c] on each axis",
    words="Cuts each axis into as many windows as wanted, as even as can be, and keeps the strongest response of each.",
    element=_POOLED.largest_element,
    integers=kernels.ADAPTIVE,
    torch="torch.nn.functional.adaptive_max_pool2d (channels first)",
)
MAX_BACK = Operation(
    name="gradient to the maximum of each share",
    kernel=kernels.max_backward,
    cuda=(NumberRow(cuda.max_backward, gathers=True),),
    reads=("dy", "which"),
    writes=("dx",),
    reference=_POOLED.largest_back,
    formula="dx = dy where x was the largest of its window, else 0",
    words="Only the maximum had a say in the output, so it alone gets the gradient.",
    element=_POOLED.largest_back_element,
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
        traits=Traits(change="" if largest else "linear"),
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
