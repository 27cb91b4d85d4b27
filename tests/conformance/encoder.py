"""Blocks of a transformer's encoder as layers of ours, and where PyTorch has their parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from tests.conformance.question import CannotExpressError, Question
from tests.records import layer_named


@dataclass(frozen=True)
class Blocks:
    """Layers of one or several blocks.

    Attributes:
        layers: in order, the first at position 1.
        names: by our path, what PyTorch's parameters begin with.
        first: the batch stands in front.
    """

    layers: list[Any]
    names: dict[str, str]
    first: bool


def blocks_of(question: Question) -> Blocks:
    """The blocks that a call of an encoder, or of one of its layers, amounts to.

    Raises:
        CannotExpressError: masks that come with the data.
    """
    given = question.arguments
    padding = [one for name, one in given.items() if name.startswith("forward") and "padding" in name and one.any()]
    masks = [one for name, one in given.items() if name.startswith("forward") and "padding" not in name]
    masks = [one for one in masks if torch.is_tensor(one) and one.any()]
    causal = bool(masks) and all(torch.equal(one, _later(len(one))) for one in masks)
    if padding or (masks and not causal):
        raise CannotExpressError("a mask that comes with the data")
    if "encoder_layer" not in given:
        names: dict[str, str] = {}
        layers = _block(given, 1, "", names, causal=causal)
        return Blocks(layers, names, bool(given.get("batch_first")))
    if given.get("norm") is not None:
        raise CannotExpressError("a norm behind all blocks")
    block, layers, names = given["encoder_layer"], [], {}
    told = {
        "nhead": block.self_attn.num_heads,
        "dim_feedforward": block.linear1.out_features,
        "norm_first": block.norm_first,
        "bias": block.linear1.bias is not None,
        "layer_norm_eps": block.norm1.eps,
        "d_model": block.linear1.in_features,
    }
    for number in range(given["num_layers"]):
        layers += _block(told, 1 + len(layers), f"layers.{number}.", names, causal=causal)
    return Blocks(layers, names, bool(block.self_attn.batch_first))


def _later(steps: int) -> Any:
    return torch.ones(steps, steps, dtype=torch.bool).triu(1)


def _block(given: Any, first: int, prefix: str, names: dict[str, str], *, causal: bool) -> list[Any]:
    """Layers at positions from `first` on; their names are added to `names`."""
    bias, wide = given.get("bias", True), given["d_model"]

    def norm() -> Any:
        return layer_named("layer_norm", eps=given.get("layer_norm_eps", 1e-5), bias=bias)

    def beside(*layers: Any) -> Any:
        return layer_named("sum", [layer_named("identity")], list(layers))

    looks = layer_named("multi_head_self_attention", heads=given["nhead"], causal=causal, bias=bias)
    inner = layer_named("linear", given.get("dim_feedforward", 2048), bias=bias)
    thinks = inner, layer_named("relu"), layer_named("linear", wide, bias=bias)
    if given.get("norm_first"):
        paths = (f"{first}.1.0", f"{first}.1.1", f"{first + 1}.1.0", f"{first + 1}.1.1", f"{first + 1}.1.3")
        order = ("norm1.", "self_attn.", "norm2.", "linear1.", "linear2.")
        layers = [beside(norm(), looks), beside(norm(), *thinks)]
    else:
        paths = (f"{first}.1.0", f"{first + 1}", f"{first + 2}.1.0", f"{first + 2}.1.2", f"{first + 3}")
        order = ("self_attn.", "norm1.", "linear1.", "linear2.", "norm2.")
        layers = [beside(looks), norm(), beside(*thinks), norm()]
    names |= {path: prefix + name for path, name in zip(paths, order, strict=True)}
    return layers
