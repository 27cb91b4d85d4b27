"""Calls that several layers make up: each layer is asked for itself, with what the one before has answered.

Between two of them only axes are moved, cut and put side by side. Forwards alone: gradients are compared where a
record has the whole call for its twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from tests.records import Bench, Trial, layer_named


def run(kind: str, *inputs: Any, tensors: Mapping[str, Any] | None = None, **values: Any) -> Any:
    """What a layer answers to inputs (N, …), one for each of its branches.

    Args:
        kind: its record's name.
        tensors: parameters by our name, in our shape; learned scales and shifts that are left out are 1 and 0.
        values: of its fields.
    """
    given = [one.detach().float() for one in inputs]
    if kind == "embedding":
        return _embedded(given[0], tensors or {}, values)
    bench, slots = _behind_linear(kind, given[0], values) if len(given) == 1 else _branches(kind, given, values)
    view = bench.machine.view
    for name, slot in bench.tape.parameters.items():
        path, _, own = name.rpartition(".")
        if path == "1":
            neutral = float(own == "weight")
            view(slot)[...] = tensors[own].detach().numpy() if tensors and own in tensors else neutral
    own = next((k for k, row in enumerate(bench.table.rows) if row.path == "1"), bench.count("data", "forward"))
    bench.run(own)
    for slot, one in zip(slots, given, strict=True):
        view(slot, bench.n)[...] = one.numpy()
    bench.run(bench.count("data", "forward"), own)
    return torch.tensor(view(bench.tape.layout.find("1.output"), bench.n).copy())


def _behind_linear(kind: str, x: Any, values: Mapping[str, Any]) -> tuple[Bench, list[Any]]:
    front = layer_named("linear", x.shape[-1], name="front")
    bench = Bench(Trial((front, layer_named(kind, **values)), tuple(x.shape[1:]), len(x)), "float32")
    return bench, [bench.tape.layout.find("front.output")]


def _embedded(tokens: Any, tensors: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    trial = Trial((layer_named("embedding", **values),), tuple(tokens.shape[1:]), len(tokens), tokens=2)
    bench = Bench(trial, "float32")
    view, named, forward = bench.machine.view, bench.tape.named, bench.count("data", "forward")
    view(bench.tape.parameters["0.weight"])[...] = tensors["weight"].detach().numpy()
    first = next(k for k, row in enumerate(bench.table.rows) if row.path == "0")
    bench.run(first)
    view(named["input"], bench.n)[...] = tokens.numpy()
    bench.run(forward, first)
    return torch.tensor(view(named["output"], bench.n).copy())


def _branches(kind: str, given: list[Any], values: Mapping[str, Any]) -> tuple[Bench, list[Any]]:
    tested = layer_named(kind, *(branch_of(one) for one in given), **values)
    bench = Bench(Trial((layer_named("linear", 1, name="front"), tested), (1,), len(given[0])), "float32")
    rows = [row for row in bench.table.rows if row.path == "1" and row.phase == "forward"]
    return bench, [_read_by(rows, k) for k in range(len(given))]


def _read_by(rows: list[Any], branch: int) -> Any:
    """The slot of a branch: what a row reads as its x with that number, or as the only one that it has."""
    for name in (f"x{branch}", "x"):
        for row in rows:
            if name in row.operation.reads:
                return row.reads[row.operation.reads.index(name)]
    raise KeyError(f"branch {branch}")


def branch_of(x: Any) -> list[Any]:
    """Layers whose output has the shape of x, to be written over."""
    shape = tuple(int(size) for size in x.shape[1:])
    return [layer_named("linear", int(np.prod(shape))), layer_named("reshape", shape), layer_named("identity")]


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x (N, …, in) times a weight (out, in) in PyTorch's layout."""
    tensors = {"weight": weight.T, **({} if bias is None else {"bias": bias})}
    return run("linear", x, tensors=tensors, units=int(weight.shape[0]), bias=bias is not None)


def layer_norm(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """x (N, …, C) normalised along its last axis."""
    named = {"weight": weight, "bias": bias}
    return run("layer_norm", x, tensors={k: v for k, v in named.items() if v is not None}, eps=eps)
