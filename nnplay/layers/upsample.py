"""Upsample: pictures and sequences made larger, by repeating numbers or by mixing neighbours; nothing is learned."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import choice, integers
from nnplay.kernels.convolution import resampling as kernels
from nnplay.kernels.cuda import resampling as cuda
from nnplay.operations.window_geometry import per_axis
from nnplay.records.layer import Case, LayerRecord, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]


UPSAMPLE = LayerRecord(
    name="upsample",
    title="Upsample",
    family="shape",
    about="Enlarges images and sequences by repeating values or blending neighbours.",
    when="To enlarge images without weights, often followed by conv2d.",
    traits=Traits(change="linear"),
    torch="Upsample",
    twin=Twin(
        "nn.Upsample",
        lambda values, shape: {
            "scale_factor": values["factor"],
            "mode": "linear" if values["mode"] == "bilinear" and len(shape) == 2 else values["mode"],
        },
        channels_first=True,
    ),
    fields=(
        integers("factor", 2, "enlargement factor, 2 or 2x3", high=1024),
        choice("mode", "nearest", "nearest repeats values, bilinear blends neighbours", ("nearest", "bilinear")),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (3, 2, 2)),
        Case({"mode": "bilinear"}, (3, 4, 2)),
        Case({"factor": (3, 1), "mode": "bilinear"}, (2, 3, 17)),
        Case({"factor": (1, 3)}, (2, 3, 1)),
        Case({"factor": 3, "mode": "bilinear"}, (4, 3)),
        Case({"factor": 2, "mode": "bilinear"}, (1, 1, 3)),
    ),
    refused=(
        Refused({"factor": 0}, (3, 3, 1), "≥ 1"),
        Refused({"factor": (2, 2)}, (3, 1), "2 numbers for 1 axis"),
        Refused({}, (9,), "needs a sequence or an image"),
        Refused({"mode": "cubic"}, (3, 3, 1), "one of nearest, bilinear"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, H·FH, W·FW, C), or a sequence (N, T, C) → (N, T·F, C); no parameters."""
    if len(shape) not in (2, 3):
        hint = "put a reshape before it"
        raise InputError(f"needs a sequence or an image with channels; its input is {shape_text(shape)}", hint=hint)
    factors = per_axis(values["factor"], len(shape) - 1, "factor")
    outputs = tuple(size * factor for size, factor in zip(shape, factors, strict=False))
    (FH, FW), (H, W) = (1, *factors)[-2:], (1, *shape[:-1])[-2:]
    given = {"FH": FH, "FW": FW, "H": H, "W": W, "mix": int(values["mode"] == "bilinear")}
    cost = prod(outputs) * shape[-1] * 6
    return Plan(
        output=(*outputs, shape[-1]),
        forward=(Use(_FORWARD, given, cost),),
        backward=(Use(_BACKWARD, given, cost),),
    )


def shares(size: int, factor: int, mix: int) -> Array:
    """How much of each input goes into each output along one axis, (size·factor, size)."""
    places = np.arange(size * factor)
    if not mix:
        return np.asarray(np.eye(size)[places // factor])
    centres = np.clip((places + 0.5) / factor - 0.5, 0, size - 1)  # pixels are squares: corners don't line up
    return np.asarray(np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(size))))


def enlarged(x: Array, FH: int, FW: int, H: int, W: int, mix: int) -> Array:
    picture = x.reshape(len(x), H, W, -1)
    return np.asarray(np.einsum("oh,pw,nhwc->nopc", shares(H, FH, mix), shares(W, FW, mix), picture, optimize=True))


def enlarged_back(dy: Array, FH: int, FW: int, H: int, W: int, mix: int) -> Array:
    picture = dy.reshape(len(dy), H * FH, W * FW, -1)
    return np.asarray(np.einsum("oh,pw,nopc->nhwc", shares(H, FH, mix), shares(W, FW, mix), picture, optimize=True))


def _parts(at: tuple[int, ...], given: dict[str, int], back: bool) -> list[tuple[tuple[int, ...], float]]:
    """Places on the other side that belong to a place on this one, with their shares."""
    h, w = (0, *at[1:-1])[-2:]
    tables = (shares(given["H"], given["FH"], given["mix"]), shares(given["W"], given["FW"], given["mix"]))
    rows, columns = (table[:, k] if back else table[k] for table, k in zip(tables, (h, w), strict=True))
    return [
        ((at[0], *(int(i), int(j))[4 - len(at) :], at[-1]), float(rows[i] * columns[j]))
        for i in np.nonzero(rows)[0]
        for j in np.nonzero(columns)[0]
    ]


def _element(at: tuple[int, ...], x: Named, **given: int) -> Term:
    return total(x[place] * part for place, part in _parts(at, given, back=False))


def _element_back(at: tuple[int, ...], dy: Named, **given: int) -> Term:
    return total(dy[place] * part for place, part in _parts(at, given, back=True))


_FORWARD = Operation(
    name="enlarge",
    kernel=kernels.enlarge,
    cuda=(CudaRow(cuda.enlarge),),
    reads=("x",),
    writes=("y",),
    reference=enlarged,
    formula="y[n,o,p,c] = Σ share[o,h]·share[p,w]·x[n,h,w,c]",
    words="Each output is the nearest input, or a blend of its neighbours weighted by how near they are.",
    element=_element,
    integers=kernels.RESAMPLE,
    torch="torch.nn.functional.interpolate (channels first)",
)
_BACKWARD = Operation(
    name="enlarge backward",
    kernel=kernels.enlarge_backward,
    cuda=(CudaRow(cuda.enlarge_backward),),
    reads=("dy",),
    writes=("dx",),
    reference=enlarged_back,
    formula="dx[n,h,w,c] = Σ share[o,h]·share[p,w]·dy[n,o,p,c]",
    words="Each input collects the gradients of the outputs it contributed to, weighted by its share.",
    element=_element_back,
    integers=kernels.RESAMPLE,
    torch="autograd",
)
