"""The rows of unfolding and folding: windows of pictures as the steps of a sequence, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import REQUIRED, Field, integers
from nnplay.kernels.convolution import rearranging as kernels
from nnplay.kernels.cuda import rearranging as cuda
from nnplay.operations.window_geometry import Axis, windows_of
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]


def unfold_fields() -> tuple[Field, ...]:
    """Kernel, stride, padding and dilation of windows that become steps; they lie side by side unless told."""
    return (
        integers("kernel", REQUIRED, "size of the windows, 4 or 2x4", short="k"),
        integers(
            "stride",
            "kernel",
            "step between neighbouring windows; kernel: side by side (PyTorch: 1)",
            choices=("kernel",),
            short="s",
        ),
        integers("padding", 0, "zeros added at each border", low=0, short="p"),
        integers("dilation", 1, "spacing between the values of a window", short="d"),
    )


def unfolded_axes(values: Mapping[str, Any], sizes: Sequence[int]) -> tuple[Axis, ...]:
    """The windows along each axis.

    Raises:
        InputError: windows that do not fit.
    """
    stride = values["kernel"] if values["stride"] == "kernel" else values["stride"]
    return windows_of({**values, "stride": stride}, sizes)


def unfold_integers(axes: Sequence[Axis]) -> dict[str, int]:
    """The integers of both rows; a sequence is a picture of one line."""
    height, width = (Axis(1, 1, 1, 1, 0, 0, 1), *axes)[-2:]
    parts = [(axis.kernel, axis.stride, axis.before, axis.dilation, axis.output, axis.size) for axis in (height, width)]
    return dict(zip(kernels.UNFOLD, (part for pair in zip(*parts, strict=True) for part in pair), strict=True))


def unfold_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """PyTorch's arguments of both modules."""
    stride = values["kernel"] if values["stride"] == "kernel" else values["stride"]
    given = {"kernel_size": values["kernel"], "stride": stride, "padding": values["padding"]}
    return given | {"dilation": values["dilation"]}


def _sources(given: Mapping[str, int]) -> Any:
    """Every window with its numbers inside the picture: (window, kernel number, place)."""
    axes = [[given[f"{name}{axis}"] for name in ("K", "S", "P", "D", "O")] for axis in "HW"]
    sizes = (given["H"], given["W"])
    for window, taps in product(np.ndindex(axes[0][4], axes[1][4]), np.ndindex(axes[0][0], axes[1][0])):
        place = tuple(at * S - P + tap * D for at, tap, (_, S, P, D, _) in zip(window, taps, axes, strict=True))
        if all(0 <= one < size for one, size in zip(place, sizes, strict=True)):
            yield window[0] * given["OW"] + window[1], taps[0] * given["KW"] + taps[1], place


def unfolded(x: Array, **given: int) -> Array:
    picture = x.reshape(len(x), given["H"], given["W"], -1)
    y = np.zeros((len(x), given["OH"] * given["OW"], picture.shape[-1], given["KH"] * given["KW"]), x.dtype)
    for window, tap, (h, w) in _sources(given):
        y[:, window, :, tap] = picture[:, h, w]
    return y.reshape(*y.shape[:2], -1)


def folded(x: Array, **given: int) -> Array:
    windows = x.reshape(*x.shape[:2], -1, given["KH"] * given["KW"])
    y = np.zeros((len(x), given["H"], given["W"], windows.shape[2]), x.dtype)
    for window, tap, (h, w) in _sources(given):
        y[:, h, w] += windows[:, window, :, tap]
    return y


def _unfolded_element(at: tuple[int, ...], x: Named, **given: int) -> Term:
    n, step, number = at
    c, tap = divmod(number, given["KH"] * given["KW"])
    for window, other, place in _sources(given):
        if (window, other) == (step, tap):
            return x[(n, *place[4 - len(x.shape) :], c)]
    return as_term(0.0)


def _folded_element(at: tuple[int, ...], x: Named, **given: int) -> Term:
    own, taps = (0, *at[1:-1])[-2:], given["KH"] * given["KW"]
    return total(x[at[0], window, at[-1] * taps + tap] for window, tap, place in _sources(given) if place == own)


UNFOLD = Operation(
    name="windows as steps",
    kernel=kernels.unfold,
    cuda=(NumberRow(cuda.unfold, gathers=True),),
    reads=("x",),
    writes=("y",),
    reference=unfolded,
    formula="y[n,oh·OW + ow,(c·KH + i)·KW + j] = x[n,oh·SH - PH + i·DH,ow·SW - PW + j·DW,c]",
    words="Each window becomes one step of a sequence, with all its values as features; nothing is computed.",
    element=_unfolded_element,
    integers=kernels.UNFOLD,
    torch="torch.nn.functional.unfold (channels first)",
)
FOLD = Operation(
    name="steps as windows",
    kernel=kernels.fold,
    cuda=(NumberRow(cuda.fold, gathers=True),),
    reads=("x",),
    writes=("y",),
    reference=folded,
    formula="y[n,oh·SH - PH + i·DH,ow·SW - PW + j·DW,c] += x[n,oh·OW + ow,(c·KH + i)·KW + j]",
    words="Each step is put back as a window; where windows overlap, their values are added.",
    element=_folded_element,
    integers=kernels.UNFOLD,
    torch="torch.nn.functional.fold (channels first)",
)
