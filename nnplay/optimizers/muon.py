"""Muon: the momentum of each matrix, made nearly orthogonal (Jordan et al., 2024); AdamW for all other parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice, flag, integer, number
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.arithmetic import lane_dot, mark_not_finite
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda import orthogonal
from nnplay.kernels.cuda.partial import fold
from nnplay.kernels.cuda.row_counts import row_folds, row_parts
from nnplay.kernels.matmul import product, product_transposed
from nnplay.kernels.operands import dimension, flat, part_of, pointer, size
from nnplay.optimizers._adam_family import SLOTS, beta, eps_field, moved, moved_reference, moved_term, prepare
from nnplay.records.cuda_work import SettingTurnRow
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.optimizer import (
    OptimizerRecord,
    TensorRule,
    setting_terms,
    update_count,
    update_kernel,
    verdict,
)
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]
#: Where the settings stand in the vector that rows read.
_LR, _DECAY, _MOMENTUM, _NESTEROV, _ADJUST, _FACTOR, _BETA1, _ADAM_EPS = 0, 1, 2, 3, 9, 10, 11, 13
_A, _EPS, _STEPS = orthogonal.COEFFICIENTS, orthogonal.EPS, orthogonal.ITERATIONS


MUON = OptimizerRecord(
    name="muon",
    title="Muon",
    about="Momentum that is made nearly orthogonal for each matrix (Jordan et al., 2024): all directions learn alike.",
    when="For the weight matrices of deeper networks and transformers; all else is trained by AdamW beside it.",
    fields=(
        number("lr", 0.001, "learning rate: how far a step moves a matrix in every direction", low=0.0, live=True),
        number(
            "weight_decay",
            0.1,
            "decoupled weight decay: each step shrinks parameters by lr·weight_decay",
            low=0.0,
            live=True,
        ),
        beta("momentum", 0.95, "decay of the running mean of the gradient"),
        flag("nesterov", True, "look ahead along the momentum", live=True),
        number("a", 3.4445, "first coefficient of an iteration X ← aX + (bA + cA²)X, A = XXᵀ", live=True),
        number("b", -4.775, "second coefficient", live=True),
        number("c", 2.0315, "third coefficient", live=True),
        number("eps", 1e-7, "smallest norm that a momentum is divided by", low=1e-30, live=True),
        integer("ns_steps", 5, "iterations (Newton–Schulz) that make a momentum orthogonal", low=0, high=99, live=True),
        choice(
            "adjust_lr_fn",
            "original",
            "original: lr·√max(1, out/in); match_rms_adamw: lr·0.2·√max(in, out), which suits AdamW's learning rates",
            ("original", "match_rms_adamw"),
            live=True,
        ),
        number(
            "others_factor", 1.0, "learning rate of everything but matrices, as a multiple of lr", low=0.0, live=True
        ),
        beta("beta1", 0.9, "of AdamW, which trains everything but matrices"),
        beta("beta2", 0.999, "of AdamW, which trains everything but matrices"),
        eps_field("adamw_eps"),
    ),
    slots=SLOTS,
    squares=("exp_avg_sq",),
    rule=lambda: others(),
    by_tensor=lambda shape: by_tensor(shape),
    pairs={"ns_coefficients": ("a", "b", "c"), "betas": ("beta1", "beta2")},
    torch="Muon",
    twin=Twin("optim.Muon", lambda values, shape: arguments(values, shape)),
    cases=(
        {"lr": 0.02},
        {"lr": 0.02, "weight_decay": 0.0, "momentum": 0.8, "nesterov": False, "ns_steps": 3},
        {"lr": 0.01, "adjust_lr_fn": "match_rms_adamw", "ns_coefficients": (2.0, -1.5, 0.5), "others_factor": 0.5},
    ),
    refused=(
        Refused({"lr": -1}, (), "≥ 0"),
        Refused({"momentum": 1}, (), "< 1"),
        Refused({"ns_coefficients": (1, 2)}, (), "not 3 numbers"),
        Refused({"adjust_lr_fn": "none"}, (), "one of original, match_rms_adamw"),
        Refused({"ns_steps": 100}, (), "≤ 99"),
    ),
)


def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
    """PyTorch's arguments, which only matrices have; there, "original" is what None means."""
    names = ("lr", "weight_decay", "momentum", "nesterov", "eps", "ns_steps")
    adjust = None if values["adjust_lr_fn"] == "original" else values["adjust_lr_fn"]
    coefficients = (values["a"], values["b"], values["c"])
    return {**{name: values[name] for name in names}, "ns_coefficients": coefficients, "adjust_lr_fn": adjust}


def by_tensor(shape: Shape) -> TensorRule | None:
    """The rows for a matrix (in, out); anything else is for AdamW."""
    return _of_matrix(shape) if len(shape) == 2 else None


@cache
def _of_matrix(shape: Shape) -> TensorRule:
    square = (min(shape),) * 2
    scratch = {"momentum": shape, "orthogonal": shape, "gram": square, "mix": square, "work": shape}
    return TensorRule({"momentum_buffer": shape}, scratch, (Use(_mixed()), Use(_orthogonalised()), Use(_update())))


@cache
def _mixed() -> Operation:
    return Operation(
        name="momentum (muon)",
        kernel=mix_momentum,
        cuda=(CudaRow(mix_momentum),),
        reads=("optimizer", "gradient", "momentum_buffer"),
        writes=("momentum", "momentum_buffer"),
        reference=momentum_reference,
        formula="B ← μB + (1−μ)g;  M = μB + (1−μ)g with Nesterov, else B",
        words="The running mean of the gradient; with Nesterov, where it will be one step later.",
        element=momentum_element,
        torch="torch.optim.Muon",
    )


@cache
def _orthogonalised() -> Operation:
    return Operation(
        name="orthogonalise (muon)",
        kernel=orthogonalise,
        cuda=(
            CudaRow(orthogonal.squares, row_parts),
            CudaRow(fold, row_folds),
            CudaRow(orthogonal.normalise),
            SettingTurnRow(orthogonal.iterate, work=orthogonal.work, setting=_STEPS, usual=5, rows=3),
            CudaRow(orthogonal.finish),
        ),
        reads=("optimizer", "momentum"),
        writes=("orthogonal", "gram", "mix", "work"),
        reference=orthogonal_reference,
        formula="X = M/‖M‖;  ns_steps times: X ← aX + (bA + cA²)X, A = XXᵀ",
        words="Brings all singular values of the momentum near 1, so that weak directions move as far as strong ones.",
        element=orthogonal_element,
        torch="torch.optim.Muon, which does it in bfloat16: its steps differ by up to 2 %",
    )


@cache
def _update() -> Operation:
    return Operation(
        name="update (muon)",
        kernel=step_along,
        cuda=(CudaRow(step_along_cuda),),
        reads=("optimizer", "orthogonal", "parameter"),
        writes=("parameter", "finite_flags"),
        reference=step_reference,
        formula="w ← (1 − lr·λ)w − lr·√max(1, out/in)·X",
        words="Moves the matrix by lr in all directions alike, and shrinks it a little.",
        element=step_element,
        torch="torch.optim.Muon",
    )


def others() -> Operation:
    """AdamW's row for all parameters that are no matrices."""
    return Operation(
        name="update (muon, others)",
        kernel=OTHERS,
        cuda=(CudaRow(OTHERS),),
        reads=("optimizer", "gradients", "parameters", *SLOTS),
        writes=("parameters", *SLOTS, "finite_flags"),
        reference=others_reference,
        formula="m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  w ← (1 − lr·λ)w − lr·m̂/(√v̂ + ε)",
        words="Biases and everything else but matrices are trained by AdamW, at others_factor times the learning rate.",
        element=others_element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.AdamW",
    )


# -- definitions -------------------------------------------------------------------------------------------------------


def momentum_reference(settings: Array, g: Array, b: Array) -> tuple[Array, Array]:
    mu = np.float64(settings[_MOMENTUM])
    b = mu * b + (1 - mu) * g
    return (mu * b + (1 - mu) * g if settings[_NESTEROV] else b), b


def momentum_element(at: Any, settings: Named, g: Named, b: Named) -> Term:
    mu, nesterov = setting_terms(settings, "lr", "λ", "μ", "nesterov")[2:]
    mean = mu * b[at] + (1 - mu) * g[at]
    return mu * mean + (1 - mu) * g[at] if nesterov.value else mean


def orthogonal_reference(settings: Array, m: Array) -> tuple[Array, ...]:
    """X, and what is left of the last iteration: A, bA + cA² and X before it, scaled by a."""
    a, b, c, eps = settings[_A : _EPS + 1].astype(np.float64)
    x = m / max(math.sqrt(float(np.sum(np.square(m)))), eps)
    tall = m.shape[0] > m.shape[1]
    gram = mix = np.zeros((min(m.shape),) * 2)
    work = np.zeros(m.shape)
    for _ in range(int(settings[_STEPS])):
        gram = x.T @ x if tall else x @ x.T
        mix = b * gram + c * (gram @ gram)
        work = a * x + (x @ mix if tall else mix @ x)
        x = work
    return x, gram, mix, work


def orthogonal_element(at: Any, settings: Named, m: Named) -> Term:
    value = float(orthogonal_reference(settings.array, m.array)[0][at])
    return apply(f"NS{int(settings.array[_STEPS])}", lambda _: value, m[at])


def _adjusted(settings: Array, shape: tuple[int, ...]) -> float:
    rows, columns = shape
    return math.sqrt(max(1, columns / rows)) if settings[_ADJUST] == 0 else 0.2 * math.sqrt(max(rows, columns))


def step_reference(settings: Array, x: Array, w: Array) -> Array:
    lr, decay = settings[:2].astype(np.float64)
    return np.asarray(w * (1 - lr * decay) - lr * _adjusted(settings, w.shape) * x)


def step_element(at: Any, settings: Named, x: Named, w: Named) -> Term:
    lr, decay = setting_terms(settings, "lr", "λ")
    kept = w[at] * (1 - lr * decay) if decay.value else w[at]
    return kept - lr * _adjusted(settings.array, w.shape) * x[at]


def _adamw(settings: Array) -> Array:
    """The settings in the order in which Adam's definition reads them."""
    own = settings.astype(np.float64)
    return np.array([own[_LR] * own[_FACTOR], *own[_BETA1 : _ADAM_EPS + 1], own[_DECAY]])


def others_reference(
    settings: Array, g: Array, w: Array, m: Array, v: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    own = _adamw(settings)
    return moved_reference(own, g, w * (1 - own[0] * own[4]), m, v, update_count(clock, every))


def others_element(
    at: Any, settings: Named, g: Named, w: Named, m: Named, v: Named, clock: Mapping[str, int], every: int
) -> Term:
    own = setting_terms(Named("settings", _adamw(settings.array)), "lr", "β₁", "β₂", "ε", "λ")
    kept = w[at] * (1 - own[0] * own[4]) if own[4].value else w[at]
    return moved_term(own, g[at], kept, m[at], v[at], update_count(clock, every))


# -- kernels -----------------------------------------------------------------------------------------------------------


@kernel
def mix_momentum(row: Any, clock: Any, memory: Any, part: int) -> None:
    """B ← mu·B + (1−mu)·g; M = mu·B + (1−mu)·g with Nesterov, else B, for M, B and g (M,)."""
    settings, g = flat(row, memory, 0), part_of(row, memory, 1, part)
    b, m = part_of(row, memory, 2, part), part_of(row, memory, 3, part)
    mu, nesterov = settings[_MOMENTUM], settings[_NESTEROV]
    for i in range(g.size):
        b[i] = mu * b[i] + (1.0 - mu) * g[i]
        m[i] = mu * b[i] + (1.0 - mu) * g[i] if nesterov != 0.0 else b[i]


@kernel
def orthogonalise(row: Any, clock: Any, memory: Any, part: int) -> None:
    """X = M/‖M‖; ns_steps times: X ← aX + (bA + cA²)X with A = XXᵀ, or X(bA + cA²) with A = XᵀX where R > C.

    M and X (R, C); A and its mix (S, S), for the smaller side S; work (R, C).
    """
    settings, m, x, work = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2), flat(row, memory, 5)
    gram, mix = flat(row, memory, 3), flat(row, memory, 4)
    a, b, c = settings[_A], settings[_A + 1], settings[_A + 2]
    R, C = dimension(row, 1, 0), dimension(row, 1, 1)
    S = min(R, C)
    norm = max(math.sqrt(lane_dot(pointer(row, memory, 1), pointer(row, memory, 1), R * C)), settings[_EPS])
    for i in range(R * C):
        x[i] = m[i] / norm
        work[i] = 0.0
    for i in range(S * S):
        gram[i] = 0.0
        mix[i] = 0.0
    X, A, P, W = pointer(row, memory, 2), pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    for _ in range(int(settings[_STEPS])):
        if R > C:
            product(X, 1, C, X, C, A, S, S, S, R, False)
        else:
            product_transposed(X, C, 1, X, C, A, S, S, S, C, False)
        product(A, S, 1, A, S, P, S, S, S, S, False)
        for i in range(S * S):
            mix[i] = b * gram[i] + c * mix[i]
        for i in range(R * C):
            work[i] = a * x[i]
        if R > C:
            product(X, C, 1, P, S, W, C, R, C, S, True)
        else:
            product(P, S, 1, X, C, W, C, R, C, S, True)
        for i in range(R * C):
            x[i] = work[i]


@inline
def learning_rate(settings: Any, R: int, C: int) -> Any:
    """The learning rate of a matrix (R, C): lr, adjusted to its shape."""
    adjusted = math.sqrt(max(1.0, C / R)) if settings[_ADJUST] == 0.0 else 0.2 * math.sqrt(max(R, C))
    return settings[_LR] * adjusted


@kernel
def step_along(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w ← (1 − lr·weight_decay)·w − lr·adjusted·X, for w and X (R, C)."""
    settings, x, w = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    R, C = dimension(row, 2, 0), dimension(row, 2, 1)
    stays, rate = 1.0 - settings[_LR] * settings[_DECAY], learning_rate(settings, R, C)
    wrong = np.int32(0)
    for i in range(size(row, 2)):
        w[i] = w[i] * stays - rate * x[i]
        wrong = mark_not_finite(wrong, w[i])
    flat(row, memory, 4)[part] = verdict(wrong)


@inline
def prepare_others(settings: Any, t: int) -> Any:
    """What AdamW takes besides tensors, from the settings (14,): see `prepare`."""
    lr = settings[_LR] * settings[_FACTOR]
    own = (lr, settings[_BETA1], settings[_BETA1 + 1], settings[_ADAM_EPS], settings[_DECAY])
    return prepare(own, t)


@inline
def update_others(w: Any, g: Any, m: Any, v: Any, p: Any) -> Any:
    """w, m, v of one parameter after AdamW's step."""
    _, _, _, _, _, _, stays = p
    return moved(w * stays, g, m, v, p)


OTHERS = update_kernel(prepare_others, update_others, slots=2)


@kernel
def step_along_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `step_along`: every parts-th number of w and X (R, C)."""
    settings, x, w = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    lr, rate, wrong = settings[_LR], learning_rate(settings, dimension(row, 2, 0), dimension(row, 2, 1)), np.int32(0)
    stays = 1.0 - lr * settings[_DECAY]
    at = part
    while at < size(row, 2):
        w[at] = w[at] * stays - rate * x[at]
        wrong = mark_not_finite(wrong, w[at])
        at += row[ROW_PARTS]
    if wrong != 0:  # the loop has cleared it, and whoever writes writes the same
        flat(row, memory, 4)[0] = math.nan
