"""Dice: how far the predicted regions are from covering the wanted ones, each class counting alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import number
from nnplay.kernels.elementary import exp
from nnplay.kernels.jit import REAL, kernel
from nnplay.kernels.operands import flat, rows_of, share
from nnplay.layer import Case, Refused
from nnplay.loss import LossPlan, LossRecord
from nnplay.operation import BATCH, Operation, Shape, Use
from nnplay.scoring import LARGEST, softmax
from nnplay.worked import Named, Term, scalar, total

Array = NDArray[Any]


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    z, target, smooth = rows_of(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)[0]
    loss, p = flat(row, memory, 3), rows_of(row, memory, 4)  # z, p (N, C), target (N,)
    overlap, area = flat(row, memory, 5), flat(row, memory, 6)  # (C,): Σ p·t, Σ p + Σ t
    N, C = z.shape
    wrong = False
    for n in range(N):
        wrong = wrong or not 0 <= int(target[n]) < C
        largest = z[n, 0]
        for c in range(1, C):
            largest = max(largest, z[n, c])
        norm = 0.0
        for c in range(C):
            p[n, c] = exp(z[n, c] - largest)
            norm += p[n, c]
        for c in range(C):
            p[n, c] = p[n, c] / norm
    summed = np.float64(0)
    for c in range(C):
        both, either = np.float64(0), np.float64(0)  # a batch of pictures has millions of terms
        for n in range(N):
            t = 1.0 if int(target[n]) == c else 0.0
            both += p[n, c] * t
            either += p[n, c] + t
        overlap[c] = both
        area[c] = either
        summed += (2.0 * both + smooth) / (either + smooth)
    loss[0] = math.nan if wrong else 1.0 - summed / C


@kernel
def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
    p, target = rows_of(row, memory, 0), flat(row, memory, 1)
    overlap, area, smooth = flat(row, memory, 2), flat(row, memory, 3), flat(row, memory, 4)[0]
    dz = rows_of(row, memory, 5)
    N, C = p.shape
    start, stop = share(row, part, N)
    for n in range(start, stop):
        # loss = 1 − 1/C Σ (2·overlap + s) / (area + s), so dp = ((2·overlap + s) / (area + s) − 2·t) / (area + s) / C
        mean = 0.0
        for c in range(C):
            t = 1.0 if int(target[n]) == c else 0.0
            whole = area[c] + smooth
            dz[n, c] = ((2.0 * overlap[c] + smooth) / whole - 2.0 * t) / (whole * REAL(C))
            mean += p[n, c] * dz[n, c]
        for c in range(C):  # p = softmax(z), so dz = p·(dp − Σ p·dp)
            dz[n, c] = p[n, c] * (dz[n, c] - mean)


def _one_hot(probabilities: Array, target: Array) -> tuple[Array, Array]:
    """Probabilities (N, C) and wanted ones (N, C) of 0 and 1."""
    p = probabilities.reshape(-1, probabilities.shape[-1])
    return p, np.eye(p.shape[1], dtype=p.dtype)[target.ravel().astype(np.int64)]


def reference(prediction: Array, target: Array, smooth: Array) -> tuple[Array, Array, Array, Array]:
    probabilities = softmax(prediction)
    p, t = _one_hot(probabilities, target)
    overlap, area = (p * t).sum(axis=0), (p + t).sum(axis=0)
    return 1 - ((2 * overlap + smooth) / (area + smooth)).mean(keepdims=True), probabilities, overlap, area


def reference_back(probabilities: Array, target: Array, overlap: Array, area: Array, smooth: Array) -> Array:
    p, t = _one_hot(probabilities, target)
    whole = area + smooth
    dp = ((2 * overlap + smooth) / whole - 2 * t) / whole / p.shape[1]
    return np.asarray(p * (dp - (p * dp).sum(axis=1, keepdims=True))).reshape(probabilities.shape)


def _element(at: Any, prediction: Named, target: Named, smooth: Named) -> Term:
    probabilities, wanted = _one_hot(softmax(prediction.array.astype(np.float64)), target.array)
    p, t, s = Named("p", probabilities), Named("t", wanted), scalar("s", smooth)
    N, C = p.shape
    shares: list[Term] = []
    for c in range(C):
        overlap = total(p[n, c] * t[n, c] for n in range(N))
        area = total(p[n, c] + t[n, c] for n in range(N))
        shares.append((2 * overlap + s) / (area + s))
    return 1 - total(shares) / C


def _element_back(at: Any, probabilities: Named, target: Named, overlap: Named, area: Named, smooth: Named) -> Term:
    shares, wanted = _one_hot(probabilities.array, target.array)
    p, t, s = Named("p", shares), Named("t", wanted), scalar("s", smooth)
    C = p.shape[1]
    n = int(np.ravel_multi_index(at[:-1], probabilities.shape[:-1]))

    def dp(c: int) -> Term:
        return ((2 * overlap[c] + s) / (area[c] + s) - 2 * t[n, c]) / (area[c] + s) / C

    return p[n, at[-1]] * (dp(at[-1]) - total(p[n, c] * dp(c) for c in range(C)))


_FORWARD = Operation(
    name="Dice loss",
    kernel=forward,
    reads=("prediction", "target", "smooth"),
    writes=("loss", "probabilities", "overlap", "area"),
    reference=reference,
    formula="p = softmax(z);  loss = 1 − 1/C · Σ_c (2·Σₙ p·t + s) / (Σₙ p + Σₙ t + s)",
    words="Overlap of each class's predicted and wanted region, in proportion to their size: 0 where they agree.",
    element=_element,
    torch="none in torch; monai.losses.DiceLoss(softmax=True, to_onehot_y=True, batch=True)",
)
_BACKWARD = Operation(
    name="gradient of the loss",
    kernel=backward,
    reads=("probabilities", "target", "overlap", "area", "smooth"),
    writes=("dprediction",),
    reference=reference_back,
    formula="dp = ((2·overlap + s) / (area + s) − 2·t) / (area + s) / C;  dz = p·(dp − Σ_c p·dp)",
    words="A pixel pulls its own class up and the others down; pixels of small regions pull harder.",
    element=_element_back,
    torch="autograd",
)


def plan(values: Mapping[str, Any], shape: Shape) -> LossPlan:
    """The last axis holds one logit per class; all axes before it, and the batch, are pixels of one region."""
    if shape[-1] < 2:
        raise InputError(
            f"needs at least two outputs, one for each class; the network has {shape[-1]}",
            where="dice",
            hint="end the network with as many channels as there are classes",
        )
    return LossPlan(
        forward=(Use(_FORWARD),),  # the sums are over all pixels: it has one part
        backward=(Use(_BACKWARD, cost=8 * int(np.prod(shape))),),
        score=Use(LARGEST),
        saved={"probabilities": (BATCH, *shape), "overlap": (shape[-1],), "area": (shape[-1],)},
    )


DICE = LossRecord(
    name="dice",
    title="Dice (on logits)",
    about="For segmentation: every class counts alike, however few pixels it has. Milletari et al., V-Net (2016).",
    formula="1 − 1/C · Σ_c (2·Σₙ p·t + s) / (Σₙ p + Σₙ t + s),  p = softmax(z)",
    target="labels",
    plan=plan,
    outputs=lambda count: count,
    fields=(number("smooth", 1.0, "added above and below, so that absent classes count too", low=1e-6, live=True),),
    decide=lambda z: z.argmax(axis=-1).astype(np.int64),
    probabilities=softmax,
    torch="none: torch has no Dice loss",
    cases=(Case({}, (2,)), Case({"smooth": 0.1}, (5,)), Case({}, (3, 4, 3))),
    refused=(Refused({}, (1,), "at least two outputs"), Refused({"smooth": 0}, (2,), "≥")),
)
