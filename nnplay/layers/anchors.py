"""Anchors: boxes of some sizes around each place of a grid, beside what the network says of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import numbers
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import adds, cube, grid, integer, share
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]
#: What an anchor is told (objectness, four deltas), and what it is beside that: left, top, right, bottom.
SAID: Final = 5
WIDTH: Final = 9
#: Units of the sizes and ratios that rows have as integers.
_UNITS: Final = 1_000
_MOST: Final = 4


ANCHORS = LayerRecord(
    name="anchors",
    title="Anchors",
    family="boxes",
    about="A row for each anchor box: its objectness, four deltas, and the box itself, in shares of the picture.",
    when="Behind the last convolution of a region proposal network, with five channels for each anchor of a place.",
    plan=lambda values, shape: plan(values, shape),
    fields=(
        numbers("sizes", "sides of a square anchor, in cells of the grid, as in 3,5,8; 4 unless given"),
        numbers("ratios", "heights by widths of anchors of each size, as in 0.5,1,2; 1 unless given"),
    ),
    torch="torchvision.models.detection.anchor_utils.AnchorGenerator, centred on each cell",
    cases=(
        Case({"sizes": "2"}, (3, 4, 5)),
        Case({"sizes": "2,4.5", "ratios": "0.5,1"}, (2, 3, 20)),
        Case({}, (1, 1, 5)),
    ),
    refused=(
        Refused({"sizes": "2,3"}, (4, 4, 5), "2 anchors need 10 channels"),
        Refused({}, (5,), "needs a grid"),
        Refused({"sizes": "0"}, (4, 4, 5), "sizes from"),
        Refused({"sizes": "1,2,3,4,5"}, (4, 4, 25), "at most 4"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, A·5) → (N, H·W·A, 9): objectness, four deltas, and left, top, right and bottom of each anchor.

    Raises:
        InputError: no grid, other channels than the anchors need, or sizes that are none.
    """
    sizes, ratios = _listed(values["sizes"], 4.0, "sizes"), _listed(values["ratios"], 1.0, "ratios")
    count = len(sizes) * len(ratios)
    if len(shape) != 3:
        raise InputError(f"needs a grid, not {shape_text(shape)}", hint="put it behind a convolution")
    if shape[2] != SAID * count:
        what = f"{count} anchors need {SAID * count} channels, not {shape[2]}"
        raise InputError(what, hint=f"write conv2d {SAID * count} 1 in front of it")
    output = shape[0] * shape[1] * count
    units = {
        f"{kind}{k}": round(_UNITS * part)
        for kind, list_ in (("s", sizes), ("r", ratios))
        for k, part in enumerate(list_)
    }
    given = {f"{kind}{k}": units.get(f"{kind}{k}", 0) for kind in "sr" for k in range(_MOST)}
    forward, backward = _operations()
    return Plan(
        output=(output, WIDTH),
        forward=(Use(forward, {**given, "H": shape[0], "W": shape[1]}, output * WIDTH),),
        backward=(Use(backward, {"H": shape[0], "W": shape[1]}, output * SAID),),
    )


def _listed(text: str, usual: float, field: str) -> list[float]:
    found = [float(part) for part in text.split(",")] if text else [usual]
    if len(found) > _MOST or min(found) * _UNITS < 1 or max(found) > 1000:
        raise InputError(f"takes {field} from 0.001 to 1000, at most {_MOST}", hint="such as 3,5,8")
    return found


def bases(shape: tuple[int, int], sizes: list[float], ratios: list[float]) -> Array:
    """The anchors (H·W·A, 4) of a grid: at each place each size, and of each size each ratio."""
    H, W = shape
    sides = [(size / np.sqrt(ratio), size * np.sqrt(ratio)) for size in sizes for ratio in ratios]
    half = np.array(sides) / 2
    down, across = np.meshgrid(np.arange(H) + 0.5, np.arange(W) + 0.5, indexing="ij")
    middle = np.stack([across, down], axis=-1)[:, :, None]
    boxes = np.concatenate([middle - half, middle + half], axis=-1) / np.array([W, H, W, H])
    return np.asarray(boxes.reshape(-1, 4))


def _given(integers: Mapping[str, int], kind: str) -> list[float]:
    return [integers[f"{kind}{k}"] / _UNITS for k in range(_MOST) if integers[f"{kind}{k}"]]


def reference(x: Array, **integers: int) -> Array:
    shape = integers["H"], integers["W"]
    boxes = bases(shape, _given(integers, "s"), _given(integers, "r"))
    said = x.reshape(len(x), -1, SAID)
    return np.concatenate([said, np.broadcast_to(boxes, (len(x), *boxes.shape))], axis=-1)


def _element(at: tuple[int, ...], x: Named, **integers: int) -> Term:
    n, anchor, number = (int(k) for k in at)
    if number >= SAID:
        boxes = bases((integers["H"], integers["W"]), _given(integers, "s"), _given(integers, "r"))
        return as_term(float(boxes[anchor, number - SAID]))
    place, own = divmod(anchor, x.shape[3] // SAID)
    return x[n, place // integers["W"], place % integers["W"], own * SAID + number]


def _element_back(at: tuple[int, ...], dy: Named, H: int, W: int) -> Term:
    n, i, j, channel = (int(k) for k in at)
    count = dy.shape[1] // (H * W)
    return dy[n, (i * W + j) * count + channel // SAID, channel % SAID]


@cache
def _operations() -> tuple[Operation, Operation]:
    forward = Operation(
        name="anchors",
        kernel=lay,
        cuda=(CudaRow(lay),),
        reads=("x",),
        writes=("y",),
        reference=reference,
        formula="y[a] = x of anchor a: objectness, dx, dy, dw, dh; then left, top, right, bottom of the anchor",
        words="Lays out what the network says of each anchor, with the anchor itself beside it.",
        element=_element,
        integers=(*(f"{kind}{k}" for kind in "sr" for k in range(_MOST)), "H", "W"),
        torch="torchvision's AnchorGenerator and permute_and_flatten",
    )
    backward = Operation(
        name="anchors backward",
        kernel=lay_back,
        cuda=(CudaRow(lay_back),),
        reads=("dy",),
        writes=("dx",),
        reference=lambda dy, H, W: dy[..., :SAID].reshape(len(dy), H, W, -1),
        formula="dx = dy of objectness and deltas; the anchors themselves do not move",
        words="Passes every gradient back to where its value came from.",
        element=_element_back,
        integers=("H", "W"),
        torch="autograd",
    )
    return forward, backward


@kernel
def lay(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n, (i·W + j)·A + a] = x[n,i,j,5a … 5a + 4], then the anchor; x (N, H, W, 5A), y (N, H·W·A, 9)."""
    x, y = grid(row, memory, 0), cube(row, memory, 1)
    N, H, W, channels = x.shape
    A = channels // 5
    start, stop = share(row, part, N * H)
    for line in range(start, stop):
        n, i = line // H, line % H
        for j in range(W):
            ratios = 0
            for k in range(4):
                ratios += 1 if integer(row, 4 + k) != 0 else 0
            for a in range(A):
                said = y[n, (i * W + j) * A + a]
                for number in range(5):
                    said[number] = x[n, i, j, 5 * a + number]
                size = np.float64(integer(row, a // ratios)) / 1000.0
                root = math.sqrt(np.float64(integer(row, 4 + a % ratios)) / 1000.0)
                said[5] = ((j + 0.5) - size / root * 0.5) / W
                said[6] = ((i + 0.5) - size * root * 0.5) / H
                said[7] = ((j + 0.5) + size / root * 0.5) / W
                said[8] = ((i + 0.5) + size * root * 0.5) / H


@kernel
def lay_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,i,j,5a + k] = dy[n, (i·W + j)·A + a, k] for k < 5; dx (N, H, W, 5A), dy (N, H·W·A, 9)."""
    dy, dx = cube(row, memory, 0), grid(row, memory, 1)
    N, H, W, channels = dx.shape
    A = channels // 5
    start, stop = share(row, part, N * H)
    for line in range(start, stop):
        n, i = line // H, line % H
        for j in range(W):
            for channel in range(channels):
                passed = dy[n, (i * W + j) * A + channel // 5, channel % 5]
                dx[n, i, j, channel] = (dx[n, i, j, channel] if adds(row, 1) else 0.0) + passed
