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
from nnplay.operations.attention.rotary import ROTATE, ROTATE_BACK, ROTATE_KEPT, rotary_field, rotary_integers
from nnplay.operations.attention.weights import KEPT, LOOK_BACK
from nnplay.operations.linear_map import LinearMap
from nnplay.operations.padding import keep_padding
from nnplay.operations.waves import WAVES
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import BATCH, Planned, Shape, Use
from nnplay.records.twin import Twin, transposed

_IN = LinearMap("weight_in", "bias_in", "x", "qkv", "queries, keys and values")
_OUT = LinearMap("weight_out", "bias_out", "mixed", "output", "all heads together")
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
_NOT_IN_TWIN: Final = ("causal", "padded", "rotary", "dropout")


MULTI_HEAD_SELF_ATTENTION = LayerRecord(
    name="multi_head_self_attention",
    title="Self-attention",
    family="sequence",
    about="Every step of a sequence looks at all steps and draws on the relevant ones: the heart of a transformer.",
    when="When any step may depend on any other: text, reversal, long sequences.",
    torch="torch.nn.MultiheadAttention, with one input for query, key and value",
    twin=Twin(
        "nn.MultiheadAttention",
        lambda values, shape: {"embed_dim": shape[-1], "num_heads": values["heads"], "batch_first": True},
        places=lambda name, shape, values: transposed(_NAMES[name], shape, values),
        order=(0, 0, 0),
        output=lambda result, values: result[0],
        covers=lambda values, shape: values["kv_heads"] == ALL and not any(values[name] for name in _NOT_IN_TWIN),
    ),
    fields=(
        heads_field(),
        flag("causal", False, "let a step look only at itself and earlier steps"),
        choice("init", "xavier_uniform", "initialisation of the weights", SCHEMES[1:]),
        flag("padded", False, "treat steps whose features are all 0 as padding: they are ignored and stay 0"),
        kv_heads_field(),
        rotary_field(),
        dropout_field(),
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
        Case({"heads": 4, "kv_heads": 2, "rotary": True, "causal": True}, (5, 16)),
        Case({"heads": 3, "kv_heads": 1, "dropout": 0.3}, (4, 6)),
    ),
    refused=(
        Refused({"heads": 0}, (5, 4), "≥ 1"),
        Refused({"heads": 3}, (5, 4), "cannot share 4 features"),
        Refused({"heads": 4, "kv_heads": 3}, (5, 4), "cannot share the keys of 3"),
        Refused({"heads": 2, "rotary": True}, (5, 6), "turn pairs of features"),
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
    width, turned = features + 2 * heads.narrow, values["rotary"]
    core = plan_core(values, heads, (steps, steps), apart=False)
    first, turn, turn_back = _projection(steps, heads, turned)
    out = _OUT.forward(steps, features, features, _ENDS)
    joint: Planned = (BATCH, steps, width)
    planned = Plan(
        output=shape,
        forward=(*first, *turn, *core.forward, out),
        evaluate=None if core.evaluate is None else (*first, *turn, *core.evaluate, out),
        backward=(
            *_OUT.backward(steps, features, features, _ENDS),
            *core.backward,
            *turn_back,
            *_IN.backward(steps, features, width, _TURNED if turned else {}),
        ),
        parameters=_parameters(values["init"], features, width),
        saved={"qkv": joint, **core.saved},
        scratch={"dqkv": joint, **core.scratch, **(_turning(steps, heads.depth, joint) if turned else {})},
        multiply_adds=steps * features * (width + features) + 2 * steps * steps * features,
    )
    return keep_padding(planned, shape) if values["padded"] else planned


def _projection(steps: int, heads: Heads, turned: bool) -> tuple[tuple[Use, ...], tuple[Use, ...], tuple[Use, ...]]:
    """The rows that make queries, keys and values, those that turn them, and the one that turns gradients back."""
    width = heads.wide + 2 * heads.narrow
    first = _IN.forward(steps, heads.wide, width, _TURNED if turned else {})
    if not turned:
        return (first,), (), ()
    given, cost = rotary_integers(heads), steps * width
    return (first,), (Use(WAVES), Use(ROTATE, given, cost=cost)), (Use(ROTATE_BACK, given, cost=cost),)


def _turning(steps: int, depth: int, joint: Planned) -> dict[str, Planned]:
    return {"waves": (steps, depth), "projected": joint, "dprojected": joint}


def _parameters(init: str, features: int, width: int) -> dict[str, Parameter]:
    return {
        "weight_in": Parameter((features, width), init, features, width, decays=True),
        "bias_in": Parameter((width,)),
        "weight_out": Parameter((features, features), init, features, features, decays=True),
        "bias_out": Parameter((features,)),
    }


def decode(values: Mapping[str, Any], shape: Shape, context: int) -> Plan | None:
    """One step (N, 1, E) → (N, 1, E) with keys and values of up to `context` steps (1, context, 2K); N is 1.

    None where a step looks at later ones, or some may be padding.
    """
    if values["padded"] or not values["causal"]:
        return None
    planned = plan({**values, "dropout": 0.0}, shape)
    heads, turned = share_heads(values, shape[1], apart=False), values["rotary"]
    kept = {"q": "qkv", "kv": "cache"}
    sizes = replace(heads, keys=0).integers
    first, _, _ = _projection(1, heads, turned)
    turn = (Use(WAVES), Use(ROTATE_KEPT, rotary_integers(heads))) if turned else ()
    own: dict[str, Planned] = {"qkv": (BATCH, 1, heads.wide + 2 * heads.narrow)}
    return replace(
        planned,
        forward=(
            *first,
            *turn,
            Use(KEEP, {"keys": heads.keys}),
            Use(LOOK_BACK, sizes | {"causal": KEPT}, names=kept),
            Use(MIX_APART, sizes, names=kept),
            _OUT.forward(1, shape[1], shape[1], _ENDS),
        ),
        backward=(),
        saved=own | {"weights": (BATCH, heads.heads, 1, context), "mixed": (BATCH, 1, heads.wide)},
        scratch=_turning(context, heads.depth, own["qkv"]) if turned else {},
        buffers={"cache": ((1, context, 2 * heads.narrow), 0.0)},
    )
