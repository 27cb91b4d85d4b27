"""Multi-head self-attention: every step of a sequence looks at all steps and takes from those that suit it.

The equations and the order of queries, keys and values are those of PyTorch's MultiheadAttention with one input for all
three (Vaswani et al., 2017). With `padded`, steps whose features are all exactly 0 are not looked at and stay 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.fields import choice, flag, integer
from nnplay.layers._recurrence import sequence
from nnplay.operations.attention import LOOK, LOOK_PADDED, MIX, QKV_BACK, SCORES_BACK
from nnplay.operations.linear_map import LinearMap
from nnplay.operations.padding import keep_padding
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import BATCH, Planned, Shape, Use
from nnplay.records.twin import Twin, transposed
from nnplay.text import counted

_IN = LinearMap("weight_in", "bias_in", "x", "qkv", "queries, keys and values")
_OUT = LinearMap("weight_out", "bias_out", "mixed", "output", "all heads together")


_NAMES: Final = {
    "weight_in": "in_proj_weight",
    "bias_in": "in_proj_bias",
    "weight_out": "out_proj.weight",
    "bias_out": "out_proj.bias",
}


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
        inputs=3,
        output=lambda result, values: result[0],
        covers=lambda values, shape: not (values["causal"] or values["padded"]),
    ),
    fields=(
        integer("heads", 1, "number of heads, which divide the features between them", high=1024),
        flag("causal", False, "let a step look only at itself and earlier steps"),
        choice("init", "xavier_uniform", "initialisation of the weights", SCHEMES[1:]),
        flag("padded", False, "treat steps whose features are all 0 as padding: they are ignored and stay 0"),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (5, 4)),
        Case({}, (1, 1)),
        Case({"heads": 2}, (3, 6)),
        Case({"heads": 3, "causal": True}, (7, 9)),
        Case({"heads": 2, "causal": True}, (17, 34)),
        Case({"heads": 2, "padded": True}, (4, 4)),
        Case({"padded": True, "causal": True}, (5, 3)),
    ),
    refused=(
        Refused({"heads": 0}, (5, 4), "≥ 1"),
        Refused({"heads": 3}, (5, 4), "cannot share 4 features"),
        Refused({}, (5,), "needs a sequence (steps, features)"),
        Refused({}, (8, 8, 3), "needs a sequence (steps, features)"),
    ),
)


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """A sequence (N, T, E) → (N, T, E) with weight_in (E, 3E), bias_in (3E), weight_out (E, E), bias_out (E).

    The heads share the E features.
    """
    steps, features = sequence(shape)
    heads, padded = values["heads"], values["padded"]
    if features % heads:
        legal = ", ".join(str(count) for count in range(1, features + 1) if features % count == 0)
        raise InputError(
            f"{counted(heads, 'head')} cannot share {counted(features, 'feature')} evenly", hint=f"use {legal}"
        )
    table, attended = steps * steps * features, {"heads": heads, "causal": int(values["causal"])}
    names = {"output": "y", "doutput": "dy"}
    forward = [
        _IN.forward(steps, features, 3 * features),
        Use(LOOK_PADDED if padded else LOOK, attended, cost=table),
        Use(MIX, cost=table),
        _OUT.forward(steps, features, features, names),
    ]
    backward = [
        *_OUT.backward(steps, features, features, names),
        Use(SCORES_BACK, cost=table),
        Use(QKV_BACK, cost=3 * table),
        *_IN.backward(steps, features, 3 * features),
    ]
    whole: Planned = (BATCH, steps, features)
    saved: dict[str, Planned] = {"qkv": (BATCH, steps, 3 * features), "weights": (BATCH, heads, steps, steps)}
    scratch: dict[str, Planned] = {"dqkv": (BATCH, steps, 3 * features), "dscores": (BATCH, heads, steps, steps)}
    planned = Plan(
        output=shape,
        forward=tuple(forward),
        backward=tuple(backward),
        parameters={
            "weight_in": Parameter((features, 3 * features), values["init"], features, 3 * features, decays=True),
            "bias_in": Parameter((3 * features,)),
            "weight_out": Parameter((features, features), values["init"], features, features, decays=True),
            "bias_out": Parameter((features,)),
        },
        saved=saved | {"mixed": whole},
        scratch=scratch | {"dmixed": whole},
        multiply_adds=4 * steps * features * features + 2 * table,
    )
    return keep_padding(planned, shape) if padded else planned
