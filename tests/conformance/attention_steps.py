"""Attention with masks that come with the data, of layers one by one: products, a sum with the mask, a softmax."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from tests.conformance.layer_by_layer import linear, run
from tests.conformance.question import CannotExpressError


def attend_masked(
    q: Any, k: Any, v: Any, heads: int, kv_heads: int, *, scale: float | None, mask: Any = None, softcap: float = 0.0
) -> tuple[Any, list[Any]]:
    """Of queries (N, T, E), keys (N, S, K) and values (N, S, V) the answer (N, T, …), and its scores (N, heads, T, S).

    Args:
        heads, kv_heads: of the queries, and of keys and values.
        scale: of the scores; None: one over the root of a head's depth.
        mask: (T, S), or with heads, or with rows and heads in front: added to the scores, or false where no look goes.
        softcap: scores are bent to stay below it; 0: they are not.

    Returns:
        The answer, and the scores as ONNX counts them: in front of the mask (twice), with it, and as shares.

    Raises:
        CannotExpressError: a query whose mask leaves it no key.
    """
    rows = len(q)
    q, k, v = _apart(q, heads), _apart(k, kv_heads), _apart(v, kv_heads)
    k, v = (_repeated(one, rows, heads // kv_heads) for one in (k, v))
    factor = q.shape[-1] ** -0.5 if scale is None else scale
    plain = run("matmul", run("scale", q, factor=factor), k, transpose=True)
    if softcap:
        plain = run("scale", run("tanh", run("scale", plain, factor=1 / softcap)), factor=softcap)
    masked = plain if mask is None else run("sum", plain, _added(mask, rows, heads, plain))
    shares = run("softmax", masked)
    answer = run("matmul", shares, v)
    scores = [one.reshape(rows, heads, *one.shape[1:]) for one in (plain, plain, masked, shares)]
    return answer.reshape(rows, heads, *answer.shape[1:]).transpose(1, 2).flatten(2), scores


def _apart(x: Any, heads: int) -> Any:
    """(N, T, heads · depth) → (N · heads, T, depth): each head is a row."""
    parts = x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)
    return parts.reshape(-1, *parts.shape[2:])


def _repeated(x: Any, rows: int, times: int) -> Any:
    """Keys or values (N · kv_heads, S, depth) for each head that shares them."""
    return x.reshape(rows, -1, *x.shape[1:]).repeat_interleave(times, 1).flatten(0, 1)


def _added(mask: Any, rows: int, heads: int, scores: Any) -> Any:
    """What a mask adds to scores (N · heads, T, S)."""
    if mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
    spread = mask.float().expand(rows, heads, *scores.shape[1:])
    if spread.isneginf().all(-1).any():
        raise CannotExpressError("queries whose mask leaves no key")
    return spread.reshape(scores.shape)


def multi_head(
    tensors: Mapping[str, Any], heads: int, q: Any, k: Any, v: Any, mask: Any = None, padding: Any = None, *,
    zero: bool = False,
) -> Any:  # fmt: skip
    """What PyTorch's `MultiheadAttention` answers; q (N, T, E), k and v (N, S, …).

    Args:
        tensors: its parameters by PyTorch's names.
        mask: (T, S) or (N · heads, T, S): added, or true where no look goes.
        padding: (N, S), the same for keys.
        zero: a key and a value of zeros stand behind all others.
    """
    asked = linear(q, *_map_in(tensors, 0))
    k, v = (linear(one, *_map_in(tensors, at)) for at, one in ((1, k), (2, v)))
    extra = [tuple(tensors[name].expand(len(k), 1, -1) for name in ("bias_k", "bias_v"))] if "bias_k" in tensors else []
    extra += [(torch.zeros(len(k), 1, k.shape[2]),) * 2] if zero else []
    for key, value in extra:
        k, v = torch.cat([k, key], 1), torch.cat([v, value], 1)
    masks = [one for one in (mask, None if padding is None else padding[:, None, None]) if one is not None]
    biases = [_bias(torch.nn.functional.pad(one, (0, len(extra))), len(q), heads) for one in masks]
    together = sum(biases[1:], biases[0]) if biases else None
    answer, _ = attend_masked(asked, k, v, heads, heads, scale=None, mask=together)
    return linear(answer, tensors["out_proj.weight"], tensors.get("out_proj.bias"))


def _map_in(tensors: Mapping[str, Any], at: int) -> tuple[Any, Any]:
    """Weight and bias of the map of queries, keys or values."""
    bias = tensors.get("in_proj_bias")
    own = None if bias is None else bias.chunk(3)[at]
    if tensors.get("in_proj_weight") is not None:
        return tensors["in_proj_weight"].chunk(3)[at], own
    return tensors[("q_proj_weight", "k_proj_weight", "v_proj_weight")[at]], own


def _bias(mask: Any, rows: int, heads: int) -> Any:
    """PyTorch's mask, true where no look goes, as what is added, with rows and heads in front."""
    if mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape).masked_fill(mask, -torch.inf)
    return mask.reshape(rows, heads, *mask.shape[1:]) if mask.dim() == 3 else mask
