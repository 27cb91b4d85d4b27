"""Costs −Σ wanted·w·log softmax(z): cross-entropy with weights, ignored labels or soft targets, and KL divergence."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.arithmetic import scratch
from nnplay.kernels.compile.jit import DTYPE, Kernel
from nnplay.kernels.elementary import log
from nnplay.kernels.operands import flat, integer, pointer, rows_of, share, shifted
from nnplay.kernels.softmax import raise_rows, to_shares
from nnplay.operations.weighing import inverse, one_over
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]
#: What the target is: class labels, probabilities, or probabilities whose own entropy is taken off (KL divergence).
Kind = Literal["labels", "soft", "divergence"]


def _costs_kernel(kind: Kind, classes: bool) -> Kernel:
    labels, smoothed, divergence = kind == "labels", kind != "divergence", kind == "divergence"
    written = 2 + int(smoothed) + int(classes)

    def costs(row: Any, clock: Any, memory: Any, part: int) -> None:
        """costs[m] = −Σ_c wanted·w·log p, p = softmax(z); z, p, soft targets (M, C), labels (M,), w (C,), costs (M,).

        wanted = (1 − smoothing)·target + smoothing/C; a divergence adds Σ wanted·log wanted.
        """
        z, p = pointer(row, memory, 0), pointer(row, memory, written + 1)
        target, cost = flat(row, memory, 1), flat(row, memory, written)
        M, C = rows_of(row, memory, 0).shape
        smoothing = flat(row, memory, 2)[0] if smoothed else DTYPE(0.0)
        tops = scratch(1)
        start, stop = share(row, part, M)
        for m in range(start, stop):
            Z, P = shifted(z, m * C), shifted(p, m * C)
            raise_rows(Z, P, tops, C, 1)
            norm = log(to_shares(P, C))
            label = int(target[m]) if labels else 0
            summed = np.float64(0)
            for c in range(C):
                hot = (DTYPE(1.0) if c == label else DTYPE(0.0)) if labels else target[m * C + c]
                wanted = hot * (1.0 - smoothing) + smoothing / DTYPE(C)
                if classes:
                    wanted = wanted * flat(row, memory, written - 1)[c]
                summed -= wanted * (Z[c] - tops[0] - norm)
                if divergence and wanted > 0.0:
                    summed += wanted * log(wanted)
            if labels and label == integer(row, 0):
                summed = np.float64(0)
            elif labels and not 0 <= label < C:
                summed = np.float64(math.nan)
            cost[m] = summed

    return Kernel(f"{__name__}:costs_{kind}{'_classes' if classes else ''}", costs)


def _gradient_kernel(kind: Kind, classes: bool) -> Kernel:
    labels, smoothed = kind == "labels", kind != "divergence"
    factors_at = 2 + int(smoothed) + int(classes)

    def gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
        """costs = −Σ wanted·w·log softmax(z), so dz = (p·Σ_c wanted·w − wanted·w)·factors / divisor; p, dz (M, C)."""
        p, target = rows_of(row, memory, 0), flat(row, memory, 1)
        factors, scale = flat(row, memory, factors_at), one_over(flat(row, memory, factors_at + 1)[0])
        dz = rows_of(row, memory, factors_at + 2)
        M, C = p.shape
        smoothing = flat(row, memory, 2)[0] if smoothed else DTYPE(0.0)
        start, stop = share(row, part, M)
        for m in range(start, stop):
            label = int(target[m]) if labels else 0
            mass = np.float64(0)
            for c in range(C):
                hot = (DTYPE(1.0) if c == label else DTYPE(0.0)) if labels else target[m * C + c]
                wanted = hot * (1.0 - smoothing) + smoothing / DTYPE(C)
                if classes:
                    wanted = wanted * flat(row, memory, factors_at - 1)[c]
                dz[m, c] = wanted
                mass += wanted
            whole = DTYPE(mass)
            for c in range(C):
                dz[m, c] = (p[m, c] * whole - dz[m, c]) * factors[m] * scale

    return Kernel(f"{__name__}:gradient_{kind}{'_classes' if classes else ''}", gradient)


_KINDS: Final[tuple[tuple[Kind, bool], ...]] = (
    ("labels", False),
    ("labels", True),
    ("soft", False),
    ("soft", True),
    ("divergence", False),
)
_COSTS: Final = {kind: _costs_kernel(*kind) for kind in _KINDS}
_GRADIENTS: Final = {kind: _gradient_kernel(*kind) for kind in _KINDS}


@cache
def costs_operation(kind: Kind, classes: bool) -> Operation:
    """Writes `costs` and `probabilities`."""
    weights, entropy = "·w[c]" if classes else "", " + Σ_c t·log t" if kind == "divergence" else ""
    wanted = "t[c]" if kind == "divergence" else "wanted[c]"
    return Operation(
        name="KL divergence of each" if kind == "divergence" else "cross-entropy of each",
        kernel=_COSTS[kind, classes],
        cuda=(CudaRow(_COSTS[kind, classes]),),
        reads=("prediction", "target", *_settings(kind, classes)),
        writes=("costs", "probabilities"),
        reference=_costs_reference(kind, classes),
        formula=f"p = softmax(z);  cost = −Σ_c {wanted}{weights}·log p[c]{entropy}",
        words="Softmax turns outputs into probabilities; a cost is how surprised they are by what is wanted.",
        element=_costs_element(kind, classes),
        integers=("ignored",) if kind == "labels" else (),
        torch="torch.nn.functional.kl_div" if kind == "divergence" else "torch.nn.functional.cross_entropy",
    )


@cache
def gradient_operation(kind: Kind, classes: bool) -> Operation:
    """Writes `dprediction`."""
    wanted = "t[c]" if kind == "divergence" else "wanted[c]·w[c]" if classes else "wanted[c]"
    return Operation(
        name="gradient of the loss",
        kernel=_GRADIENTS[kind, classes],
        cuda=(CudaRow(_GRADIENTS[kind, classes]),),
        reads=("probabilities", "target", *_settings(kind, classes), "factors", "divisor"),
        writes=("dprediction",),
        reference=_gradient_reference(kind, classes),
        formula=f"dz[c] = (p[c]·Σₖ {wanted.replace('c', 'k')} − {wanted})·factors / divisor",
        words="Each output is pushed by predicted minus wanted probability, times what the answer counts.",
        element=_gradient_element(kind, classes),
        torch="autograd",
    )


def _settings(kind: Kind, classes: bool) -> tuple[str, ...]:
    return (*["label_smoothing"] * (kind != "divergence"), *["class_weights"] * classes)


def _wanted(shape: tuple[int, ...], target: Array, more: tuple[Array, ...], kind: Kind, classes: bool) -> Array:
    """What each class should get, times its weight, (M, C)."""
    M, C = int(np.prod(shape[:-1])), shape[-1]
    if kind == "labels":
        label = target.ravel()
        hot = (np.arange(C) == np.where(np.isfinite(label), label, -1).astype(np.int64)[:, None]).astype(float)
    else:
        hot = target.reshape(M, C)
    if kind != "divergence":
        hot = hot * (1 - more[0]) + more[0] / C
    return np.asarray(hot * more[-1] if classes else hot)


def _costs_reference(kind: Kind, classes: bool) -> Callable[..., tuple[Array, Array]]:
    def reference(prediction: Array, target: Array, *more: Array, ignored: int = 0) -> tuple[Array, Array]:
        z = prediction.reshape(-1, prediction.shape[-1])
        shifted_z = z - z.max(axis=1, keepdims=True)
        logs = shifted_z - np.log(np.exp(shifted_z).sum(axis=1, keepdims=True))
        wanted = _wanted(prediction.shape, target, more, kind, classes)
        costs = -(wanted * logs).sum(axis=1)
        if kind == "divergence":
            costs += (wanted * np.log(np.where(wanted > 0, wanted, 1))).sum(axis=1)
        if kind == "labels":
            label = target.ravel()
            costs = np.where((label >= 0) & (label < z.shape[1]), costs, np.nan)
            costs = np.where(label == ignored, 0.0, costs)
        return costs.reshape(prediction.shape[:-1]), np.exp(logs).reshape(prediction.shape)

    return reference


def _gradient_reference(kind: Kind, classes: bool) -> Callable[..., Array]:
    def reference(probabilities: Array, target: Array, *more: Array) -> Array:
        *settings, factors, divisor = more
        p = probabilities.reshape(-1, probabilities.shape[-1])
        wanted = _wanted(probabilities.shape, target, tuple(settings), kind, classes)
        pushed = (p * wanted.sum(axis=1, keepdims=True) - wanted) * factors.reshape(-1, 1) * inverse(divisor)
        return np.asarray(pushed.reshape(probabilities.shape))

    return reference


def _costs_element(kind: Kind, classes: bool) -> Callable[..., Term]:
    def element(at: Any, prediction: Named, target: Named, *more: Named, ignored: int = 0) -> Term:
        m = int(np.ravel_multi_index(at, prediction.shape[:-1]))
        if kind == "labels" and target.array.ravel()[m] == ignored:
            return as_term(0.0)
        z = prediction.array.reshape(-1, prediction.shape[-1])[m].astype(np.float64)
        shares = np.exp(z - z.max())
        p = Named("p", shares / shares.sum())
        arrays = tuple(item.array for item in more)
        wanted = Named("wanted", _wanted(prediction.shape, target.array, arrays, kind, classes)[m])
        classes_wanted = [c for c in range(len(z)) if wanted.array[c] != 0]
        cost = total(-wanted[c] * apply("log", math.log, p[c]) for c in classes_wanted)
        if kind == "divergence":
            cost = cost + total(wanted[c] * apply("log", math.log, wanted[c]) for c in classes_wanted)
        return cost

    return element


def _gradient_element(kind: Kind, classes: bool) -> Callable[..., Term]:
    def element(at: Any, probabilities: Named, target: Named, *more: Named) -> Term:
        *settings, factors, divisor = more
        if divisor.array[0] == 0:
            return as_term(0.0)
        m, c = int(np.ravel_multi_index(at[:-1], probabilities.shape[:-1])), int(at[-1])
        arrays = tuple(item.array for item in settings)
        p = Named("p", probabilities.array.reshape(-1, probabilities.shape[-1])[m])
        wanted = Named("wanted", _wanted(probabilities.shape, target.array, arrays, kind, classes)[m])
        mass = total(wanted[k] for k in range(p.array.size))
        return (p[c] * mass - wanted[c]) * factors[at[:-1]] / divisor[0]

    return element
