"""Borders, sizes, windows and channels that a few layers make up, axis by axis or one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod
from typing import Any

import torch

from tests.conformance.layer_by_layer import linear, run
from tests.conformance.question import CannotExpressError, Question

Compared = Iterator[tuple[str, Any, Any]]


def along(x: Any, axis: int, kind: str, **values: Any) -> Any:
    """A layer for sequences along one axis of x (N, …, C): what is in front are rows, what is behind are channels."""
    front, behind = x.shape[:axis], x.shape[axis + 1 :]
    y = run(kind, x.reshape(prod(front), x.shape[axis], prod(behind)), **values)
    return y.reshape(*front, y.shape[1], *behind)


def channels_last(x: Any, axes: int) -> tuple[Any, bool]:
    """(N, C, …) → (N, …, C), with a row in front where there is none; and whether there was none."""
    single = x.dim() == axes + 1
    return (x[None] if single else x).movedim(1, -1), single


def channels_first(y: Any, single: bool) -> Any:
    """The way back."""
    return y.movedim(-1, 1)[0] if single else y.movedim(-1, 1)


def pad(question: Question) -> Compared:
    """A border along each axis, where it is wanted; then what is to be cut off."""
    given = question.arguments
    ends = given["pad"]
    if question.inputs[0].dim() < len(ends) // 2 + 1 or question.inputs[0].dim() < 2:
        raise CannotExpressError("a border around what has no channels")
    y, single = channels_last(question.inputs[0], len(ends) // 2)
    settings = {"mode": given.get("mode", "constant")} | ({"value": given["value"]} if given.get("value") else {})
    y = bordered(y, [(ends[k], ends[k + 1]) for k in range(len(ends) - 2, -1, -2)], **settings)
    yield "output", channels_first(y, single), question.result()


def bordered(y: Any, borders: Sequence[tuple[int, int]], **settings: Any) -> Any:
    """y (N, …, C) with a border along the last axes in front of the channels; what is negative is cut off."""
    for axis, (before, after) in enumerate(borders, y.dim() - 1 - len(borders)):
        more, less = (max(0, before), max(0, after)), (max(0, -before), max(0, -after))
        first = settings.get("mode") == "circular"  # what is cut off is not wrapped around
        y = along(y, axis, "crop", border=(less,)) if any(less) and first else y
        y = along(y, axis, "pad", border=(more,), **settings) if any(more) else y
        y = along(y, axis, "crop", border=(less,)) if any(less) and not first else y
    return y


def resize(question: Question) -> Compared:
    """Another size along each axis in turn."""
    given, x = question.arguments, question.inputs[0]
    mode = {"nearest": "nearest", "nearest-exact": "nearest_exact", "bicubic": "bicubic"}.get(given["mode"], "bilinear")
    axes = x.dim() - 2
    y = x.movedim(1, -1)
    settings = {"mode": mode, "align_corners": bool(given.get("align_corners"))}
    settings["antialias"] = bool(given.get("antialias"))
    for axis in range(axes):
        size, scale = (_along_axis(given.get(name), axis) for name in ("size", "scale_factor"))
        y = along(y, 1 + axis, "resize", **settings, **({"scale": scale} if size is None else {"size": int(size)}))
    yield "output", y.movedim(-1, 1), question.result()


def _along_axis(value: Any, axis: int) -> Any:
    return value[axis] if isinstance(value, Sequence) else value


# -- windows -----------------------------------------------------------------------------------------------------------


def _sizes(value: Any, axes: int) -> tuple[int, ...]:
    parts = tuple(value) if isinstance(value, Sequence) else (value,)
    return parts * axes if len(parts) == 1 else parts


def _mean(y: Any, given: Any, axes: int) -> tuple[Any, int]:
    """The mean of each window, where what the border holds is 0 and counts; and how many numbers a window has."""
    kernel = _sizes(given["kernel_size"], axes)
    stride = _sizes(given.get("stride") or kernel, axes)
    padding: Any = given.get("padding", 0)
    kind, windows = f"avg_pool{axes}d", {"kernel": kernel, "stride": stride, "dilation": given.get("dilation", 1)}
    if not given.get("ceil_mode"):
        inside = {"padding": padding, "count_include_pad": True}
        return run(kind, y, **windows, **inside), prod(kernel)
    padding = _sizes(padding, axes)
    borders = []
    for size, k, s, p in zip(y.shape[1:-1], kernel, stride, padding, strict=True):
        count, rest = divmod(size + 2 * p - k, s)
        more = bool(rest and (count + 1) * s < size + p)
        borders.append((p, max(0, (count + more) * s + k - size - p)))
    return run(kind, bordered(y, borders, mode="constant"), **windows), prod(kernel)


def average(question: Question) -> Compared:
    """Sums of windows over a number that is given: means, scaled."""
    given, axes = question.arguments, int(question.path[-2])
    y, single = channels_last(question.inputs[0], axes)
    pooled, count = _mean(y, given, axes)
    if not given.get("divisor_override"):
        raise CannotExpressError("these settings have no twin")
    scaled = run("scale", pooled, factor=count / given["divisor_override"])
    yield "output", channels_first(scaled, single), question.result()


def power_mean(question: Question) -> Compared:
    """LPPool: a power, means of windows, how many there are in one, and the root."""
    given, axes = question.arguments, int(question.path[-2])
    y, single = channels_last(question.inputs[0], axes)
    p = float(given["norm_type"])
    powers = {1.5: "x*sqrt(x)"}
    raised = run("expr", y, formula=powers.get(p) or f"{'abs(x)' if p % 2 else 'x'}**{int(p)}")
    pooled, count = _mean(raised, given, axes)
    formula = f"sqrt({count}*x)" if p == 2 else f"exp(log({count}*x)/{p})"
    yield "output", channels_first(run("expr", pooled, formula=formula), single), question.result()


# -- channels ----------------------------------------------------------------------------------------------------------


def regrouped(y: Any, groups: int) -> Any:
    """Channels (groups, rest) of y (N, …, C) as (rest, groups)."""
    places, channels = y.shape[1:-1], y.shape[-1]
    parts = run("reshape", y.reshape(len(y), prod(places), channels), shape=(prod(places), groups, channels // groups))
    turned = run("permute", parts, order=(1, 3, 2))
    return run("reshape", turned, shape=(prod(places), channels)).reshape(y.shape)


def shuffle(question: Question) -> Compared:
    """Channels of all groups in turn."""
    y, single = channels_last(question.inputs[0], question.inputs[0].dim() - 2)
    groups = question.arguments.get("groups") or next(iter(question.arguments.values()))
    yield "output", channels_first(regrouped(y, groups), single), question.result()


def depth_first(question: Question) -> Compared:
    """Blocks of pixels whose channels stand together, as ONNX has them by default."""
    given, y = question.arguments, question.inputs[0].movedim(1, -1)
    if "upscale_factor" in given:
        block = given["upscale_factor"]
        y = run("pixel_shuffle", regrouped(y, block * block), factor=block)
    else:
        block = given["downscale_factor"]
        unshuffled = run("pixel_unshuffle", y, factor=block)
        y = regrouped(unshuffled, unshuffled.shape[-1] // (block * block))
    yield "output", y.movedim(-1, 1), question.result()


# -- sums and products -------------------------------------------------------------------------------------------------


def bilinear(question: Question) -> Compared:
    """A linear map of the first input into matrices, which the second is multiplied with."""
    given, tensors = question.arguments, question.tensors
    one, other = (question.inputs[0], given.get("argument 1", question.inputs[-1]))
    weight = tensors.get("weight", given.get("argument 2"))
    bias = tensors.get("bias", given.get("argument 3"))
    places = one.shape[:-1]
    one, other = (x.reshape(-1, x.shape[-1]) for x in (one, other))
    out, inner, outer = weight.shape
    matrices = linear(one, weight.transpose(1, 2).reshape(out * outer, inner))
    product = run("matmul", run("reshape", matrices, shape=(out, outer)), other[..., None])[..., 0]
    y = product if bias is None else linear(product, torch.eye(out), bias)
    yield "output", y.reshape(*places, out), question.result()


def normalize(question: Question) -> Compared:
    """Every row times one over its norm: powers, their mean, the root, and a product."""
    given, dim = question.arguments, question.arguments.get("dim", 1)
    rows = (question.inputs[0] if question.inputs[0].dim() else question.inputs[0][None]).movedim(dim, -1)
    x = rows.reshape(-1, rows.shape[-1], 1)
    p, count = float(given.get("p", 2.0)), x.shape[1]
    powers = {0.5: "sqrt(abs(x))", 0.0: "abs(sign(x))", float("inf"): "abs(x)"}
    raised = run("expr", x, formula=powers.get(p) or (f"abs(x)**{int(p)}" if p % 1 == 0 else f"exp({p}*log(abs(x)))"))
    if p == float("inf"):
        norm, root = run("global_max_pool", raised), "x"
    else:
        norm = run("global_avg_pool", raised)
        root = f"{count}*x" if p == 0 else f"exp(log({count}*x)/{p})"
    y = run("product", x, run("expr", norm, formula=f"1/max({given.get('eps', 1e-12):.12f}, {root})"))
    yield "output", y.reshape(rows.shape).movedim(-1, dim), question.result().reshape(rows.movedim(-1, dim).shape)


def bag(question: Question) -> Compared:
    """Embeddings of bags of tokens, and their sum, mean or largest: each bag is asked for itself."""
    given, table = question.arguments, question.inputs[0]
    tokens, offsets, skipped = given["weight"], given.get("offsets"), given.get("padding_idx")
    weights, mode = given.get("per_sample_weights"), given.get("mode", "mean")
    if given.get("max_norm") is not None:
        raise CannotExpressError("vectors that are shortened when they are read")
    if offsets is not None:
        ends = [*offsets.tolist(), len(tokens)][: len(offsets) + 1]
        parts = [slice(*both) for both in pairwise(ends)]
        bags, shares = [tokens[part] for part in parts], [None if weights is None else weights[part] for part in parts]
    else:
        bags, shares = list(tokens), list(weights) if weights is not None else [None] * len(tokens)
    found = [_one_bag(table, one, share, mode, skipped) for one, share in zip(bags, shares, strict=True)]
    yield "output", torch.cat(found), question.result()


def _one_bag(table: Any, tokens: Any, share: Any, mode: str, skipped: Any) -> Any:
    kept = torch.ones_like(tokens, dtype=torch.bool) if skipped is None else tokens != skipped % len(table)
    tokens, share = tokens[kept], None if share is None else share[kept]
    if not len(tokens):
        raise CannotExpressError("a bag without tokens")
    vectors = run("embedding", tokens[None], tensors={"weight": table}, vocabulary=len(table), width=table.shape[1])
    if share is not None:
        return run("matmul", share[None, None], vectors)[0]
    if mode == "max":
        return run("global_max_pool", vectors)
    mean = run("global_avg_pool", vectors)
    return run("scale", mean, factor=float(len(tokens))) if mode == "sum" else mean


def causal_convolution(question: Question) -> Compared:
    """ONNX's: a convolution of each channel over the state and the sequence behind it, and a SiLU."""
    given, (x, weight, bias, state) = question.arguments, question.inputs
    before = torch.zeros(*x.shape[:2], weight.shape[2] - 1) if state is None else state
    told = torch.cat([before, x], 2).transpose(1, 2)
    channels = x.shape[1]
    tensors = {"weight": weight.permute(2, 1, 0), **({} if bias is None else {"bias": bias})}
    settings = {"filters": channels, "kernel": weight.shape[2], "groups": channels, "bias": bias is not None}
    y = run("conv1d", told, tensors=tensors, padding=0, **settings)
    y = run("silu", y) if given["activation"] in ("silu", "swish") else y
    yield "output", y.transpose(1, 2), question.result()


def rotary(question: Question) -> Compared:
    """ONNX's: halves of each head turned by cosines and sines that come with the data: products, and a sum."""
    x, cosines, sines = question.inputs
    given = question.arguments
    wide = given["rotary"] or x.shape[-1]
    turning, rest = x[..., :wide], x[..., wide:]
    one, other = (turning[..., 0::2], turning[..., 1::2]) if given["interleaved"] else turning.chunk(2, -1)
    rows = len(x)

    def times(a: Any, b: Any) -> Any:
        return run("product", a.reshape(rows, -1), b.expand(a.shape).reshape(rows, -1)).reshape(a.shape)

    def joined(kind: str, a: Any, b: Any) -> Any:
        return run(kind, a.reshape(rows, -1), b.reshape(rows, -1)).reshape(a.shape)

    real = joined("difference", times(one, cosines), times(other, sines))
    imaginary = joined("sum", times(one, sines), times(other, cosines))
    turned = (
        torch.stack([real, imaginary], -1).flatten(-2) if given["interleaved"] else torch.cat([real, imaginary], -1)
    )
    yield "output", torch.cat([turned, rest], -1), question.result()
