"""Multi-head self-attention: every step of a sequence looks at all steps and takes from those that suit it.

The equations and the order of queries, keys and values are those of PyTorch's MultiheadAttention with one input for all
three (Vaswani et al., 2017). With `padded`, steps whose features are all exactly 0 are not looked at and stay 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nnplay.fields import choice, flag
from nnplay.layers._recurrence import sequence
from nnplay.operations.attention.cache import KEEP
from nnplay.operations.attention.dropout import dropout_field
from nnplay.operations.attention.heads import ALL, Heads, heads_field, kv_heads_field, share_heads
from nnplay.operations.attention.mix import MIX_APART
from nnplay.operations.attention.plan import plan_core
from nnplay.operations.attention.rotary import (
    NONE,
    ROTATE,
    ROTATE_BACK,
    ROTATE_KEPT,
    rotary_fields,
    rotary_integers,
)
from nnplay.operations.attention.weights import KEPT, LOOK_BACK
from nnplay.operations.linear_map import LinearMap
from nnplay.operations.padding import keep_padding
from nnplay.operations.waves import WAVES
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import BATCH, Operation, Planned, Shape, Use
from nnplay.records.twin import Twin, transposed

_ENDS: Final = {"output": "y", "doutput": "dy"}
#: Names of the first map's ends where queries and keys are turned behind it.
_TURNED: Final = {"qkv": "projected", "dqkv": "dprojected"}


_NAMES: Final = {
    "weight_in": "in_proj_weight",
    "bias_in": "in_proj_bias",
    "weight_out": "out_proj.weight",
    "bias_out": "out_proj.bias",
}
#: What PyTorch's module is told in its call, draws its own random numbers for, or lacks.
_NOT_IN_TWIN: Final = ("causal", "padded", "dropout")


MULTI_HEAD_SELF_ATTENTION = LayerRecord(
    name="multi_head_self_attention",
    title="Self-attention",
    family="sequence",
    about="Every step of a sequence looks at all steps and draws on the relevant ones: the heart of a transformer.",
    when="When any step may depend on any other: text, reversal, long sequences.",
    torch="torch.nn.MultiheadAttention, with one input for query, key and value",
    twin=Twin(
        "nn.MultiheadAttention",
        lambda values, shape: {
            "embed_dim": shape[-1],
            "num_heads": values["heads"],
            "bias": values["bias"],
            "batch_first": True,
        },
        places=lambda name, shape, values: transposed(_NAMES[name], shape, values),
        order=(0, 0, 0),
        output=lambda result, values: result[0],
        covers=lambda values, shape: (
            values["kv_heads"] == ALL and values["rotary"] == NONE and not any(values[name] for name in _NOT_IN_TWIN)
        ),
    ),
    fields=(
        heads_field(),
        flag("causal", False, "let a step look only at itself and earlier steps"),
        choice("init", "xavier_uniform", "initialisation of the weights", SCHEMES[1:]),
        flag("padded", False, "treat steps whose features are all 0 as padding: they are ignored and stay 0"),
        kv_heads_field(),
        *rotary_fields(),
        dropout_field(),
        flag("bias", True, "add a bias to queries, keys and values, and to the output"),
    ),
    plan=lambda values, shape: plan(values, shape),
    decode=lambda values, shape, context: decode(values, shape, context),
    cases=(
        Case({}, (5, 4)),
        Case({}, (1, 1)),
        Case({"heads": 2}, (3, 6)),
        Case({"heads": 3, "causal": True}, (7, 9)),
        Case({"heads": 2, "causal": True}, (17, 34)),
        Case({"heads": 2, "padded": True}, (4, 4)),
        Case({"padded": True, "causal": True, "dropout": 0.4}, (5, 3)),
        Case({"heads": 4, "kv_heads": 2, "rotary": "interleaved", "causal": True}, (5, 16)),
        Case({"heads": 2, "rotary": "halves", "rotary_base": 500, "bias": False}, (3, 8)),
        Case({"heads": 3, "kv_heads": 1, "dropout": 0.3}, (4, 6)),
    ),
    refused=(
        Refused({"heads": 0}, (5, 4), "≥ 1"),
        Refused({"heads": 3}, (5, 4), "cannot share 4 features"),
        Refused({"heads": 4, "kv_heads": 3}, (5, 4), "cannot share the keys of 3"),
        Refused({"heads": 2, "rotary": "halves"}, (5, 6), "turn pairs of features"),
        Refused({"dropout": 1}, (5, 4), "≤ 0.999"),
        Refused({}, (5,), "needs a sequence (steps, features)"),
        Refused({}, (8, 8, 3), "needs a sequence (steps, features)"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, E) → (N, T, E) with weight_in (E, E + 2K), bias_in (E + 2K), weight_out (E, E), bias_out (E).

    The heads share the E features; with a key and a value for each head, K = E.
    """
    steps, features = sequence(shape)
    heads = share_heads(values, features, apart=False)
    width, turned = features + 2 * heads.narrow, values["rotary"] != NONE
    core = plan_core(values, heads, (steps, steps), apart=False)
    inside, outside = _maps(values)
    first, turn, turn_back = _projection(values, steps, heads)
    out = outside.forward(steps, features, features, _ENDS)
    joint: Planned = (BATCH, steps, width)

    def back(rows: tuple[Use, ...]) -> tuple[Use, ...]:
        inner = inside.backward(steps, features, width, _TURNED if turned else {})
        return (*outside.backward(steps, features, features, _ENDS), *rows, *turn_back, *inner)

    planned = Plan(
        output=shape,
        forward=(*first, *turn, *core.forward, out),
        evaluate=None if core.evaluate is None else (*first, *turn, *core.evaluate, out),
        backward=back(core.backward),
        evaluate_backward=None if core.evaluate_backward is None else back(core.evaluate_backward),
        parameters={
            **inside.parameters(features, width, values["init"]),
            **outside.parameters(features, features, values["init"]),
        },
        saved={"qkv": joint, **core.saved},
        scratch={"dqkv": joint, **core.scratch, **(_turning(steps, heads.depth, joint) if turned else {})},
        multiply_adds=steps * features * (width + features) + 2 * steps * steps * features,
    )
    return keep_padding(planned, shape) if values["padded"] else planned


def _maps(values: Mapping[str, Any]) -> tuple[LinearMap, LinearMap]:
    """The map into queries, keys and values, and the one out of all heads."""
    biases = ("bias_in", "bias_out") if values["bias"] else ("", "")
    return (
        LinearMap("weight_in", biases[0], "x", "qkv", "queries, keys and values"),
        LinearMap("weight_out", biases[1], "mixed", "output", "all heads together"),
    )


def _projection(
    values: Mapping[str, Any], steps: int, heads: Heads, rotate: Operation = ROTATE
) -> tuple[tuple[Use, ...], tuple[Use, ...], tuple[Use, ...]]:
    """The rows that make queries, keys and values, those that turn them, and the one that turns gradients back."""
    width, turned = heads.wide + 2 * heads.narrow, values["rotary"] != NONE
    first = _maps(values)[0].forward(steps, heads.wide, width, _TURNED if turned else {})
    if not turned:
        return (first,), (), ()
    given, cost = rotary_integers(values, heads), steps * width
    waves = Use(WAVES, {"base": values["rotary_base"]})
    return (first,), (waves, Use(rotate, given, cost=cost)), (Use(ROTATE_BACK, given, cost=cost),)


def _turning(steps: int, depth: int, joint: Planned) -> dict[str, Planned]:
    return {"waves": (steps, depth), "projected": joint, "dprojected": joint}


def decode(values: Mapping[str, Any], shape: Shape, context: int) -> Plan | None:
    """One step (N, 1, E) → (N, 1, E) with keys and values of up to `context` steps (1, context, 2K); N is 1.

    None where a step looks at later ones, or some may be padding.
    """
    if values["padded"] or not values["causal"]:
        return None
    planned = plan({**values, "dropout": 0.0}, shape)
    heads, turned = share_heads(values, shape[1], apart=False), values["rotary"] != NONE
    kept = {"q": "qkv", "kv": "cache"}
    sizes = replace(heads, keys=0).integers
    first, turn, _ = _projection(values, 1, heads, ROTATE_KEPT)
    own: dict[str, Planned] = {"qkv": (BATCH, 1, heads.wide + 2 * heads.narrow)}
    return replace(
        planned,
        forward=(
            *first,
            *turn,
            Use(KEEP, {"keys": heads.keys}),
            Use(LOOK_BACK, sizes | {"causal": KEPT}, names=kept),
            Use(MIX_APART, sizes, names=kept),
            _maps(values)[1].forward(1, shape[1], shape[1], _ENDS),
        ),
        backward=(),
        saved=own | {"weights": (BATCH, heads.heads, 1, context), "mixed": (BATCH, 1, heads.wide)},
        scratch=_turning(context, heads.depth, own["qkv"]) if turned else {},
        buffers={"cache": ((1, context, 2 * heads.narrow), 0.0)},
    )
