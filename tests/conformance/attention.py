"""Attention that is told its queries, keys and values: cross-attention whose maps pass them on as they are.

Keys and values stand side by side in the second branch. The map of the queries scales them, where the scores have
another scale than one over the root of a head's depth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.conformance.question import CannotExpressError
from tests.records import Bench, Trial, layer_named


def attend(q: Any, k: Any, v: Any, heads: int, kv_heads: int, *, causal: bool, scale: float | None) -> Any:
    """Of queries (N, T, E), keys and values (N, S, K) the answer (N, T, E).

    Raises:
        CannotExpressError: values have another depth than keys.
    """
    if k.shape != v.shape or q.shape[-1] // heads != k.shape[-1] // kv_heads:
        raise CannotExpressError("values of another depth than the keys")
    given = q, torch.cat([k, v], -1)
    branches = [_branch(one) for one in given]
    settings = {"heads": heads, "kv_heads": kv_heads, "causal": causal, "bias": False}
    tested = layer_named("multi_head_cross_attention", *branches, **settings)
    bench = Bench(Trial((layer_named("linear", 1, name="front"), tested), (1,), len(q)), "float32")
    depth = q.shape[-1] // heads
    factor = 1.0 if scale is None else scale * depth**0.5
    for name, size in (("weight_q", factor), ("weight_kv", 1.0), ("weight_out", 1.0)):
        matrix = bench.machine.view(bench.tape.parameters[f"1.{name}"])
        matrix[...] = size * np.eye(len(matrix))
    return _answered(bench, given)


def _branch(x: Any) -> list[Any]:
    """Layers whose output has the shape of x, to be written over."""
    steps, wide = x.shape[1:]
    return [layer_named("linear", steps * wide), layer_named("reshape", (steps, wide)), layer_named("identity")]


def _answered(bench: Bench, given: tuple[Any, ...]) -> Any:
    rows, view, find = bench.table.rows, bench.machine.view, bench.tape.layout.find
    own = next(k for k, row in enumerate(rows) if row.path == "1")
    bench.run(own)
    for slot, x in zip(_read(rows, own), given, strict=True):
        view(slot, bench.n)[...] = x.detach().numpy()
    bench.run(bench.count("data", "forward"), own)
    return torch.tensor(view(find("1.output"), bench.n))


def _read(rows: Any, own: int) -> list[Any]:
    """The slots of both branches, which the first rows of the layer read."""
    maps = [row for row in rows[own:] if row.path == "1" and row.phase == "forward"][:2]
    return [row.reads[0] for row in maps]
