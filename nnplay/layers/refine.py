"""Refine: proposals moved by the deltas of the class that they most likely hold; in training they stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import clip, decode
from nnplay.errors import InputError
from nnplay.kernels.boxes import decode_box
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import cube, pointer, share, shifted
from nnplay.operations.copy import copy
from nnplay.operations.stopped import stopped
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]

REFINE = LayerRecord(
    name="refine",
    title="Refine",
    family="boxes",
    about="Moves each box by the deltas of its likeliest class; in training it hands the boxes on.",
    when="In front of a mask head: masks are drawn in boxes that are found, and learned in those that are proposed.",
    plan=lambda values, shapes: plan(values, shapes),
    joins=True,
    torch="torchvision's RoIHeads.postprocess_detections, for one class of each box",
    cases=(
        Case({}, ((3, 4), (3, 3), (3, 8)), branches=3, exact=False),
        Case({}, ((1, 4), (1, 2), (1, 4)), branches=3, exact=False),
    ),
    refused=(
        Refused({}, ((3, 4), (3, 3)), "takes three branches"),
        Refused({}, ((3, 4), (3, 3), (3, 4)), "do not belong together"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """Boxes (N, R, 4), logits (N, R, C + 1), deltas (N, R, 4C) → boxes (N, R, 4); no parameters.

    Raises:
        InputError: not three such branches.
    """
    example = "write refine[recall rois | recall classes | recall deltas]"
    if len(shapes) != 3:
        raise InputError(f"takes three branches, but has {len(shapes)}", where="refine", hint=example)
    rois = shapes[0][0]
    classes = shapes[1][-1] - 1
    if shapes != ((rois, 4), (rois, classes + 1), (rois, 4 * classes)):
        what = f"{', '.join(map(shape_text, shapes))} do not belong together"
        raise InputError(
            what, where="refine", hint="give boxes, a logit for background and each class, four deltas a class"
        )
    return Plan(
        output=(rois, 4),
        forward=(Use(_HAND_ON, cost=4 * rois),),
        evaluate=(Use(_MOVE, cost=60 * rois),),
        backward=tuple(Use(stopped(f"x{k}"), cost=rois * shapes[k][1]) for k in range(3)),
    )


def reference(x0: Array, x1: Array, x2: Array) -> Array:
    label = x1[..., 1:].argmax(axis=-1)
    deltas = x2.reshape(*x2.shape[:2], -1, 4)
    own = np.take_along_axis(deltas, label[..., None, None], axis=2)[:, :, 0]
    return clip(decode(own, x0, (10, 10, 5, 5)))


def _element(at: Any, x0: Named, x1: Named, x2: Named) -> Term:
    return as_term(float(reference(x0.array, x1.array, x2.array)[tuple(int(k) for k in at)]))


@kernel
def move(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,r] = box x0[n,r] moved by the deltas x2 of the class with the largest logit x1[n,r,1 …], divided by 10 and 5.

    x0 (N, R, 4), x1 (N, R, C + 1), x2 (N, R, 4C), y (N, R, 4).
    """
    x0, x1, x2, y = pointer(row, memory, 0), cube(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    N, R, classes = x1.shape[0], x1.shape[1], x1.shape[2] - 1
    start, stop = share(row, part, N * R)
    for box in range(start, stop):
        said = x1[box // R, box % R]
        best = 1
        for c in range(2, classes + 1):
            best = c if said[c] > said[best] else best
        d = shifted(x2, (box * classes + best - 1) * 4)
        decode_box(d[0] * 0.1, d[1] * 0.1, d[2] * 0.2, d[3] * 0.2, x0, box * 4, y, box * 4)


_MOVE: Final = Operation(
    name="boxes refined",
    kernel=move,
    cuda=(CudaRow(move),),
    reads=("x0", "x1", "x2"),
    writes=("y",),
    reference=reference,
    formula="y = box moved by the deltas of its likeliest class: dx / 10, dy / 10, dw / 5, dh / 5",
    words="Each box is moved to where the head for its class says that the object is.",
    element=_element,
    torch="torchvision's BoxCoder((10, 10, 5, 5)).decode",
)
_HAND_ON: Final = Operation(
    name="boxes as they are",
    kernel=copy,
    cuda=(CudaRow(copy),),
    reads=("x0",),
    writes=("y",),
    reference=lambda x0: x0.copy(),
    formula="y = x0",
    words="In training, masks are learned in the proposals themselves.",
    element=lambda at, x0: x0[at],
    torch="none is needed",
)
