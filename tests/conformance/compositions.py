"""Calls that no record stands for alone, and the layers or losses that make them up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from tests.conformance import activation_steps, loss_steps, shape_steps, transformer_steps, unpool_steps
from tests.conformance.attention_steps import attend_masked
from tests.conformance.question import Question

#: What is compared: its name, our numbers, and those that are wanted.
Compared = Iterable[tuple[str, Any, Any]]
Composition = Callable[[Question], Compared]


def composition_of(path: str) -> Composition | None:
    """What makes up a call; None if it is not known."""
    return next((made for pattern, made in _COMPOSITIONS.items() if re.fullmatch(pattern, path)), None)


def _attention(question: Question) -> Compared:
    """With the scores, where they are asked for."""
    given = dict(question.arguments)
    kept = given.pop("kept", None)
    answer, scores = attend_masked(*question.inputs, **given)
    wanted = question.result()
    if kept is None:
        return [("output", answer, wanted)]
    return [("output", answer, wanted[0]), ("scores", scores[kept], wanted[1])]


_COMPOSITIONS: Final[dict[str, Composition]] = {
    r"masked attention": _attention,
    r"nn\.MultiheadAttention": transformer_steps.attention,
    r"nn\.TransformerEncoder(Layer)?": transformer_steps.encoder,
    r"nn\.TransformerDecoderLayer": transformer_steps.decoder_layer,
    r"nn\.Transformer": transformer_steps.transformer,
    r"nn\.functional\.pad": shape_steps.pad,
    r"nn\.functional\.interpolate": shape_steps.resize,
    r"nn\.AvgPool\dd": shape_steps.average,
    r"nn\.LPPool\dd": shape_steps.power_mean,
    r"nn\.ChannelShuffle": shape_steps.shuffle,
    r"depth first": shape_steps.depth_first,
    r"nn\.(functional\.b|B)ilinear": shape_steps.bilinear,
    r"nn\.functional\.normalize": shape_steps.normalize,
    r"nn\.functional\.embedding_bag": shape_steps.bag,
    r"causal convolution": shape_steps.causal_convolution,
    r"rotary": shape_steps.rotary,
    **{rf"nn\.{name}": activation_steps.formula for name in activation_steps.FORMULAS},
    r"swiglu": activation_steps.gated,
    r"nn\.functional\.binary_cross_entropy(_with_logits)?": loss_steps.binary,
    r"nn\.functional\.(cross_entropy|nll_loss)": loss_steps.classes,
    r"nn\.functional\.multi_margin_loss": loss_steps.margins,
    r"nn\.functional\.multilabel_margin_loss": loss_steps.several_margins,
    r"nn\.functional\.margin_ranking_loss": loss_steps.ranking,
    r"nn\.functional\.soft_margin_loss": loss_steps.soft_margin,
    r"nn\.functional\.multilabel_soft_margin_loss": loss_steps.several_soft_margins,
    r"nn\.functional\.cosine_embedding_loss": loss_steps.cosine,
    r"nn\.functional\.triplet_margin(_with_distance)?_loss": loss_steps.triplet,
    r"nn\.functional\.max_unpool\dd": unpool_steps.unpool,
}
