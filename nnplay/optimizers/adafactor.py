"""Adafactor: Adam's scaling from the mean squares of rows and columns alone (Shazeer and Stern, 2018)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.arithmetic import lane_dot, lane_sum, mark_not_finite
from nnplay.kernels.compile.jit import DTYPE, inline, kernel
from nnplay.kernels.cuda.partial import once, room, sum_of
from nnplay.kernels.cuda.products import chain
from nnplay.kernels.doubles import exp, log
from nnplay.kernels.operands import flat, numbers, pointer, ratio, shifted, size
from nnplay.kernels.span_sums import last
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.optimizer import (
    OptimizerRecord,
    TensorRule,
    setting_terms,
    update_count,
    update_number,
    verdict,
)
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply, as_term, scalar, total

Array = NDArray[Any]
_FIELDS = ("lr", "beta2_decay", "eps1", "eps2", "d", "decay")
_EPS = 2.0**-23
#: Shares of the numbers on a graphics card at the most, where two sums are taken of each.
_SHARES: Final = 1024


ADAFACTOR = OptimizerRecord(
    name="adafactor",
    title="Adafactor",
    about="Scales gradients as Adam does, but keeps one number for each row and column (Shazeer and Stern, 2018).",
    when="For large matrices and little memory. Steps are relative to the size of each parameter tensor.",
    fields=(
        number("lr", 0.01, "largest learning rate; from step 1/lr² on it falls as 1/√t", low=0.0, live=True),
        number("beta2_decay", -0.8, "the mean squares follow by t^beta2_decay", low=-100.0, high=0.0, live=True),
        number(
            "eps1", _EPS, "smallest size that is divided by (PyTorch: what the type can resolve)", low=1e-30, live=True
        ),
        number("eps2", 1e-3, "smallest size of a parameter tensor that steps are relative to", low=0.0, live=True),
        number("d", 1.0, "steps whose typical size is above it are scaled down to it", low=1.0, live=True),
        number(
            "weight_decay",
            0.0,
            "decoupled weight decay: each step shrinks parameters by lr·weight_decay",
            low=0.0,
            live=True,
        ),
    ),
    slots=(),
    squares=("row_var", "col_var", "variance"),
    rule=None,
    by_tensor=lambda shape: by_tensor(shape),
    pairs={"eps": ("eps1", "eps2")},
    torch="Adafactor",
    twin=Twin("optim.Adafactor", lambda values, shape: arguments(values, shape)),
    cases=({"lr": 0.05}, {"lr": 0.3, "beta2_decay": -0.5, "eps1": 1e-4, "eps2": 0.1, "d": 1.2, "weight_decay": 0.1}),
    refused=(
        Refused({"lr": -1}, (), "≥ 0"),
        Refused({"beta2_decay": 0.8}, (), "≤ 0"),
        Refused({"d": 0.5}, (), "≥ 1"),
        Refused({"eps": 0.1}, (), "not 2 numbers"),
    ),
)


def arguments(values: Mapping[str, Any], shape: Shape) -> Mapping[str, Any]:
    """PyTorch's arguments: eps is one pair, whose first number is what the type can resolve unless one is given."""
    eps = (None if values["eps1"] == _EPS else values["eps1"], values["eps2"])
    return {**{name: value for name, value in values.items() if name not in ("eps1", "eps2")}, "eps": eps}


def by_tensor(shape: Shape) -> TensorRule:
    """The rows for one parameter: two mean squares for each matrix of its last two axes, or one for each number."""
    return _rows(shape)


@cache
def _rows(shape: Shape) -> TensorRule:
    if len(shape) > 1:
        slots, direction = {"row_var": (*shape[:-1], 1), "col_var": (*shape[:-2], 1, shape[-1])}, _direction_of_matrix()
    else:
        slots, direction = {"variance": shape}, _direction_of_vector()
    return TensorRule(slots, {"direction": shape}, (Use(direction), Use(_update())))


@cache
def _direction_of_matrix() -> Operation:
    return Operation(
        name="direction (adafactor)",
        kernel=direction_of_matrix,
        cuda=(CudaRow(mean_squares_cuda), CudaRow(mean_of_lines_cuda, matrices), CudaRow(direction_cuda)),
        reads=("optimizer", "gradient", "row_var", "col_var"),
        writes=("direction", "row_var", "col_var"),
        reference=matrix_reference,
        formula="r ← (1−k)r + k·mean_row(g²);  c ← (1−k)c + k·mean_col(g²);  v = r·c / mean(r);  u = g/√max(v, ε₁²)",
        words="Guesses the mean square of each gradient from those of its row and its column, and divides by its root.",
        element=matrix_element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.Adafactor",
    )


@cache
def _direction_of_vector() -> Operation:
    return Operation(
        name="direction (adafactor, vector)",
        kernel=direction_of_vector,
        cuda=(CudaRow(direction_of_vector_cuda),),
        reads=("optimizer", "gradient", "variance"),
        writes=("direction", "variance"),
        reference=vector_reference,
        formula="v ← (1−k)v + k·g²;  u = g/√max(v, ε₁²);  k = t^beta2_decay",
        words="A vector has no columns: the mean square of each gradient is kept, and divided by.",
        element=vector_element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.Adafactor",
    )


@cache
def _update() -> Operation:
    return Operation(
        name="update (adafactor)",
        kernel=update,
        cuda=(CudaRow(squares_cuda, square_parts), CudaRow(step_cuda, once), CudaRow(update_cuda)),
        reads=("optimizer", "direction", "parameter"),
        writes=("parameter", "finite_flags"),
        reference=update_reference,
        formula="α = max(ε₂, rms(w))·min(lr, 1/√t);  w ← (1 − lr·λ)w − α·u / max(1, rms(u)/d)",
        words="Moves the parameter by a fraction of its own typical size, and never by an odd jump.",
        element=update_element,
        integers=("every",),
        uses_clock=True,
        torch="torch.optim.Adafactor",
    )


def _follows(settings: Array, clock: Mapping[str, int], every: int) -> float:
    return float(update_count(clock, every) ** np.float64(settings[1]))


def matrix_reference(
    settings: Array, g: Array, r: Array, c: Array, clock: Mapping[str, int], every: int
) -> tuple[Array, ...]:
    k, eps = _follows(settings, clock, every), np.float64(settings[2])
    r = (1 - k) * r + k * (g * g).mean(axis=-1, keepdims=True)
    c = (1 - k) * c + k * (g * g).mean(axis=-2, keepdims=True)
    v = r * c / np.maximum(r.mean(axis=-2, keepdims=True), eps)
    return g / np.sqrt(np.maximum(v, eps * eps)), r, c


def matrix_element(
    at: Any, settings: Named, g: Named, r: Named, c: Named, clock: Mapping[str, int], every: int
) -> Term:
    eps, k = setting_terms(settings, *_FIELDS)[2], as_term(_follows(settings.array, clock, every))
    *front, i, j = at
    rows, columns = g.shape[-2:]
    row = (1 - k) * r[(*front, i, 0)] + k * (total(g[(*front, i, q)] ** 2 for q in range(columns)) / columns)
    column = (1 - k) * c[(*front, 0, j)] + k * (total(g[(*front, q, j)] ** 2 for q in range(rows)) / rows)
    after = matrix_reference(settings.array, g.array, r.array, c.array, clock=clock, every=every)[1]
    mean = scalar("mean(r)", np.array([after[tuple(front)].mean()]))
    square = row * column / apply("max", max, mean, eps)
    return g[at] / apply("√", math.sqrt, apply("max", max, square, eps**2))


def vector_reference(settings: Array, g: Array, v: Array, clock: Mapping[str, int], every: int) -> tuple[Array, ...]:
    eps = np.float64(settings[2])
    k = _follows(settings, clock, every)
    v = (1 - k) * v + k * g * g
    return g / np.sqrt(np.maximum(v, eps * eps)), v


def vector_element(at: Any, settings: Named, g: Named, v: Named, clock: Mapping[str, int], every: int) -> Term:
    eps, k = setting_terms(settings, *_FIELDS)[2], as_term(_follows(settings.array, clock, every))
    square = (1 - k) * v[at] + k * g[at] ** 2
    return g[at] / apply("√", math.sqrt, apply("max", max, square, eps**2))


def _typical(values: Array) -> float:
    return float(np.sqrt(np.mean(values.astype(np.float64) ** 2)))


def update_reference(settings: Array, u: Array, w: Array, clock: Mapping[str, int], every: int) -> Array:
    lr, _, _, eps, d, decay = settings.astype(np.float64)
    alpha = max(eps, _typical(w)) * min(lr, 1 / math.sqrt(update_count(clock, every)))
    return np.asarray(w * (1 - lr * decay) - alpha / max(1.0, _typical(u) / d) * u)


def update_element(at: Any, settings: Named, u: Named, w: Named, clock: Mapping[str, int], every: int) -> Term:
    lr, _, _, eps, d, decay = setting_terms(settings, *_FIELDS)
    sizes = (scalar(f"rms({name})", np.array([_typical(item.array)])) for name, item in (("w", w), ("u", u)))
    (own, moved), rate = sizes, apply("min", min, lr, as_term(1 / math.sqrt(update_count(clock, every))))
    kept = w[at] * (1 - lr * decay) if decay.value else w[at]
    return kept - apply("max", max, eps, own) * rate / apply("max", max, as_term(1.0), moved / d) * u[at]


@inline
def _share(settings: Any, t: int) -> Any:
    """How far mean squares follow in update t: t^beta2_decay."""
    return DTYPE(exp(np.float64(settings[1]) * log(np.float64(t))))


@kernel
def direction_of_matrix(row: Any, clock: Any, memory: Any, part: int) -> None:
    """u = g / √max(r·c / mean(r), eps1²), for u and g (…, R, C), r (…, R, 1), c (…, 1, C); r and c follow g² first."""
    settings = flat(row, memory, 0)
    k, eps = _share(settings, update_number(row, clock)), settings[2]
    C, r_count, c_count = last(row, 1), size(row, 2), size(row, 3)
    matrices = c_count // C
    R = r_count // matrices
    for b in range(matrices):
        g, u = shifted(pointer(row, memory, 1), b * R * C), shifted(pointer(row, memory, 4), b * R * C)
        r, c = numbers(row, memory, 2, b * R, (b + 1) * R), numbers(row, memory, 3, b * C, (b + 1) * C)
        for j in range(C):
            c[j] = c[j] * (1.0 - k)
        for i in range(R):
            line = shifted(g, i * C)
            r[i] = r[i] * (1.0 - k) + k * (lane_dot(line, line, C) / C)
            for j in range(C):
                c[j] = c[j] + k * (line[j] * line[j] / R)
        mean = max(lane_sum(shifted(pointer(row, memory, 2), b * R), R) / R, eps)
        for i in range(R):
            for j in range(C):
                u[i * C + j] = g[i * C + j] / math.sqrt(max(r[i] * c[j] / mean, eps * eps))


@kernel
def direction_of_vector(row: Any, clock: Any, memory: Any, part: int) -> None:
    """v ← (1−k)·v + k·g²; u = g / √max(v, eps1²), for u, g and v (M,)."""
    settings, g, v, u = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2), flat(row, memory, 3)
    k, eps = _share(settings, update_number(row, clock)), settings[2]
    for i in range(g.size):
        v[i] = v[i] * (1.0 - k) + k * (g[i] * g[i])
        u[i] = g[i] / math.sqrt(max(v[i], eps * eps))


@kernel
def update(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w ← (1 − lr·weight_decay)·w − max(eps2, rms(w))·min(lr, 1/√t)·u / max(1, rms(u)/d), for w and u (M,)."""
    settings, u, w = flat(row, memory, 0), flat(row, memory, 1), flat(row, memory, 2)
    lr, eps, d, weight_decay = settings[0], settings[3], settings[4], settings[5]
    M = w.size
    rate = min(lr, DTYPE(1.0 / math.sqrt(np.float64(update_number(row, clock)))))
    own = math.sqrt(lane_dot(pointer(row, memory, 2), pointer(row, memory, 2), M) / M)
    moved = math.sqrt(lane_dot(pointer(row, memory, 1), pointer(row, memory, 1), M) / M)
    step, stays = max(eps, own) * rate / max(1.0, moved / d), 1.0 - lr * weight_decay
    wrong = np.int32(0)
    for i in range(M):
        w[i] = w[i] * stays - step * u[i]
        wrong = mark_not_finite(wrong, w[i])
    flat(row, memory, 4)[part] = verdict(wrong)


@kernel
def mean_squares_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """r ← (1−k)·r + k·mean over columns of g², c ← (1−k)·c + k·mean over rows; g (B, R, C), r (B, R), c (B, C)."""
    g, r, c = pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    k, C, lines = _share(flat(row, memory, 0), update_number(row, clock)), last(row, 1), size(row, 2)
    R = ratio(lines * C, size(row, 3))
    at = part
    while at < lines + size(row, 3):
        if at < lines:
            line = shifted(g, at * C)
            r[at] = r[at] * (1.0 - k) + k * (chain(line, 1, line, 1, C, DTYPE(0.0)) / DTYPE(C))
        else:
            column = at - lines
            b = ratio(column, C)
            down = shifted(g, b * R * C + column - b * C)
            c[column] = c[column] * (1.0 - k) + k * (chain(down, C, down, C, R, DTYPE(0.0)) / DTYPE(R))
        at += row[ROW_PARTS]


def matrices(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """How many matrices a parameter has, from the sizes of g (B, R, C), r (B, R) and c (B, C)."""
    return sizes[2] * sizes[3] // sizes[1]


@kernel
def mean_of_lines_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[b] = max(mean r, eps1) of matrix b; r (B, R)."""
    R = ratio(size(row, 2), row[ROW_PARTS])
    total = sum_of(shifted(pointer(row, memory, 2), part * R), 1, R, DTYPE(0.0))
    room(row, memory)[part] = max(total / DTYPE(R), pointer(row, memory, 0)[2])


@kernel
def direction_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """u = g / √max(r·c / sums[b], eps1²): every parts-th number; u, g (B, R, C), r (B, R), c (B, C)."""
    g, r, c = pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    u, C, eps = pointer(row, memory, 4), last(row, 1), pointer(row, memory, 0)[2]
    R = ratio(size(row, 2) * C, size(row, 3))
    at = part
    while at < size(row, 1):
        line = ratio(at, C)
        b = ratio(line, R)
        square = r[line] * c[b * C + at - line * C] / room(row, memory)[b]
        u[at] = g[at] / math.sqrt(max(square, eps * eps))
        at += row[ROW_PARTS]


@kernel
def direction_of_vector_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `direction_of_vector`: every parts-th number of u and v (M,)."""
    settings, g, v, u = flat(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), pointer(row, memory, 3)
    k, eps = _share(settings, update_number(row, clock)), settings[2]
    i = part
    while i < size(row, 1):
        v[i] = v[i] * (1.0 - k) + k * (g[i] * g[i])
        u[i] = g[i] / math.sqrt(max(v[i], eps * eps))
        i += row[ROW_PARTS]


def square_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Two sums for each share of the numbers of u and w (M,)."""
    return 2 * max(1, min(_SHARES, sizes[1] // 32))


@kernel
def squares_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[0,s] = Σ u², sums[1,s] = Σ w² of share s of the numbers; u, w (M,)."""
    shares = ratio(row[ROW_PARTS], 2)
    first = part if part < shares else part - shares
    x = shifted(pointer(row, memory, 1) if part < shares else pointer(row, memory, 2), first)
    count = ratio(size(row, 1) - first + shares - 1, shares)
    room(row, memory)[part] = chain(x, shares, x, shares, count, DTYPE(0.0))


@kernel
def step_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[0] = how far u is followed, as `update` says, from all sums; u, w (M,)."""
    settings, sums, shares, M = pointer(row, memory, 0), room(row, memory), ratio(row[ROW_ROOM_COUNT], 2), size(row, 1)
    rate = min(settings[0], DTYPE(1.0 / math.sqrt(np.float64(update_number(row, clock)))))
    moved = math.sqrt(sum_of(sums, 1, shares, DTYPE(0.0)) / DTYPE(M))
    own = math.sqrt(sum_of(shifted(sums, shares), 1, shares, DTYPE(0.0)) / DTYPE(M))
    sums[0] = max(settings[3], own) * rate / max(1.0, moved / settings[4])


@kernel
def update_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w ← (1 − lr·weight_decay)·w − sums[0]·u: every parts-th number of w and u (M,)."""
    settings, u, w = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    step, stays, wrong = room(row, memory)[0], 1.0 - settings[0] * settings[5], np.int32(0)
    i = part
    while i < size(row, 1):
        w[i] = w[i] * stays - step * u[i]
        wrong = mark_not_finite(wrong, w[i])
        i += row[ROW_PARTS]
    if wrong != 0:  # the loop has cleared it, and whoever writes writes the same
        flat(row, memory, 4)[0] = math.nan
