"""The one place where PyTorch's layout becomes ours: channels last, a batch in front, every row by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from nnplay.records.twin import Twin
from tests.conformance.question import CannotExpressError


@dataclass(frozen=True)
class Layout:
    """How the tensors of one call are turned.

    Attributes:
        inward: an input of PyTorch's as ours, (N, …, C).
        outward: the gradient of an input, and an output, as PyTorch's.
        arguments: PyTorch's arguments for our layout.
        result: what PyTorch's call returns as a `Twin` expects it.
        output: our output as that.
    """

    inward: Callable[[Any], Any]
    outward: Callable[[Any], Any]
    arguments: Mapping[str, Any]
    result: Callable[[Any], Any] = lambda result: result
    output: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class LastState:
    """Of a sequence of states (N, T, C) only the last one (N, C) is known, in the order of reading."""

    state: Any
    direction: str = "forward"

    def of(self, states: Any) -> Any:
        """The same of other states; of both directions each has half of the channels."""
        half = {"forward": states.shape[2], "backward": 0}.get(self.direction, states.shape[2] // 2)
        return torch.cat([states[:, -1, :half], states[:, 0, half:]], 1)


def layout_for(twin: Twin, path: str, arguments: Mapping[str, Any], x: Any) -> Layout:
    """The layout for a call on `x`; it depends on the twin, and on the arguments that name axes."""
    if path == "nn.GLU":
        arguments = {"dim": -1, **arguments}
    if "dim" in arguments and not twin.listed and isinstance(arguments["dim"], int):
        return _along(arguments["dim"], arguments, x)
    if "normalized_shape" in arguments:
        return _normalised(arguments, x)
    if twin.channels_first:
        return _channels_first(path, arguments, x)
    if "batch_first" in arguments:
        return _steps(arguments, x)
    if path in ("nn.Linear", "nn.Embedding", "nn.Unflatten", "nn.Flatten", "permute"):
        return _with_batch(arguments, x)
    return _beside(arguments) if twin.listed else _each(arguments, x)


def _beside(arguments: Mapping[str, Any]) -> Layout:
    """Branches that are put beside each other along an axis, which is moved to the end."""
    dim = arguments.get("dim", 0)
    return Layout(lambda one: _batched(one.movedim(dim, -1)), lambda y: y.movedim(-1, dim), {"dim": -1})


def _batched(x: Any, rank: int = 2) -> Any:
    """x with axes of one row in front, up to a rank."""
    return x.reshape(*(1,) * max(0, rank - x.dim()), *x.shape)


def _with_batch(arguments: Mapping[str, Any], x: Any) -> Layout:
    lacking = max(0, 2 - x.dim())
    return Layout(_batched, lambda y: y.reshape(y.shape[lacking:]), arguments)


def _each(arguments: Mapping[str, Any], x: Any) -> Layout:
    """Number by number: everything but the first axis is one."""
    shape = x.shape
    rows = shape[0] if x.dim() > 1 else 1
    return Layout(lambda one: one.reshape(rows, -1), lambda y: y.reshape(shape), arguments)


def _along(dim: int, arguments: Mapping[str, Any], x: Any) -> Layout:
    """An axis that is named is moved to the end; all others are rows."""
    if x.dim() == 0:
        return Layout(lambda one: one.reshape(1, 1), lambda y: y.reshape(()), {**arguments, "dim": -1})
    rest = x.movedim(dim, -1).shape[:-1]

    def outward(y: Any) -> Any:
        return y.reshape(*rest, y.shape[-1]).movedim(-1, dim)

    return Layout(lambda one: one.movedim(dim, -1).reshape(prod(rest), -1), outward, {**arguments, "dim": -1})


def _normalised(arguments: Mapping[str, Any], x: Any) -> Layout:
    """The last axes, which are normalised as one, are one."""
    shape = arguments["normalized_shape"]
    axes = 1 if isinstance(shape, int) else len(shape)
    whole, count = x.shape, prod(x.shape[x.dim() - axes :])
    rows = x.shape[: x.dim() - axes] if x.dim() > axes else (1,)
    return Layout(
        lambda one: one.reshape(*rows, count), lambda y: y.reshape(whole), {**arguments, "normalized_shape": (count,)}
    )


def _channels_first(path: str, arguments: Mapping[str, Any], x: Any) -> Layout:
    """(N, C, …) → (N, …, C); without a batch, (C, …)."""
    found = re.search(r"(\d)d$", path)
    axes = int(found[1]) if found is not None else len(arguments.get("pad", ())) // 2
    single = axes > 0 and not re.search("BatchNorm", path) and x.dim() == axes + 1

    def inward(one: Any) -> Any:
        one = one[None] if single else _batched(one)
        return one.movedim(1, -1)

    def outward(y: Any) -> Any:
        y = y.movedim(-1, 1)
        return y[0] if single else y.reshape(y.shape[max(0, 2 - x.dim()) :])

    return Layout(inward, outward, arguments)


def _steps(arguments: Mapping[str, Any], x: Any) -> Layout:
    """Sequences have the batch in front, (N, T, C)."""
    first = bool(arguments.get("batch_first"))
    if x.dim() not in (2, 3):
        raise CannotExpressError("an input that is no sequence")

    def turn(one: Any) -> Any:
        return one[None] if one.dim() == 2 else one if first else one.transpose(0, 1)

    def back(y: Any) -> Any:
        return y[0] if x.dim() == 2 else y if first else y.transpose(0, 1)

    def result(given: Any) -> Any:
        return given if isinstance(given, LastState) else (turn(given[0]), *given[1:])

    return Layout(turn, back, {**arguments, "batch_first": True}, result, lambda y: y)
