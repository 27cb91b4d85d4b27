"""RNN: the plain recurrent layer, whose state is a weighted sum of input and old state, bent (Elman, 1990).

The equations are PyTorch's; `nnplay.layers._recurrence` has what LSTM and GRU share.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import choice
from nnplay.kernels.compile.jit import Kernel, apart
from nnplay.kernels.elementary import tanh
from nnplay.kernels.matmul import multiply
from nnplay.kernels.operands import dimension, integer, pointer, share, shifted
from nnplay.kernels.recurrent_batches import TOGETHER, add, copy, groups, is_linked, take_over, zero
from nnplay.layers._recurrence import CASES, FIELDS, REFUSED, recurrent_plan, recurrent_twin
from nnplay.layers._recurrent_cell import Cell, Loop, backward_loop, forward_loop, from_state, walk
from nnplay.records.layer import Case, LayerRecord, Refused
from nnplay.records.worked import Named, Term, apply, as_term

Array = NDArray[Any]


@apart
def bend_tanh(z: Any, bias: Any, H: int) -> None:
    """What the units of one row are told becomes their state."""
    for j in range(H):
        z[j] = tanh(z[j] + bias[j])


@apart
def bend_relu(z: Any, bias: Any, H: int) -> None:
    """What the units of one row are told becomes their state; NaN stays NaN."""
    for j in range(H):
        told = z[j] + bias[j]
        z[j] = 0.0 if told <= 0.0 else told


@apart
def unbend_tanh(hidden: Any, dstate: Any, dgates: Any, H: int) -> None:
    """Gradients of what the units of one row were told."""
    for j in range(H):
        dgates[j] = dstate[j] * (1.0 - hidden[j] * hidden[j])


@apart
def unbend_relu(hidden: Any, dstate: Any, dgates: Any, H: int) -> None:
    """Gradients of what the units of one row were told."""
    for j in range(H):
        dgates[j] = dstate[j] if hidden[j] > 0.0 else 0.0


def _forward_kernel(name: str, bend: Any, padded: bool) -> Kernel:
    first = 4 if padded else 3

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        # inputs (N, T, D·H), weight_hh (D·H, H), bias_hh (D·H) → hidden, previous (N, T, D·H)
        N, T, H = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 1, 1)
        D = dimension(row, 1, 0) // H
        stride = T * D * H  # from one row of the batch to the next
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n0 = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n0)
            w, b = shifted(pointer(row, memory, 1), d * H * H), shifted(pointer(row, memory, 2), d * H)
            for s in range(T):
                t = T - 1 - s if d else s
                back = D * H if d else -D * H  # from a state to the one before
                here = n0 * stride + t * D * H + d * H
                x, hidden = shifted(pointer(row, memory, 0), here), shifted(pointer(row, memory, first), here)
                previous = shifted(pointer(row, memory, first + 1), here)
                take_over(previous, hidden, stride, back, rows, H, s == 0)
                multiply(previous, stride, 1, w, H, 1, hidden, stride, x, stride, rows, H, H if s else 0)
                for n in range(rows):
                    if padded and pointer(row, memory, 3)[(n0 + n) * T + t] == 0.0:
                        copy(shifted(hidden, n * stride), shifted(previous, n * stride), H)
                    else:
                        bend(shifted(hidden, n * stride), b, H)

    return Kernel(f"{__name__}:forward_{name}{'_padded' if padded else ''}", forward)


def _backward_kernel(name: str, unbend: Any, padded: bool) -> Kernel:
    first = 4 if padded else 3

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        # dhidden (N, T, D·H), hidden, turned (D·H, H) → dgates, dstate (N, T, D·H)
        D, truncate = integer(row, 0), integer(row, 1)
        N, T, H = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2) // D
        stride = T * D * H
        start, stop = share(row, part, D * groups(N))
        for group in range(start, stop):
            d, n0 = group // groups(N), group % groups(N) * TOGETHER
            rows = min(TOGETHER, N - n0)
            turned = shifted(pointer(row, memory, 2), d * H * H)
            for s in range(T - 1, -1, -1):
                t = T - 1 - s if d else s
                linked = is_linked(s, T, truncate)
                after = (-1 if d else 1) if linked else 0
                here = n0 * stride + t * D * H + d * H
                dhidden, hidden = shifted(pointer(row, memory, 0), here), shifted(pointer(row, memory, 1), here)
                dgates = shifted(pointer(row, memory, first), here)
                dstate = shifted(pointer(row, memory, first + 1), here)
                told = shifted(dgates, after * D * H)
                multiply(
                    told, stride, 1, turned, H, 1, dstate, stride, dhidden, stride, rows, H, H if linked else 0
                )  # fmt: skip
                for n in range(rows):
                    dh, dz = shifted(dstate, n * stride), shifted(dgates, n * stride)
                    if padded:
                        mask = shifted(pointer(row, memory, 3), (n0 + n) * T + t)
                        if linked and mask[after] == 0.0:
                            add(dh, shifted(dh, after * D * H), H)
                        if mask[0] == 0.0:
                            zero(dz, H)
                            continue
                    unbend(shifted(hidden, n * stride), dh, dz, H)

    return Kernel(f"{__name__}:backward_{name}{'_padded' if padded else ''}", backward)


def _definition(bend: Callable[[Array], Array]) -> Callable[..., tuple[Array, Array]]:
    def through_time(
        inputs: Array, weight_hh: Array, bias_hh: Array, present: Array | None = None
    ) -> tuple[Array, Array]:
        """States after and before each step."""
        (N, T, width), H = inputs.shape, weight_hh.shape[1]
        there = np.ones((N, T)) if present is None else present
        hidden, previous = np.empty_like(inputs), np.empty_like(inputs)
        for d in range(width // H):
            of = slice(d * H, (d + 1) * H)
            h = np.zeros((N, H), inputs.dtype)
            for t in walk(T, d):
                previous[:, t, of] = h
                h = np.where(there[:, t, None] != 0, bend(inputs[:, t, of] + h @ weight_hh[of] + bias_hh[of]), h)
                hidden[:, t, of] = h
        return hidden, previous

    return through_time


def _definition_back(slope: Callable[[Array], Array]) -> Callable[..., tuple[Array, Array]]:
    def back_through_time(
        dhidden: Array, hidden: Array, turned: Array, present: Array | None = None, *, directions: int, truncate: int
    ) -> tuple[Array, Array]:
        """Gradients of what the units were told, and of each state."""
        N, T, H = dhidden.shape[0], dhidden.shape[1], turned.shape[1]
        there = np.ones((N, T)) if present is None else present
        dgates, dstate = np.empty_like(dhidden), np.empty_like(dhidden)
        for d in range(directions):
            of = slice(d * H, (d + 1) * H)
            dh = np.zeros((N, H), dhidden.dtype)
            order = list(walk(T, d))
            for s in reversed(range(T)):
                t = order[s]
                on = there[:, t, None] != 0
                dh = dh + dhidden[:, t, of]
                dz = np.where(on, dh * slope(hidden[:, t, of]), 0)
                dgates[:, t, of], dstate[:, t, of] = dz, dh
                dh = np.where(on, dz @ turned[of], dh)
                if truncate and s % truncate == 0:
                    dh = 0 * dh
        return dgates, dstate

    return back_through_time


def _explained(name: str, value: Any, through_time: Callable[..., Any]) -> Callable[..., Term]:
    """One state, worked out."""

    def element(at: tuple[int, ...], inputs: Named, weight_hh: Named, bias_hh: Named, *present: Named) -> Term:
        previous = through_time(*(item.array for item in (inputs, weight_hh, bias_hh, *present)))[1]
        if present and present[0].array[at[0], at[1]] == 0:
            return Named("previous", previous)[at] * 1.0
        told = inputs[at] + from_state(at, previous, weight_hh, 1) + bias_hh[at[2]]
        return apply(name, lambda x: float(value(np.float64(x))), told)

    return element


def _explained_back(name: str, slope: Any, back_through_time: Callable[..., Any]) -> Callable[..., Term]:
    """The gradient of one state, worked out."""

    def element_back(
        at: tuple[int, ...], dhidden: Named, hidden: Named, turned: Named, *present: Named, **integers: int
    ) -> Term:
        arrays = [item.array for item in (dhidden, hidden, turned, *present)]
        if present and present[0].array[at[0], at[1]] == 0:
            return as_term(0.0)
        local = apply(f"{name}′", lambda h: float(slope(np.float64(h))), hidden[at])
        return Named("dstate", back_through_time(*arrays, **integers)[1])[at] * local

    return element_back


def _forward(name: str, bend: Any, value: Any) -> Loop:
    through_time = _definition(value)
    return forward_loop(
        "RNN",
        partial(_forward_kernel, name, bend),
        writes=("hidden", "previous"),
        reference=through_time,
        formula=f"hidden[t] = {name}(inputs[t] + hidden[t−1]·weight_hh + bias_hh)",
        words=(
            "The state is what the layer remembers: at every step it is made anew from the input and from itself, "
            "always by the same weights."
        ),
        element=_explained(name, value, through_time),
        unit={"h": ("hidden", 0, 1)},
    )


def _backward(name: str, shown: str, unbend: Any, slope: Any) -> Loop:
    back_through_time = _definition_back(slope)
    return backward_loop(
        "RNN",
        partial(_backward_kernel, name, unbend),
        reads=("dhidden", "hidden", "turned"),
        writes=("dgates", "dstate"),
        reference=back_through_time,
        formula=f"dstate[t] = dhidden[t] + dgates[t+1]·weight_hhᵀ; dgates[t] = dstate[t]{shown}",
        words=(
            "From the last step to the first. The error of an early step has been multiplied by the same weights "
            "once for each step between, so it vanishes or explodes: the reason for LSTM and GRU."
        ),
        element=_explained_back(name, slope, back_through_time),
        gradients=("dstate",),
    )


def _cell(name: str, shown: str, bend: Any, unbend: Any, value: Any, slope: Any) -> Cell:
    """The cell of one nonlinearity: kernels `bend`, `unbend`; NumPy `value` of a sum and `slope` at a state."""
    return Cell(gates=1, forward=_forward(name, bend, value), backward=_backward(name, shown, unbend, slope))


CELLS: Final = {
    "tanh": _cell("tanh", "·(1 − hidden[t]²)", bend_tanh, unbend_tanh, np.tanh, lambda h: 1 - h * h),
    "relu": _cell(
        "relu",
        " where hidden[t] > 0, else 0",
        bend_relu,
        unbend_relu,
        lambda x: np.maximum(x, 0),
        lambda h: np.where(h > 0, 1, 0),
    ),
}

RNN = LayerRecord(
    name="rnn",
    title="RNN",
    family="recurrent",
    about="Plain recurrent layer: reads a sequence step by step and keeps a state. It forgets within some ten steps.",
    torch="RNN",
    twin=recurrent_twin("nn.RNN", "nonlinearity"),
    fields=(
        *FIELDS,
        choice("nonlinearity", "tanh", "what bends the state; relu explodes sooner but vanishes later", tuple(CELLS)),
    ),
    plan=recurrent_plan(lambda values: CELLS[values["nonlinearity"]]),
    cases=(
        *CASES,
        Case({"units": 6, "nonlinearity": "relu", "bidirectional": True, "layers": 2}, (5, 3)),
        Case({"units": 3, "nonlinearity": "relu", "padded": True, "output": "sequence"}, (3, 2)),
    ),
    refused=(*REFUSED, Refused({"units": 3, "nonlinearity": "sigmoid"}, (3, 2), "one of tanh, relu")),
)
