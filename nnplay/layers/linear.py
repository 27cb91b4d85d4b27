"""Linear: every output is a weighted sum of all inputs, plus a bias."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import REQUIRED, choice, flag, integer
from nnplay.kernels.column_sums import add_columns
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.cuda import linear as cuda
from nnplay.kernels.matmul import product, product_bias, product_transposed
from nnplay.kernels.operands import adds, cut, pointer, rows_of, share, shifted
from nnplay.operations import tiled_forms
from nnplay.operations.jacobian import by_row
from nnplay.operations.padding import keep_padding, padded_field
from nnplay.operations.parametrization import parametrization_field, parametrized
from nnplay.records.cuda_rows import NumberRow, WithNextRow
from nnplay.records.init_schemes import NGUYEN_WIDROW, SCHEMES
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, MatrixProduct, Operation, Shape, Use
from nnplay.records.twin import Twin, transposed
from nnplay.records.worked import Named, Term, total

Array = NDArray[Any]
BIAS = "gradient of bias"


LINEAR = LayerRecord(
    name="linear",
    title="Linear",
    family="linear",
    traits=Traits(follows_activation=True, outputs="units", each_step=True, change="linear"),
    about="Fully connected layer: every output is a weighted sum of all inputs plus a bias.",
    when="For tables, and as the last layer of almost every network.",
    torch="Linear",
    twin=Twin(
        "nn.Linear",
        lambda values, shape: {"in_features": shape[-1], "out_features": values["units"], "bias": values["bias"]},
        places=transposed,
        covers=lambda values, shape: not values["padded"] and values["parametrization"] == "none",
    ),
    fields=(
        integer("units", REQUIRED, "number of outputs"),
        flag("bias", True, "add a learned constant to each output"),
        choice(
            "init",
            "auto",
            "weight initialisation; auto suits the next activation; nguyen_widrow spreads the biases, too",
            (*SCHEMES, NGUYEN_WIDROW),
        ),
        padded_field(),
        parametrization_field(),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({"units": 3}, (5,)),
        Case({"units": 17, "bias": False}, (33,)),
        Case({"units": 1}, (1,)),
        Case({"units": 4}, (3, 7)),
        Case({"units": 6, "init": "nguyen_widrow"}, (2,)),
        Case({"units": 16}, (16,)),
        Case({"units": 31}, (64,)),
        Case({"units": 65}, (2,)),
        Case({"units": 9, "bias": False}, (2, 3, 5)),
        Case({"units": 5, "padded": True}, (4, 3)),
        Case({"units": 3, "parametrization": "weight_norm"}, (5,)),
        Case({"units": 17, "parametrization": "spectral_norm"}, (3, 7), exact=False),
    ),
    refused=(
        Refused({"units": 0}, (5,), "≥ 1"),
        Refused({"units": "many"}, (5,), "not an integer"),
        Refused({"units": 1.5}, (5,), "not an integer"),
        Refused({"units": 2, "padded": True}, (5,), "padding only applies to sequences"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, …, I) → (N, …, O) with weight (I, O), bias (O); all axes before the last are rows."""
    inputs, outputs = shape[-1], values["units"]
    positions = int(np.prod(shape[:-1]))
    cost = positions * inputs * outputs
    parameters = {"weight": Parameter((inputs, outputs), values["init"], inputs, outputs, decays=True)}
    backward = [Use(_backward_weight_operation(), cost=cost)]
    if values["bias"]:
        scheme = NGUYEN_WIDROW if values["init"] == NGUYEN_WIDROW else "zeros"
        parameters["bias"] = Parameter((outputs,), scheme, inputs, outputs)
        backward.append(Use(_backward_bias_operation(), cost=positions * outputs))
    planned = Plan(
        output=(*shape[:-1], outputs),
        parameters=parameters,
        forward=(Use(_forward_operation() if values["bias"] else _forward_without_bias_operation(), cost=cost),),
        backward=(*backward, Use(_backward_input_operation(), cost=cost)),
        multiply_adds=cost,
    )
    planned = parametrized(planned, values["parametrization"])
    return keep_padding(planned, shape) if values["padded"] else planned


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="x·w + b",
        kernel=forward,
        cuda=(NumberRow(cuda.forward, gathers=True),),
        tiled=tiled_forms.FORWARD,
        reads=("x", "weight", "bias"),
        writes=("y",),
        reference=lambda x, weight, bias: x @ weight + bias,
        formula="y[n,o] = Σᵢ x[n,i]·weight[i,o] + bias[o]",
        words="Each output is a weighted sum of all inputs plus a bias. The weights are what the network learns.",
        element=lambda at, x, weight, bias: _weighted_sum(at, x, weight) + bias[at[-1]],
        torch="torch.nn.functional.linear (its weight is transposed)",
    )


@cache
def _forward_without_bias_operation() -> Operation:
    return Operation(
        name="x·w",
        kernel=forward_without_bias,
        cuda=(NumberRow(cuda.forward_without_bias, gathers=True),),
        tiled=tiled_forms.FORWARD_WITHOUT_BIAS,
        reads=("x", "weight"),
        writes=("y",),
        reference=lambda x, weight: x @ weight,
        formula="y[n,o] = Σᵢ x[n,i]·weight[i,o]",
        words="Each output is a weighted sum of all inputs. The weights are what the network learns.",
        element=_weighted_sum,
        torch="torch.nn.functional.linear (its weight is transposed)",
    )


@cache
def _backward_weight_operation() -> Operation:
    return Operation(
        name="gradient of weight",
        kernel=backward_weight,
        cuda=(WithNextRow(cuda.backward_weight, following=BIAS, both=CudaRow(cuda.backward_both), integers=cuda.ONE),),
        tiled=tiled_forms.WEIGHT,
        reads=("x", "dy"),
        writes=("dweight",),
        reference=lambda x, dy: _flat(x).T @ _flat(dy),
        formula="dweight[i,o] = Σₙ x[n,i]·dy[n,o]",
        words=("A weight is to blame in proportion to its input and to its output's gradient, summed over the batch."),
        element=lambda at, x, dy: total(
            Named("x", _flat(x.array))[n, at[0]] * Named("dy", _flat(dy.array))[n, at[1]]
            for n in range(_flat(x.array).shape[0])
        ),
        torch="autograd",
        product=MatrixProduct("x", "dy", "x", "each weight meets every row of the batch"),
        by_row=by_row.WEIGHT,
    )


@cache
def _backward_bias_operation() -> Operation:
    return Operation(
        name=BIAS,
        kernel=backward_bias,
        cuda=(CudaRow(cuda.backward_bias),),
        reads=("dy",),
        writes=("dbias",),
        reference=lambda dy: _flat(dy).sum(axis=0),
        formula="dbias[o] = Σₙ dy[n,o]",
        words="A bias shifts its output equally in every row, so its gradient is the sum over the batch.",
        element=lambda at, dy: total(Named("dy", _flat(dy.array))[n, at[0]] for n in range(_flat(dy.array).shape[0])),
        torch="autograd",
        by_row=by_row.BIAS,
    )


@cache
def _backward_input_operation() -> Operation:
    return Operation(
        name="gradient of x",
        kernel=backward_input,
        cuda=(NumberRow(cuda.backward_input, gathers=True),),
        tiled=tiled_forms.INPUT,
        reads=("dy", "weight"),
        writes=("dx",),
        reference=lambda dy, weight: dy @ weight.T,
        formula="dx[n,i] = Σₒ dy[n,o]·weight[i,o]",
        words="Each input collects blame from every output it fed, in proportion to the weights between them.",
        element=lambda at, dy, weight: total(dy[(*at[:-1], o)] * weight[at[-1], o] for o in range(weight.shape[1])),
        torch="autograd",
        product=MatrixProduct("dy", "weight", "weight", "each input collects from all outputs"),
    )


def _flat(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])


def _weighted_sum(at: tuple[int, ...], x: Named, weight: Named) -> Term:
    *n, o = at
    return total(x[(*n, i)] * weight[i, o] for i in range(weight.shape[0]))


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w + b, for x (N, I), w (I, O), b (O)."""
    x, w = rows_of(row, memory, 0), rows_of(row, memory, 1)
    I, O = w.shape
    top, bottom, left, right = cut(row, part, x.shape[0], O)
    X, W = shifted(pointer(row, memory, 0), top * I), shifted(pointer(row, memory, 1), left)
    B, Y = shifted(pointer(row, memory, 2), left), shifted(pointer(row, memory, 3), top * O + left)
    product_bias(X, I, 1, W, O, Y, O, B, bottom - top, right - left, I)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y (N, O) = x·w, for x (N, I), w (I, O)."""
    x, w = rows_of(row, memory, 0), rows_of(row, memory, 1)
    I, O = w.shape
    top, bottom, left, right = cut(row, part, x.shape[0], O)
    X, W = shifted(pointer(row, memory, 0), top * I), shifted(pointer(row, memory, 1), left)
    Y = shifted(pointer(row, memory, 2), top * O + left)
    product(X, I, 1, W, O, Y, O, bottom - top, right - left, I, False)


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dw (I, O) = xᵀ·dy, for x (N, I), dy (N, O)."""
    x, dy = rows_of(row, memory, 0), rows_of(row, memory, 1)
    I, O = x.shape[1], dy.shape[1]
    start, stop = share(row, part, I)
    X, dW = shifted(pointer(row, memory, 0), start), shifted(pointer(row, memory, 2), start * O)
    dY, N = pointer(row, memory, 1), x.shape[0]
    if O == 1:  # as one row, dyᵀ·x: the same sums, side by side
        product(dY, N, 1, X, I, dW, I, 1, stop - start, N, adds(row, 2))
    else:
        product(X, 1, I, dY, O, dW, O, stop - start, O, N, adds(row, 2))


@kernel
def backward_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so db (O) = Σₙ dy[n], for dy (N, O)."""
    dy, db = rows_of(row, memory, 0), pointer(row, memory, 1)
    N, O = dy.shape
    start, stop = share(row, part, O)
    if not adds(row, 1):
        for o in range(start, stop):
            db[o] = 0.0
    add_columns(shifted(db, start), shifted(pointer(row, memory, 0), start), O, N, stop - start)


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y = x·w + b, so dx (N, I) = dy·wᵀ, for dy (N, O), w (I, O)."""
    dy, w = rows_of(row, memory, 0), rows_of(row, memory, 1)
    I, O = w.shape
    top, bottom, left, right = cut(row, part, dy.shape[0], I)
    dY, W = shifted(pointer(row, memory, 0), top * O), shifted(pointer(row, memory, 1), left * O)
    dX = shifted(pointer(row, memory, 2), top * I + left)
    product_transposed(dY, O, 1, W, O, dX, I, bottom - top, right - left, O, adds(row, 2))
