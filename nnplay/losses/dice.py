"""Dice: how far the predicted regions are from covering the wanted ones, each class counting alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import number
from nnplay.kernels.abi import CLOCK_BATCH
from nnplay.kernels.arithmetic import scratch
from nnplay.kernels.compile.jit import DTYPE, Kernel, kernel
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.operands import cube, dimension, flat, pointer, rows_of, share, shifted
from nnplay.kernels.softmax import ROWS, raise_rows, to_shares
from nnplay.operations.partial_sums import CHUNKS, chunk
from nnplay.operations.scoring import LARGEST, softmax
from nnplay.operations.whole import add_block, block_added
from nnplay.records.layer import Case, Refused
from nnplay.records.loss import LossPlan, LossRecord
from nnplay.records.operation import BATCH, CudaRow, Operation, Shape, Use
from nnplay.records.worked import Named, Term, as_term, scalar, total

Array = NDArray[Any]


DICE = LossRecord(
    name="dice",
    title="Dice (on logits)",
    about="For segmentation: every class counts equally, however few pixels it has. Milletari et al., V-Net (2016).",
    when="Segmentation where one class covers only a few pixels.",
    formula="1 − 1/C · Σ_c (2·Σₙ p·t + s) / (Σₙ p + Σₙ t + s),  p = softmax(z)",
    target="labels",
    plan=lambda values, shape: plan(values, shape),
    weighted=lambda values, shape: plan(values, shape, weighted=True),
    outputs=lambda count: count,
    fields=(
        number(
            "smooth", 1.0, "added to numerator and denominator, so that absent classes count too", low=1e-6, live=True
        ),
    ),
    decide=lambda z: z.argmax(axis=-1).astype(np.int64),
    probabilities=softmax,
    torch="none: torch has no Dice loss",
    cases=(Case({}, (2,)), Case({"smooth": 0.1}, (5,)), Case({}, (3, 4, 3))),
    refused=(Refused({}, (1,), "at least two outputs"), Refused({"smooth": 0}, (2,), "≥")),
)


def plan(values: Mapping[str, Any], shape: Shape, *, weighted: bool = False) -> LossPlan:
    """Logits z (N, …, C) and labels (N, …) → loss (1,), dz (N, …, C); those between are pixels."""
    if shape[-1] < 2:
        raise InputError(
            f"needs at least two outputs, one per class; the network has {shape[-1]}",
            where="dice",
            hint="end the network with one channel per class",
        )
    return LossPlan(
        forward=(
            Use(_overlaps_operation(weighted), {"chunks": CHUNKS}, 40 * int(np.prod(shape))),
            Use(_forward_operation()),
        ),
        backward=(Use(_backward_operation(weighted), cost=8 * int(np.prod(shape))),),
        evaluate=(
            Use(_overlaps_operation(weighted), {"chunks": CHUNKS}, 40 * int(np.prod(shape))),
            Use(_whole_operation()),
        ),
        tallies={"tally": (2 + 2 * shape[-1],)},
        score=Use(LARGEST),
        saved={
            "sums": (CHUNKS, 2, shape[-1]),
            "probabilities": (BATCH, *shape),
            "overlap": (shape[-1],),
            "area": (shape[-1],),
        },
    )


@cache
def _overlaps_operation(weighted: bool) -> Operation:
    w = "w[n]·" if weighted else ""
    return Operation(
        name="overlap and area, partial sums",
        kernel=OVERLAPS[weighted],
        cuda=(CudaRow(OVERLAPS[weighted]),),
        reads=("prediction", "target", *["weight"] * weighted),
        writes=("sums", "probabilities"),
        reference=reference_overlaps,
        formula=f"p = softmax(z);  sums[k] = Σ {w}p·t, Σ {w}(p + t) over the pixels of chunk k",
        words=("How much of each class was found where it is, and the total area of its predicted and true regions."),
        element=_overlaps_element,
        integers=("chunks",),
        torch="none in torch; monai.losses.DiceLoss(softmax=True, to_onehot_y=True, batch=True)",
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="Dice loss",
        kernel=forward,
        cuda=(CudaRow(forward, once),),
        reads=("sums", "smooth"),
        writes=("loss", "overlap", "area"),
        reference=reference,
        formula="overlap, area = Σₖ sums[k];  loss = 1 − 1/C · Σ_c (2·overlap + s) / (area + s)",
        words="Overlap of each class's predicted and true region, relative to their size: 0 where they agree.",
        element=_element,
        torch="none in torch; monai.losses.DiceLoss(softmax=True, to_onehot_y=True, batch=True)",
    )


@cache
def _whole_operation() -> Operation:
    return Operation(
        name="Dice loss of all blocks",
        kernel=forward_of_all,
        cuda=(CudaRow(forward_of_all, once),),
        reads=("sums", "smooth", "probabilities", "tally"),
        writes=("loss", "tally"),
        reference=reference_of_all,
        formula="tally += Σₖ sums[k];  loss = what this block adds to 1 − 1/C · Σ_c (2·overlap + s) / (area + s)",
        words="A part of the data is evaluated in blocks. Their overlaps and areas are added up first, divided last.",
        element=_element_of_all,
        uses_clock=True,
        torch="none in torch; monai.losses.DiceLoss(softmax=True, to_onehot_y=True, batch=True)",
    )


@cache
def _backward_operation(weighted: bool) -> Operation:
    w = "w[n]·" if weighted else ""
    return Operation(
        name="gradient of the loss",
        kernel=BACKWARD[weighted],
        cuda=(CudaRow(BACKWARD[weighted]),),
        reads=("probabilities", "target", "overlap", "area", "smooth", *["weight"] * weighted),
        writes=("dprediction",),
        reference=reference_back,
        formula=f"dp = {w}((2·overlap + s) / (area + s) − 2·t) / (area + s) / C;  dz = p·(dp − Σ_c p·dp)",
        words="A pixel pulls its own class up and the others down; pixels of small regions pull harder.",
        element=_element_back,
        torch="autograd",
    )


def _one_hot(probabilities: Array, target: Array) -> tuple[Array, Array]:
    """Probabilities (N, C) and wanted ones (N, C) of 0 and 1."""
    p = probabilities.reshape(-1, probabilities.shape[-1])
    return p, np.eye(p.shape[1], dtype=p.dtype)[target.ravel().astype(np.int64)]


def _each(weight: tuple[Array, ...], pixels: int) -> Array:
    """What each pixel counts, (M, 1): as its row does, or 1."""
    return np.repeat(weight[0], pixels // len(weight[0]))[:, None] if weight else np.ones((pixels, 1))


def reference_overlaps(prediction: Array, target: Array, *weight: Array, chunks: int) -> tuple[Array, Array]:
    probabilities = softmax(prediction)
    p, t = _one_hot(probabilities, target)
    w = _each(weight, len(p))
    parts = [chunk(len(p), k, chunks) for k in range(chunks)]
    sums = np.stack([[(w[k] * p[k] * t[k]).sum(axis=0), (w[k] * (p[k] + t[k])).sum(axis=0)] for k in parts])
    return sums, probabilities


def reference(sums: Array, smooth: Array) -> tuple[Array, Array, Array]:
    overlap, area = sums.sum(axis=0)
    return 1 - ((2 * overlap + smooth) / (area + smooth)).mean(keepdims=True), overlap, area


def reference_of_all(
    sums: Array, smooth: Array, probabilities: Array, tally: Array, clock: Mapping[str, int]
) -> tuple[Array, Array]:
    first, kept = clock["batch"] == 0, tally[2:].reshape(sums.shape[1:])
    both = sums.sum(axis=0) + (0 if first else kept)
    loss = 1 - ((2 * both[0] + smooth) / (both[1] + smooth)).mean()
    given, told = block_added(tally[:2], first, len(probabilities), loss)
    return np.asarray(given).reshape(1), np.concatenate([told, both.ravel()])


def reference_back(
    probabilities: Array, target: Array, overlap: Array, area: Array, smooth: Array, *weight: Array
) -> Array:
    p, t = _one_hot(probabilities, target)
    whole = area + smooth
    dp = _each(weight, len(p)) * ((2 * overlap + smooth) / whole - 2 * t) / whole / p.shape[1]
    return np.asarray(p * (dp - (p * dp).sum(axis=1, keepdims=True))).reshape(probabilities.shape)


def _overlaps_element(at: Any, prediction: Named, target: Named, *weight: Named, chunks: int) -> Term:
    k, kind, c = at
    probabilities, wanted = _one_hot(softmax(prediction.array.astype(np.float64)), target.array)
    p, t = Named("p", probabilities), Named("t", wanted)
    pixels = range(len(wanted))[chunk(len(wanted), k, chunks)]
    each = len(wanted) // prediction.shape[0]
    parts = {n: p[n, c] * t[n, c] if kind == 0 else p[n, c] + t[n, c] for n in pixels}
    return total(weight[0][n // each] * part if weight else part for n, part in parts.items())


def _element(at: Any, sums: Named, smooth: Named) -> Term:
    s, (chunks, _, C) = scalar("s", smooth), sums.shape
    shares: list[Term] = []
    for c in range(C):
        overlap, area = (total(sums[k, kind, c] for k in range(chunks)) for kind in (0, 1))
        shares.append((2 * overlap + s) / (area + s))
    return 1 - total(shares) / C


def _element_of_all(
    at: Any, sums: Named, smooth: Named, probabilities: Named, tally: Named, clock: Mapping[str, int]
) -> Term:
    if clock["batch"] == 0:
        return _element(at, sums, smooth)
    loss, _ = reference_of_all(sums.array, smooth.array, probabilities.array, tally.array, clock)
    return as_term(float(loss[0]))


def _element_back(
    at: Any, probabilities: Named, target: Named, overlap: Named, area: Named, smooth: Named, *weight: Named
) -> Term:
    shares, wanted = _one_hot(probabilities.array, target.array)
    p, t, s = Named("p", shares), Named("t", wanted), scalar("s", smooth)
    C = p.shape[1]
    n = int(np.ravel_multi_index(at[:-1], probabilities.shape[:-1]))

    def dp(c: int) -> Term:
        return ((2 * overlap[c] + s) / (area[c] + s) - 2 * t[n, c]) / (area[c] + s) / C

    slope = p[n, at[-1]] * (dp(at[-1]) - total(p[n, c] * dp(c) for c in range(C)))
    return weight[0][at[0]] * slope if weight else slope


def _overlaps_kernel(name: str, weighted: bool) -> Kernel:
    out = 2 + int(weighted)

    def overlaps(row: Any, clock: Any, memory: Any, part: int) -> None:
        """p = softmax(z), sums[k] = Σ w·p·t, then Σ w·(p + t) over chunk k; z, p (M, C), target (M,), sums (P, 2, C).

        w is the weight (N,) of the pixel's row, if rows have one.
        """
        z, target = rows_of(row, memory, 0), flat(row, memory, 1)
        sums, p = cube(row, memory, out), rows_of(row, memory, out + 1)
        chunks, M, C = sums.shape[0], z.shape[0], z.shape[1]
        pixels = M // dimension(row, 0, 0)
        tops = scratch(ROWS)
        first, end = share(row, part, chunks)
        for k in range(first, end):
            for c in range(C):
                sums[k, 0, c] = 0.0
                sums[k, 1, c] = 0.0
            start, stop = M * k // chunks, M * (k + 1) // chunks
            for begin in range(start, stop, ROWS):
                last = min(begin + ROWS, stop)
                block = shifted(pointer(row, memory, out + 1), begin * C)
                raise_rows(shifted(pointer(row, memory, 0), begin * C), block, tops, C, last - begin)
                for n in range(last - begin):
                    to_shares(shifted(block, n * C), C)
                for c in range(C):
                    both, either = np.float64(0), np.float64(0)  # rounded once a block: pictures have very many terms
                    for n in range(begin, last):
                        label = int(target[n])
                        t = 1.0 if label == c else 0.0 if 0 <= label < C else math.nan
                        w = flat(row, memory, 2)[n // pixels] if weighted else DTYPE(1.0)
                        both += w * p[n, c] * t
                        either += w * (p[n, c] + t)
                    sums[k, 0, c] += both
                    sums[k, 1, c] += either

    return Kernel(f"{__name__}:{name}", overlaps)


OVERLAPS: Final = {
    False: _overlaps_kernel("overlaps", False),
    True: _overlaps_kernel("overlaps_weighted", True),
}


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """overlap, area (C) = Σₖ sums[k]; loss (1,) = 1 − 1/C · Σ_c (2·overlap + s) / (area + s); sums (P, 2, C)."""
    sums, smooth = cube(row, memory, 0), flat(row, memory, 1)[0]
    loss, overlap, area = flat(row, memory, 2), flat(row, memory, 3), flat(row, memory, 4)  # overlap, area (C,)
    summed = np.float64(0)
    for c in range(sums.shape[2]):
        both, either = np.float64(0), np.float64(0)
        for k in range(sums.shape[0]):
            both += sums[k, 0, c]
            either += sums[k, 1, c]
        overlap[c] = both
        area[c] = either
        summed += (2.0 * both + smooth) / (either + smooth)
    loss[0] = 1.0 - summed / sums.shape[2]


@kernel
def forward_of_all(row: Any, clock: Any, memory: Any, part: int) -> None:
    """tally[2:] (2, C) += Σₖ sums[k]; loss (1,) = what the block adds to 1 − 1/C · Σ_c (2·overlap + s) / (area + s).

    sums (P, 2, C), p (N, C), tally (2 + 2C,): rows and losses so far come first. The first block starts it anew.
    """
    sums, smooth = cube(row, memory, 0), flat(row, memory, 1)[0]
    loss, tally = flat(row, memory, 4), flat(row, memory, 5)
    first = clock[CLOCK_BATCH] == 0
    C = sums.shape[2]
    summed = np.float64(0)
    for c in range(C):
        both = np.float64(0.0 if first else tally[2 + c])
        either = np.float64(0.0 if first else tally[2 + C + c])
        for k in range(sums.shape[0]):
            both += sums[k, 0, c]
            either += sums[k, 1, c]
        tally[2 + c] = both
        tally[2 + C + c] = either
        summed += (2.0 * both + smooth) / (either + smooth)
    loss[0] = add_block(tally, 0, first, dimension(row, 2, 0), 1.0 - summed / C)


def _backward_kernel(name: str, weighted: bool) -> Kernel:
    out = 5 + int(weighted)

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """dz = w·p·(dp − Σ_c p·dp), for p = softmax(z), dz (M, C), target (M,), overlap, area (C), w (N,) if any.

        loss = 1 − 1/C · Σ (2·overlap + s) / (area + s), so dp = ((2·overlap + s) / (area + s) − 2·t) / (area + s) / C.
        """
        p, target = rows_of(row, memory, 0), flat(row, memory, 1)
        overlap, area, smooth = flat(row, memory, 2), flat(row, memory, 3), flat(row, memory, 4)[0]
        dz = rows_of(row, memory, out)
        M, C = p.shape
        pixels = M // dimension(row, 0, 0)
        start, stop = share(row, part, M)
        for n in range(start, stop):
            mean = 0.0
            w = flat(row, memory, 5)[n // pixels] if weighted else DTYPE(1.0)
            for c in range(C):
                t = 1.0 if int(target[n]) == c else 0.0
                whole = area[c] + smooth
                dz[n, c] = ((2.0 * overlap[c] + smooth) / whole - 2.0 * t) / (whole * DTYPE(C))
                mean += p[n, c] * dz[n, c]
            for c in range(C):
                dz[n, c] = w * p[n, c] * (dz[n, c] - mean)

    return Kernel(f"{__name__}:{name}", backward)


BACKWARD: Final = {False: _backward_kernel("backward", False), True: _backward_kernel("backward_weighted", True)}
