"""The rows of pooling along one axis (sequences) and two (pictures), and the plan that they share."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import Field, integers
from nnplay.kernels.pooling import pooling as kernels
from nnplay.operations.window_geometry import left_over, need_rank, per_axis, windows_of
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]


def places(KH: int, KW: int, SH: int, SW: int, PH: int, PW: int, OH: int, OW: int, H: int, W: int) -> Any:
    """Every output place with the input places under its window: ((oh, ow), [(h, w, kernel number), …])."""
    for oh, ow in product(range(OH), range(OW)):
        taps = [(oh * SH - PH + kh, ow * SW - PW + kw, kh * KW + kw) for kh in range(KH) for kw in range(KW)]
        yield (oh, ow), [(h, w, tap) for h, w, tap in taps if 0 <= h < H and 0 <= w < W]


def largest(x: Array, **pool: int) -> tuple[Array, Array]:
    picture = x.reshape(len(x), pool["H"], pool["W"], -1)
    y = np.empty((len(x), pool["OH"], pool["OW"], x.shape[-1]), x.dtype)
    which = np.empty_like(y)
    for (oh, ow), seen in places(**pool):
        values = np.stack([picture[:, h, w] for h, w, _ in seen])
        taps = np.array([tap for _, _, tap in seen])
        y[:, oh, ow], which[:, oh, ow] = values.max(axis=0), taps[values.argmax(axis=0)]
    return y, which


def largest_back(dy: Array, which: Array, **pool: int) -> Array:
    N, C = len(dy), dy.shape[-1]
    dy, which = (part.reshape(N, pool["OH"], pool["OW"], C) for part in (dy, which))
    dx = np.zeros((N, pool["H"], pool["W"], C), dy.dtype)
    for (oh, ow), seen in places(**pool):
        for h, w, tap in seen:
            dx[:, h, w] += np.where(which[:, oh, ow] == tap, dy[:, oh, ow], 0)
    return dx


def mean(x: Array, **pool: int) -> Array:
    picture = x.reshape(len(x), pool["H"], pool["W"], -1)
    y = np.empty((len(x), pool["OH"], pool["OW"], x.shape[-1]), x.dtype)
    for (oh, ow), seen in places(**pool):
        y[:, oh, ow] = sum(picture[:, h, w] for h, w, _ in seen) / len(seen)
    return y


def mean_back(dy: Array, **pool: int) -> Array:
    N, C = len(dy), dy.shape[-1]
    dy = dy.reshape(N, pool["OH"], pool["OW"], C)
    dx = np.zeros((N, pool["H"], pool["W"], C), dy.dtype)
    for (oh, ow), seen in places(**pool):
        for h, w, _ in seen:
            dx[:, h, w] += dy[:, oh, ow] / len(seen)
    return dx


# -- one element of each -----------------------------------------------------------------------------------------------


def _seen(at: tuple[int, ...], pool: Mapping[str, int]) -> list[tuple[tuple[int, ...], int]]:
    """Input places under the window of an output, in the input's own count of axes, with kernel numbers."""
    place = (0, *at[1:-1])[-2:]
    seen = next(seen for out, seen in places(**pool) if out == place)
    return [((at[0], *(h, w)[4 - len(at) :], at[-1]), tap) for h, w, tap in seen]


def _users(at: tuple[int, ...], pool: Mapping[str, int]) -> list[tuple[tuple[int, ...], int, int]]:
    """Outputs whose windows hold an input, with its kernel number there and how many inputs the window holds."""
    place = (0, *at[1:-1])[-2:]
    return [
        ((at[0], *out[4 - len(at) :], at[-1]), tap, len(seen))
        for out, seen in places(**pool)
        for h, w, tap in seen
        if (h, w) == place
    ]


def _largest_element(at: tuple[int, ...], x: Named, **pool: int) -> Term:
    return apply("max", lambda *numbers: max(numbers), *(x[place] for place, _ in _seen(at, pool)))


def _largest_back_element(at: tuple[int, ...], dy: Named, which: Named, **pool: int) -> Term:
    chosen = [dy[out] for out, tap, _ in _users(at, pool) if which.array[out] == tap]
    return total(chosen) if chosen else as_term(0.0)


def _mean_element(at: tuple[int, ...], x: Named, **pool: int) -> Term:
    seen = _seen(at, pool)
    return total(x[place] for place, _ in seen) / len(seen)


def _mean_back_element(at: tuple[int, ...], dy: Named, **pool: int) -> Term:
    return total(dy[out] / count for out, _, count in _users(at, pool))


# -- the operations and the plan ---------------------------------------------------------------------------------------

MAX = Operation(
    name="maximum of each window",
    kernel=kernels.max_forward,
    reads=("x",),
    writes=("y", "which"),
    reference=largest,
    formula="y[n,h,w,c] = max x[n,h·SH - PH + i,w·SW - PW + j,c] over i, j",
    words="Keeps the strongest response in each window: what was found matters more than exactly where.",
    element=_largest_element,
    integers=kernels.POOL,
    torch="torch.nn.functional.max_pool2d (channels first)",
)
MAX_BACK = Operation(
    name="gradient to the maximum",
    kernel=kernels.max_backward,
    reads=("dy", "which"),
    writes=("dx",),
    reference=largest_back,
    formula="dx = dy where x was the largest of its window, else 0",
    words="Only the maximum had a say in the output, so it alone gets the gradient.",
    element=_largest_back_element,
    integers=kernels.POOL,
    torch="autograd",
)
MEAN = Operation(
    name="mean of each window",
    kernel=kernels.mean_forward,
    reads=("x",),
    writes=("y",),
    reference=mean,
    formula="y[n,h,w,c] = mean x[n,h·SH - PH + i,w·SW - PW + j,c] over i, j inside the image",
    words="Replaces each window with its mean, for a smaller and smoother image. Padding does not count.",
    element=_mean_element,
    integers=kernels.POOL,
    torch="torch.nn.functional.avg_pool2d(…, count_include_pad=False) (channels first)",
)
MEAN_BACK = Operation(
    name="gradient shared over the window",
    kernel=kernels.mean_backward,
    reads=("dy",),
    writes=("dx",),
    reference=mean_back,
    formula="dx = Σ dy / count over the windows that hold x",
    words="All values of a window had an equal say in its mean, so they share the gradient equally.",
    element=_mean_back_element,
    integers=kernels.POOL,
    torch="autograd",
)


def pooling_fields(shape: str) -> tuple[Field, ...]:
    """Kernel, stride and padding; the stride is the kernel unless given."""
    return (
        integers("kernel", 2, f"size of the windows, {shape}", short="k"),
        integers("stride", "kernel", "step between neighbouring windows", choices=("kernel",), short="s"),
        integers(
            "padding", "valid", "how far windows may reach over the border", low=0, choices=("same", "valid"), short="p"
        ),
    )


def plan_pooling(values: Mapping[str, Any], shape: Shape, largest: bool) -> Plan:
    """(N, H, W, C) → (N, OH, OW, C), or a sequence (N, T, C) → (N, OT, C); no parameters.

    Raises:
        InputError: windows that do not fit, or that could lie outside the input altogether.
    """
    chosen = dict(values)
    if values["stride"] == "kernel":
        chosen["stride"] = values["kernel"]
    count = len(shape) - 1
    pairs = zip(per_axis(values["padding"], count, "padding"), per_axis(values["kernel"], count, "kernel"), strict=True)
    for padding, kernel in pairs:
        if isinstance(padding, int) and padding >= kernel:
            what = f"padding {padding} with kernel {kernel}: a window could lie entirely outside the input"
            raise InputError(what, hint=f"use padding 0 … {kernel - 1}")
    axes = windows_of(chosen, shape[:-1], dilated=False)
    sized = [(axis.kernel, axis.stride, axis.before, axis.output, axis.size) for axis in axes]
    height, width = [(1, 1, 0, 1, 1), *sized][-2:]
    pool = dict(zip(kernels.POOL, (part for pair in zip(height, width, strict=True) for part in pair), strict=True))
    outputs = tuple(axis.output for axis in axes)
    cost = prod(outputs) * shape[-1] * prod(axis.kernel for axis in axes) * 2
    forward, backward = (MAX, MAX_BACK) if largest else (MEAN, MEAN_BACK)
    return Plan(
        output=(*outputs, shape[-1]),
        forward=(Use(forward, pool, cost),),
        backward=(Use(backward, pool, cost),),
        saved={"which": ("N", *outputs, shape[-1])} if largest else {},
        note=left_over(axes),
    )


#: Cases of pooling along one axis and along two: windows side by side, overlapping, with gaps, over the border.
_CASES = {
    1: (
        Case({}, (6, 3)),
        Case({"kernel": 3, "stride": 1}, (5, 2)),
        Case({"kernel": 3, "stride": 2}, (7, 3)),
        Case({"kernel": 3, "stride": 2, "padding": "same"}, (7, 17)),
        Case({"kernel": 3}, (3, 1)),
        Case({"padding": "same"}, (9, 2)),
        Case({"kernel": 3, "stride": 2, "padding": 1}, (5, 2)),
        Case({}, (7, 2)),
    ),
    2: (
        Case({}, (4, 6, 3)),
        Case({"kernel": 3, "stride": 1}, (5, 5, 2)),
        Case({"kernel": (3, 2), "stride": (2, 1)}, (7, 6, 3)),
        Case({"kernel": 3, "stride": 2, "padding": "same"}, (5, 7, 17)),
        Case({"kernel": 3}, (3, 3, 1)),
        Case({"padding": "same"}, (7, 9, 2)),
        Case({"kernel": 3, "stride": 2, "padding": 1}, (5, 5, 2)),
        Case({}, (7, 5, 2)),
    ),
}
_REFUSED = {
    1: (
        Refused({"kernel": 3}, (2, 1), "spans 3, but the input has only 2"),
        Refused({"padding": 2}, (7, 1), "use padding 0 … 1"),
        Refused({}, (9,), "needs a sequence"),
    ),
    2: (
        Refused({"kernel": 3}, (2, 2, 1), "spans 3, but the input has only 2"),
        Refused({"padding": 2}, (7, 8, 1), "use padding 0 … 1"),
        Refused({}, (9,), "needs an image"),
    ),
}


def _arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
    stride = None if values["stride"] == "kernel" else values["stride"]
    return {"kernel_size": values["kernel"], "stride": stride}


def _covered(values: Mapping[str, Any], shape: Shape) -> bool:
    """PyTorch counts the zeros of a padding into a mean, and has no padding "same" here."""
    return bool(values["padding"] == "valid")


def pooling(name: str, title: str, about: str, *, when: str, axes: int, largest: bool) -> LayerRecord:
    """The record of pooling sequences (steps, channels) or pictures (height, width, channels)."""

    def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
        """(N, H, W, C) → (N, OH, OW, C), or a sequence (N, T, C) → (N, OT, C); no parameters."""
        need_rank(shape, axes + 1)
        return plan_pooling(values, shape, largest)

    return LayerRecord(
        name=name,
        title=title,
        family="pooling",
        about=about,
        when=when,
        torch=title,
        twin=Twin(f"nn.{title}", _arguments, channels_first=True, covers=_covered),
        fields=pooling_fields("2" if axes == 1 else "2 or 2x3"),
        plan=plan,
        cases=_CASES[axes],
        refused=_REFUSED[axes],
    )
