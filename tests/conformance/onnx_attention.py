"""ONNX's operators of language models: attention, rotary embeddings, a gate, and a convolution with a state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from tests.conformance.made import Arrays, Attributes, Made


def attention(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    """Keys and values of before are further keys and values; whatever keeps looks away is one mask."""
    q, k, v, mask, key, value, counts = (*x, *[None] * 7)[:7]
    heads = a.get("q_num_heads", q.shape[1]), a.get("kv_num_heads", k.shape[1])
    q, k, v, key, value, result = (_beside(one) for one in (q, k, v, key, value, y[0]))
    before = 0 if key is None else key.shape[1]
    if key is not None:
        k, v = torch.cat([key, k], 1), torch.cat([value, v], 1)
    given = {"heads": heads[0], "kv_heads": heads[1], "scale": a.get("scale")}
    causal = bool(a.get("is_causal"))
    windows = a.get("left_window_size", -1), a.get("right_window_size", -1)
    plain = counts is None and max(windows) < 0 and (mask is None or (mask.dtype == torch.bool and mask.all()))
    scores = len(names) > 3 and bool(names[3])
    if plain and not (a.get("softcap") or scores or (causal and before)) and k.shape == v.shape:
        return Made("attention", {**given, "causal": causal}, (q, k, v), result)
    kept = a.get("qk_matmul_output_mode", 0) if scores else None
    offset = before if counts is None else counts.reshape(-1, 1, 1, 1) - q.shape[1]
    told = {**given, "softcap": a.get("softcap", 0.0), "kept": kept}
    told["mask"] = _one_mask(mask, (q.shape[1], k.shape[1]), offset, counts, causal, windows)
    return Made("masked attention", told, (q, k, v), (result, y[-1]) if scores else result)


def _one_mask(
    mask: Any, size: tuple[int, int], offset: Any, counts: Any, causal: bool, windows: tuple[int, int]
) -> Any:
    """What is added to the scores: the mask, no look at later keys, none out of a window, none at keys not there.

    Args:
        size: how many queries and keys there are.
        offset: how many keys there are in front of the first query's own.
        counts: how many keys each row has.
        windows: how far a look goes back and ahead; -1: as far as there are keys.
    """
    steps, keys = size
    apart = torch.arange(steps)[:, None] + offset - torch.arange(keys)  # how far back a key is
    seen = torch.ones_like(apart, dtype=torch.bool)
    seen = seen & (apart >= 0) if causal else seen
    seen = seen & (apart <= windows[0]) if windows[0] >= 0 else seen
    seen = seen & (-apart <= windows[1]) if windows[1] >= 0 else seen
    if counts is not None:
        seen = seen & (torch.arange(keys) < counts.reshape(-1, 1, 1, 1))
    added = torch.zeros(seen.shape).masked_fill(~seen, -torch.inf)
    if mask is None:
        return added
    if mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
    return added + torch.nn.functional.pad(mask, (0, keys - mask.shape[-1]), value=-torch.inf)


def _beside(heads: Any) -> Any:
    """(N, heads, T, depth) → (N, T, heads · depth)."""
    return heads if heads is None or heads.dim() == 3 else heads.transpose(1, 2).flatten(2)


def swiglu(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    """A gate whose halves are two inputs."""
    return Made("swiglu", {"alpha": a.get("alpha", 1.0)}, (x[0], x[1]), y[0])


def causal_convolution(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    """A convolution over a state and the sequence behind it."""
    bias, state = (*x[2:], None, None)[:2]
    return Made("causal convolution", {"activation": a.get("activation", "none")}, (x[0], x[1], bias, state), y[0])


def rotary_embedding(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    """(N, T, heads, depth), with a cosine and a sine for each place and half of the numbers that are turned."""
    told, cosines, sines, places = (*x, None)[:4]
    heads = a.get("num_heads", 0)

    def inward(one: Any) -> Any:
        return one.reshape(*one.shape[:2], heads, -1) if one.dim() == 3 else one.transpose(1, 2)

    if places is not None:
        cosines, sines = cosines[places.long()], sines[places.long()]
    given = {"interleaved": bool(a.get("interleaved", 0)), "rotary": a.get("rotary_embedding_dim", 0)}
    return Made("rotary", given, (inward(told), cosines[:, :, None], sines[:, :, None]), inward(y[0]))
