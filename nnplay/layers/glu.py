"""GLU and its relatives: one half of the channels passes, as far as the other half opens a gate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import choice
from nnplay.kernels.compile.jit import Kernel as CompiledKernel
from nnplay.kernels.compile.jit import force_inline, inline
from nnplay.kernels.elementary import sigmoid
from nnplay.kernels.gelu import gelu, gelu_slope
from nnplay.kernels.operands import adds, pointer, share, shifted, size
from nnplay.kernels.span_sums import last
from nnplay.operations.scoring import sigmoid as sigmoid_of
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import CudaRow, Operation, Shape, Use
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, apply

Array = NDArray[Any]
_erfc = np.vectorize(math.erfc, otypes=[float])


GLU = LayerRecord(
    name="glu",
    title="GLU",
    family="activation",
    about="The first half of the channels times a gate made of the second half (Dauphin et al., 2017; Shazeer, 2020).",
    when="Between the two linear layers of a transformer block: silu is SwiGLU, gelu GEGLU, relu ReGLU.",
    initial="xavier_uniform",
    torch="GLU",
    twin=Twin("nn.GLU", covers=lambda values, shape: values["gate"] == "sigmoid"),
    fields=(choice("gate", "sigmoid", "what opens the gate", ("sigmoid", "silu", "gelu", "relu")),),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (6,)),
        Case({"gate": "silu"}, (3, 2, 34)),
        Case({"gate": "gelu"}, (2, 16)),
        Case({"gate": "relu"}, (4,)),
    ),
    refused=(Refused({}, (5,), "5 channels have no halves"), Refused({"gate": "tanh"}, (4,), "one of sigmoid, silu")),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, 2·C) → (N, …, C); no parameters.

    Raises:
        InputError: an odd number of channels.
    """
    channels, cost = shape[-1], 16 * prod(shape)
    if channels % 2:
        raise InputError(f"{channels} channels have no halves", hint=f"use {channels + 1}")
    forward, backward = _operations(values["gate"])
    output = (*shape[:-1], channels // 2)
    return Plan(output=output, forward=(Use(forward, cost=cost),), backward=(Use(backward, cost=2 * cost),))


@cache
def _operations(gate: str) -> tuple[Operation, Operation]:
    """The rows of that gate."""
    value, slope = _GATES[gate]
    forward = Operation(
        name=f"glu ({gate})",
        kernel=FORWARD[gate],
        cuda=(CudaRow(FORWARD[gate]),),
        reads=("x",),
        writes=("y",),
        reference=lambda x: _halves(x)[0] * value(_halves(x)[1]),
        formula=f"y[n,c] = x[n,c]·{gate}(x[n,C + c])",
        words="The second half of the channels says how much of the first half passes.",
        element=lambda at, x: x[at] * apply(gate, _scalar(value), x[_gate_of(at, x)]),
        torch="torch.nn.functional.glu" if gate == "sigmoid" else f"a * torch.nn.functional.{gate}(b)",
    )
    backward = Operation(
        name=f"glu ({gate}) backward",
        kernel=BACKWARD[gate],
        cuda=(CudaRow(BACKWARD[gate]),),
        reads=("x", "dy"),
        writes=("dx",),
        reference=lambda x, dy: _back(x, dy, value, slope),
        formula=f"dx[n,c] = dy[n,c]·{gate}(x[n,C + c]); dx[n,C + c] = dy[n,c]·x[n,c]·{gate}′(x[n,C + c])",
        words="The gradient passes where the gate is open; the gate learns where something was there to pass.",
        element=_element_back(gate, value, slope),
        torch="autograd",
    )
    return forward, backward


def _halves(x: Array) -> tuple[Array, Array]:
    C = x.shape[-1] // 2
    return x[..., :C], x[..., C:]


def _back(x: Array, dy: Array, value: Callable[..., Array], slope: Callable[..., Array]) -> Array:
    a, b = _halves(x)
    return np.concatenate([dy * value(b), dy * a * slope(b)], axis=-1)


def _gate_of(at: tuple[int, ...], x: Named) -> tuple[int, ...]:
    return (*at[:-1], at[-1] + x.shape[-1] // 2)


def _element_back(gate: str, value: Callable[..., Array], slope: Callable[..., Array]) -> Callable[..., Term]:
    def element(at: tuple[int, ...], x: Named, dy: Named) -> Term:
        C = dy.shape[-1]
        if at[-1] < C:
            return dy[at] * apply(gate, _scalar(value), x[_gate_of(at, x)])
        passed = (*at[:-1], at[-1] - C)
        return dy[passed] * x[passed] * apply(f"{gate}′", _scalar(slope), x[at])

    return element


def _scalar(function: Callable[..., Array]) -> Callable[..., float]:
    return lambda number: float(function(np.float64(number)))


def _normal(b: Array) -> Array:
    """The chance that a normal number is smaller."""
    return np.asarray(0.5 * _erfc(-b / math.sqrt(2)))


def _bell(b: Array) -> Array:
    """The density of normal numbers."""
    return np.asarray(np.exp(-0.5 * b * b) / math.sqrt(2 * math.pi))


#: The gates and their slopes in NumPy.
_GATES: Mapping[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "sigmoid": (sigmoid_of, lambda b: sigmoid_of(b) * (1 - sigmoid_of(b))),
    "silu": (lambda b: b * sigmoid_of(b), lambda b: sigmoid_of(b) * (1 + b * (1 - sigmoid_of(b)))),
    "gelu": (lambda b: b * _normal(b), lambda b: _normal(b) + b * _bell(b)),
    "relu": (lambda b: np.where(b > 0, b, 0 * b), lambda b: np.where(b > 0, 1, 0 * b)),
}


@inline
def sigmoid_gate(b: Any) -> Any:
    """1 / (1 + e⁻ᵇ)."""
    return sigmoid(b)


@inline
def sigmoid_slope(b: Any) -> Any:
    """The derivative of the same."""
    return sigmoid(b) * (1.0 - sigmoid(b))


@inline
def silu_gate(b: Any) -> Any:
    """b / (1 + e⁻ᵇ)."""
    return b * sigmoid(b)


@inline
def silu_slope(b: Any) -> Any:
    """The derivative of the same."""
    return sigmoid(b) * (1.0 + b * (1.0 - sigmoid(b)))


@inline
def relu_gate(b: Any) -> Any:
    """b where positive, else 0; NaN stays NaN."""
    return b if b > 0.0 else 0.0 * b


@inline
def relu_slope(b: Any) -> Any:
    """1 where b is positive, else 0; NaN stays NaN."""
    return 1.0 if b > 0.0 else 0.0 * b


def _forward_kernel(gate: Any) -> CompiledKernel:
    opened = force_inline(gate)

    def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y (N, C) = a·gate(b), for x (N, 2·C) = [a | b]."""
        x, y, C = pointer(row, memory, 0), pointer(row, memory, 1), last(row, 1)
        start, stop = share(row, part, size(row, 1) // C)
        for n in range(start, stop):
            A, B, Y = shifted(x, 2 * n * C), shifted(x, (2 * n + 1) * C), shifted(y, n * C)
            for c in range(C):
                Y[c] = A[c] * opened(B[c])

    return CompiledKernel(f"{__name__}:{gate.__name__}_forward", forward)


def _backward_kernel(gate: Any, slope: Any) -> CompiledKernel:
    opened, moved = force_inline(gate), force_inline(slope)

    def backward(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y = a·gate(b), so da = dy·gate(b) and db = dy·a·gate′(b), for dy (N, C) and x, dx (N, 2·C)."""
        x, dy, dx, C = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2), last(row, 1)
        start, stop = share(row, part, size(row, 1) // C)
        for n in range(start, stop):
            A, B, dY = shifted(x, 2 * n * C), shifted(x, (2 * n + 1) * C), shifted(dy, n * C)
            dA, dB = shifted(dx, 2 * n * C), shifted(dx, (2 * n + 1) * C)
            if adds(row, 2):
                for c in range(C):
                    dA[c] += dY[c] * opened(B[c])
                    dB[c] += dY[c] * A[c] * moved(B[c])
            else:
                for c in range(C):
                    dA[c] = dY[c] * opened(B[c])
                    dB[c] = dY[c] * A[c] * moved(B[c])

    return CompiledKernel(f"{__name__}:{gate.__name__}_backward", backward)


_KERNELS = {
    "sigmoid": (sigmoid_gate, sigmoid_slope),
    "silu": (silu_gate, silu_slope),
    "gelu": (gelu, gelu_slope),
    "relu": (relu_gate, relu_slope),
}
FORWARD = {name: _forward_kernel(gate) for name, (gate, _) in _KERNELS.items()}
BACKWARD = {name: _backward_kernel(gate, slope) for name, (gate, slope) in _KERNELS.items()}
