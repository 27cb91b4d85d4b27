"""PyTorch's transformers layer by layer: where masks come with the data, and where there is a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.attention_steps import multi_head
from tests.conformance.layer_by_layer import layer_norm, linear, run
from tests.conformance.question import Question

Tensors = Mapping[str, Any]
Compared = Iterator[tuple[str, Any, Any]]


@dataclass(frozen=True)
class Kind:
    """What all blocks of a transformer share."""

    heads: int
    eps: float = 1e-5
    norm_first: bool = False


def attention(question: Question) -> Compared:
    """`MultiheadAttention` itself."""
    given, first = question.arguments, bool(question.arguments.get("batch_first"))
    q, k, v = (_inward(one, first) for one in question.inputs[:3])
    answer = multi_head(
        _present(question.tensors), given["num_heads"], q, k, v, _mask(given, "attn_mask"),
        _padding(given, "key_padding_mask"), zero=bool(given.get("add_zero_attn")),
    )  # fmt: skip
    yield "output", _outward(answer, question.inputs[0], first), question.result()[0]


def encoder(question: Question) -> Compared:
    """An encoder, or one of its layers."""
    given, tensors, x = question.arguments, _present(question.tensors), question.inputs[0]
    kind, first = _kind(given), _batch_first(given)
    mask, padding = _mask(given, "mask", "src_mask"), _padding(given, "src_key_padding_mask")
    y = _inward(x, first)
    for own in _blocks(tensors):
        y = _encode(own, kind, y, mask, padding)
    y = _behind(tensors, "norm.", y, kind) if given.get("norm") is not None else y
    yield "output", _outward(y, x, first), question.result()


def decoder_layer(question: Question) -> Compared:
    """One layer of a decoder."""
    given, tensors, x = question.arguments, _present(question.tensors), question.inputs[0]
    kind, first = _kind(given), _batch_first(given)
    y, memory = (_inward(one, first) for one in question.inputs[:2])
    masks = [_mask(given, "tgt_mask"), _padding(given, "tgt_key_padding_mask")]
    more = [_mask(given, "memory_mask"), _padding(given, "memory_key_padding_mask")]
    yield "output", _outward(_decode(tensors, kind, y, memory, masks, more), x, first), question.result()


def transformer(question: Question) -> Compared:
    """Encoder and decoder."""
    given, tensors = question.arguments, _present(question.tensors)
    kind, first = _kind(given), _batch_first(given)
    memory, y = (_inward(one, first) for one in question.inputs[:2])
    for own in _blocks(_below(tensors, "encoder.")):
        memory = _encode(own, kind, memory, _mask(given, "src_mask"), _padding(given, "src_key_padding_mask"))
    memory = _behind(tensors, "encoder.norm.", memory, kind)
    masks = [_mask(given, "tgt_mask"), _padding(given, "tgt_key_padding_mask")]
    more = [_mask(given, "memory_mask"), _padding(given, "memory_key_padding_mask")]
    for own in _blocks(_below(tensors, "decoder.")):
        y = _decode(own, kind, y, memory, masks, more)
    y = _behind(tensors, "decoder.norm.", y, kind)
    yield "output", _outward(y, question.inputs[1], first), question.result()


# -- blocks ------------------------------------------------------------------------------------------------------------


def _encode(tensors: Tensors, kind: Kind, x: Any, mask: Any, padding: Any) -> Any:
    def looks(y: Any) -> Any:
        return multi_head(_below(tensors, "self_attn."), kind.heads, y, y, y, mask, padding)

    x = _beside(tensors, "norm1.", kind, x, looks)
    return _beside(tensors, "norm2.", kind, x, lambda y: _think(tensors, y))


def _decode(tensors: Tensors, kind: Kind, x: Any, memory: Any, masks: list[Any], more: list[Any]) -> Any:
    def looks(y: Any) -> Any:
        return multi_head(_below(tensors, "self_attn."), kind.heads, y, y, y, *masks)

    def remembers(y: Any) -> Any:
        return multi_head(_below(tensors, "multihead_attn."), kind.heads, y, memory, memory, *more)

    x = _beside(tensors, "norm1.", kind, x, looks)
    x = _beside(tensors, "norm2.", kind, x, remembers)
    return _beside(tensors, "norm3.", kind, x, lambda y: _think(tensors, y))


def _beside(tensors: Tensors, name: str, kind: Kind, x: Any, part: Any) -> Any:
    """A part of a block with what it changes added to its input, and the norm in front or behind."""
    if kind.norm_first:
        return run("sum", x, part(_behind(tensors, name, x, kind)))
    return _behind(tensors, name, run("sum", x, part(x)), kind)


def _behind(tensors: Tensors, name: str, x: Any, kind: Kind) -> Any:
    return layer_norm(x, tensors[f"{name}weight"], tensors.get(f"{name}bias"), kind.eps)


def _think(tensors: Tensors, x: Any) -> Any:
    inner = run("relu", linear(x, tensors["linear1.weight"], tensors.get("linear1.bias")))
    return linear(inner, tensors["linear2.weight"], tensors.get("linear2.bias"))


# -- what a call says --------------------------------------------------------------------------------------------------


def _kind(given: Mapping[str, Any]) -> Kind:
    block = given.get("encoder_layer")
    if block is not None:
        return Kind(block.self_attn.num_heads, block.norm1.eps, block.norm_first)
    return Kind(given.get("nhead", 8), given.get("layer_norm_eps", 1e-5), bool(given.get("norm_first")))


def _batch_first(given: Mapping[str, Any]) -> bool:
    block = given.get("encoder_layer")
    return bool(given.get("batch_first") if block is None else block.self_attn.batch_first)


def _present(tensors: Tensors) -> dict[str, Any]:
    return {name: one for name, one in tensors.items() if one is not None}


def _below(tensors: Tensors, prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)}


def _blocks(tensors: Tensors) -> list[Tensors]:
    """The tensors of each block; those of one that is alone have no number."""
    count = 1 + max((int(name.split(".")[1]) for name in tensors if name.startswith("layers.")), default=-1)
    return [_below(tensors, f"layers.{k}.") for k in range(count)] or [tensors]


def _mask(given: Mapping[str, Any], *names: str) -> Any:
    return next((given[f"forward {name}"] for name in names if f"forward {name}" in given), None)


def _padding(given: Mapping[str, Any], name: str) -> Any:
    """(N, S); of a single row, (S,)."""
    found = given.get(f"forward {name}")
    return found[None] if found is not None and found.dim() == 1 else found


def _inward(x: Any, first: bool) -> Any:
    return x[None] if x.dim() == 2 else x if first else x.transpose(0, 1)


def _outward(y: Any, x: Any, first: bool) -> Any:
    return y[0] if x.dim() == 2 else y if first else y.transpose(0, 1)
