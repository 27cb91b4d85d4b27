"""Embedding: a learned vector for each token; the input holds the tokens' numbers.

Inputs (T,) of whole numbers 0 … vocabulary − 1, stored as floats, become (T, width). A number that names no token gives
NaN, which stops training with a message, rather than the vector of another token.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, choice, integer
from nnplay.kernels.abi import ROW_PARTS
from nnplay.kernels.compile.jit import DTYPE, kernel
from nnplay.kernels.cuda.partial import once
from nnplay.kernels.operands import adds, dimension, flat, pointer, ratio, share, shifted, size
from nnplay.kernels.operands import integer as setting
from nnplay.kernels.recurrent_batches import add, copy, zero
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused, Traits
from nnplay.records.operation import CudaRow, Operation, Shape, Use, shape_text
from nnplay.records.twin import Twin
from nnplay.records.worked import Named, Term, as_term, total

Array = NDArray[Any]
#: The padding token where there is none.
_NONE = -1


EMBEDDING = LayerRecord(
    name="embedding",
    title="Embedding",
    family="sequence",
    about="A learned vector for each token or category; the inputs are their indices.",
    when="As the first layer for words, letters or categories given as whole numbers.",
    torch="Embedding",
    twin=Twin(
        "nn.Embedding",
        lambda values, shape: {
            "num_embeddings": values["vocabulary"],
            "embedding_dim": values["width"],
        },
        covers=lambda values, shape: values["padding"] == "none",
    ),
    fields=(
        integer("vocabulary", REQUIRED, "number of different tokens, numbered from 0", high=2**20),
        integer("width", REQUIRED, "length of a token's vector"),
        integer("padding", "none", "token that pads short sequences; its vector is 0", low=0, choices=("none",)),
        choice(
            "init", "lecun_normal", "initialisation of the vectors; lecun_normal is N(0, 1), as in PyTorch", SCHEMES[1:]
        ),
    ),
    plan=lambda values, shape: plan(values, shape),
    traits=Traits(each_step=True),
    cases=(
        Case({"vocabulary": 7, "width": 3}, (5,), tokens=7),
        Case({"vocabulary": 2, "width": 17}, (1,), tokens=2),
        Case({"vocabulary": 5, "width": 4, "padding": 0}, (6,), tokens=5),
        Case({"vocabulary": 100, "width": 33, "padding": 99}, (4,), tokens=100),
    ),
    refused=(
        Refused({"vocabulary": 0, "width": 3}, (5,), "≥ 1"),
        Refused({"vocabulary": 5, "width": 0}, (5,), "≥ 1"),
        Refused({"vocabulary": 5, "width": 3, "padding": 5}, (5,), "not in a vocabulary of 5"),
        Refused({"vocabulary": 5, "width": 3, "padding": -1}, (5,), "≥ 0"),
        Refused({"vocabulary": 5, "width": 3}, (8, 1), "needs tokens (steps,)"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """Tokens (N, T) → (N, T, W) with weight (V, W): a row of W numbers for each of V tokens."""
    vocabulary, width = values["vocabulary"], values["width"]
    padding = _NONE if values["padding"] == "none" else values["padding"]
    if len(shape) != 1:
        raise InputError(f"needs tokens (steps,); the input is {shape_text(shape)}", hint="put flatten before it")
    if padding >= vocabulary:
        hint = f"use 0 … {vocabulary - 1}, or none"
        raise InputError(f"the padding token {padding} is not in a vocabulary of {vocabulary}", hint=hint)
    cost = int(np.prod(shape)) * width
    integers = {"padding": padding, "vocabulary": vocabulary}
    return Plan(
        output=(*shape, width),
        parameters={"weight": Parameter((vocabulary, width), values["init"], 1, width, decays=True)},
        forward=(Use(_forward_operation(), integers, cost=cost),),
        backward=(Use(_backward_weight_operation(), integers, cost=cost), Use(_backward_input_operation())),
    )


@cache
def _forward_operation() -> Operation:
    return Operation(
        name="look up the tokens",
        kernel=forward,
        cuda=(CudaRow(forward),),
        reads=("x", "weight"),
        writes=("y",),
        reference=_forward,
        formula="y[n,t] = weight[x[n,t]]; 0 for the padding token",
        words="Each token has its own vector in the table. Tokens used alike end up with similar vectors.",
        element=_element,
        integers=("padding",),
        torch="torch.nn.functional.embedding",
    )


@cache
def _backward_weight_operation() -> Operation:
    return Operation(
        name="gradient of the table",
        kernel=backward_weight,
        cuda=(CudaRow(backward_weight_cuda),),
        reads=("x", "dy"),
        writes=("dweight",),
        reference=_backward_weight,
        formula="dweight[v] = Σ dy[n,t] over all n, t with x[n,t] = v",
        words=(
            "Only the vectors that were looked up get a gradient: the sum over all positions where their token "
            "occurred."
        ),
        element=_weight_element,
        integers=("padding", "vocabulary"),
        torch="autograd",
    )


@cache
def _backward_input_operation() -> Operation:
    return Operation(
        name="gradient of the tokens",
        kernel=backward_input,
        cuda=(CudaRow(backward_input, once),),
        reads=("x",),
        writes=("dx",),
        reference=np.zeros_like,
        formula="dx = 0",
        words="A token's number is a label, not a quantity, so it has no gradient.",
        element=lambda at, x: as_term(0.0),
        torch="autograd gives none",
    )


def _tokens(x: Array) -> NDArray[np.int64]:
    """Numbers of the tokens; -1 stands for none."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(x) & (x > -0.5), np.floor(np.nan_to_num(x) + 0.5), -1).astype(np.int64)


def _forward(x: Array, weight: Array, padding: int) -> Array:
    tokens = _tokens(x)
    known = (tokens >= 0) & (tokens < len(weight))
    y = np.where(known[..., None], weight[np.where(known, tokens, 0)], math.nan)
    return np.where((tokens == padding)[..., None] & known[..., None], 0, y).astype(weight.dtype)


def _backward_weight(x: Array, dy: Array, padding: int, vocabulary: int) -> Array:
    dweight = np.zeros((vocabulary, dy.shape[-1]), dy.dtype)
    tokens = _tokens(x).ravel()
    seen = (tokens >= 0) & (tokens < vocabulary) & (tokens != padding)
    np.add.at(dweight, tokens[seen], dy.reshape(-1, dy.shape[-1])[seen])
    return dweight


def _element(at: tuple[int, ...], x: Named, weight: Named, padding: int) -> Term:
    token = int(_tokens(x.array)[at[:-1]])
    if not 0 <= token < weight.shape[0]:
        return as_term(math.nan)
    return as_term(0.0) if token == padding else weight[token, at[-1]]


def _weight_element(at: tuple[int, ...], x: Named, dy: Named, padding: int, vocabulary: int) -> Term:
    places = np.argwhere((_tokens(x.array) == at[0]) & (at[0] != padding))
    return total(dy[int(n), int(t), at[1]] for n, t in places)


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[m] = weight[x[m]], 0 for the padding token and NaN for no token; x (M,), weight (V, W), y (M, W)."""
    x, weight, y = flat(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    V, W = dimension(row, 1, 0), dimension(row, 1, 1)
    start, stop = share(row, part, x.size)
    for m in range(start, stop):
        target = shifted(y, m * W)
        if not (x[m] > -0.5 and x[m] < V - 0.5):
            for j in range(W):
                target[j] = math.nan
        else:
            token = int(x[m] + 0.5)
            if token == setting(row, 0):
                zero(target, W)
            else:
                copy(target, shifted(weight, token * W), W)


@kernel
def backward_weight(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[m] = weight[x[m]], so dweight[v] = Σ dy[m] over all m with x[m] = v; x (M,), dy (M, W), dweight (V, W).

    Parts are tokens, so each sum has one order.
    """
    x, dy, dweight = flat(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    V, W = dimension(row, 2, 0), dimension(row, 2, 1)
    start, stop = share(row, part, V)
    if not adds(row, 2):
        zero(shifted(dweight, start * W), (stop - start) * W)
    for m in range(x.size):
        if x[m] > start - 0.5 and x[m] < stop - 0.5:
            token = int(x[m] + 0.5)
            if token != setting(row, 0):
                add(shifted(dweight, token * W), shifted(dy, m * W), W)


@kernel
def backward_weight_cuda(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `backward_weight`: every parts-th number of dweight (V, W), each the sum over its token's places, in order."""
    x, dy, dweight = flat(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    W = dimension(row, 2, 1)
    at = part
    while at < size(row, 2):
        token = ratio(at, W)
        total = dweight[at] if adds(row, 2) else DTYPE(0.0)
        if token != setting(row, 0):
            for m in range(x.size):
                if x[m] > token - 0.5 and x[m] < token + 0.5:
                    total += dy[m * W + at - token * W]
        dweight[at] = total
        at += row[ROW_PARTS]


@kernel
def backward_input(row: Any, clock: Any, memory: Any, part: int) -> None:
    """Numbers of tokens have no gradient: dx (M,) = 0."""
    if not adds(row, 1):
        zero(pointer(row, memory, 1), size(row, 1))
