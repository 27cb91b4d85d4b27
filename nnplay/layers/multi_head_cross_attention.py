"""Multi-head cross-attention: the steps of one branch look at the steps of another and take from those that suit them.

The equations are those of PyTorch's MultiheadAttention with the first branch for the query, the second for key and
value, as in the decoder of Vaswani et al. (2017). With `padded`, steps of the second branch whose features are all
exactly 0 are not looked at, and such steps of the first one stay 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.fields import choice, flag
from nnplay.layers._branches import refuse_branches
from nnplay.operations.attention.dropout import dropout_field
from nnplay.operations.attention.heads import ALL, heads_field, kv_heads_field, share_heads
from nnplay.operations.attention.plan import plan_core
from nnplay.operations.linear_map import LinearMap
from nnplay.operations.padding import keep_padding
from nnplay.operations.recurrent import PRESENT
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import BATCH, Planned, Shape, Use, shape_text
from nnplay.records.twin import Place, Twin, Values

_ENDS: Final = {"output": "y", "doutput": "dy"}


MULTI_HEAD_CROSS_ATTENTION = LayerRecord(
    name="multi_head_cross_attention",
    title="Cross-attention",
    family="combination",
    about="Steps of the first branch look at all steps of the second and draw on the relevant ones, as in a decoder.",
    when="When one sequence should read from another, which may have another length and other features.",
    torch="torch.nn.MultiheadAttention, with the first branch for query and the second for key and value",
    twin=Twin(
        "nn.MultiheadAttention",
        lambda values, shapes: {
            "embed_dim": shapes[0][-1],
            "num_heads": values["heads"],
            "kdim": shapes[1][-1],
            "vdim": shapes[1][-1],
            "bias": values["bias"],
            "batch_first": True,
        },
        places=lambda name, shape, values: _places(name, shape, values),
        order=(0, 1, 1),
        output=lambda result, values: result[0],
        # Where both branches are as wide, PyTorch joins three of its matrices in one.
        covers=lambda values, shapes: (
            values["kv_heads"] == ALL
            and not (values["causal"] or values["padded"] or values["dropout"])
            and shapes[0][-1] != shapes[1][-1]
        ),
    ),
    fields=(
        heads_field(),
        flag("causal", False, "let a step look only at steps of the second branch that are no later"),
        choice("init", "xavier_uniform", "initialisation of the weights", SCHEMES[1:]),
        flag("padded", False, "treat steps whose features are all 0 as padding: they are ignored and stay 0"),
        kv_heads_field(),
        dropout_field(),
        flag("bias", True, "add a bias to queries, keys and values, and to the output"),
    ),
    plan=lambda values, shapes: plan(values, shapes),
    joins=True,
    cases=(
        Case({"heads": 2}, ((5, 4), (5, 3)), branches=2),
        Case({"heads": 4, "kv_heads": 2, "dropout": 0.3, "bias": False}, ((3, 8), (3, 8)), branches=2),
        Case({"heads": 2, "padded": True, "causal": True}, ((4, 4), (4, 17)), branches=2),
    ),
    refused=(
        Refused({}, ((5, 4),), "at least two branches"),
        Refused({}, ((5, 4), (5, 4), (5, 4)), "takes two branches"),
        Refused({}, ((4,), (5, 4)), "needs sequences (steps, features)"),
        Refused({"heads": 3}, ((5, 4), (5, 3)), "cannot share 4 features"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """Branches (N, T, E) and (N, S, F) → (N, T, E) with weight_q (E, E), weight_kv (F, 2K), weight_out (E, E), biases.

    The heads share the E features; with a key and a value for each head, K = E.
    """
    _refuse(shapes)
    (steps, wide), (others, given) = shapes
    heads = share_heads(values, wide, apart=True)
    width, padded = 2 * heads.narrow, values["padded"]
    core = plan_core(values, heads, (steps, others), apart=True)
    known = Use(PRESENT, cost=others * given, names={"x": "x1", "present": "known"})
    asks, answers, outside = _maps(values)
    first = (
        *((known,) if padded else ()),
        asks.forward(steps, wide, wide),
        answers.forward(others, given, width),
    )
    out = outside.forward(steps, wide, wide, _ENDS)
    q: Planned = (BATCH, steps, wide)
    kv: Planned = (BATCH, others, width)

    def back(rows: tuple[Use, ...]) -> tuple[Use, ...]:
        inner = (*asks.backward(steps, wide, wide), *answers.backward(others, given, width))
        return (*outside.backward(steps, wide, wide, _ENDS), *rows, *inner)

    planned = Plan(
        output=shapes[0],
        forward=(*first, *core.forward, out),
        evaluate=None if core.evaluate is None else (*first, *core.evaluate, out),
        backward=back(core.backward),
        evaluate_backward=None if core.evaluate_backward is None else back(core.evaluate_backward),
        parameters={
            **asks.parameters(wide, wide, values["init"]),
            **answers.parameters(given, width, values["init"]),
            **outside.parameters(wide, wide, values["init"]),
        },
        saved={"q": q, "kv": kv, **core.saved, **({"known": (BATCH, others)} if padded else {})},
        scratch={"dq": q, "dkv": kv, **core.scratch},
        multiply_adds=2 * steps * wide * wide + others * given * width + 2 * steps * others * wide,
    )
    return keep_padding(planned, shapes[0]) if padded else planned


def _refuse(shapes: tuple[Shape, ...]) -> None:
    name, example = "multi_head_cross_attention", "multi_head_cross_attention[identity | linear 8]"
    refuse_branches(name, shapes, lambda shape: (), "", example=example, way_out="")  # all else may differ
    if len(shapes) > 2:
        hint = f"write {example}: what asks, then what is asked"
        raise InputError(f"takes two branches, but has {len(shapes)}", where=name, hint=hint)
    for number, shape in enumerate(shapes, 1):
        if len(shape) != 2:
            what = f"needs sequences (steps, features); branch {number} outputs {shape_text(shape)}"
            raise InputError(what, where=name, hint="leave out what joins its steps, or reshape it")


def _maps(values: Mapping[str, Any]) -> tuple[LinearMap, LinearMap, LinearMap]:
    """The maps into queries, into keys and values, and out of all heads."""
    biases = ("bias_q", "bias_kv", "bias_out") if values["bias"] else ("", "", "")
    return (
        LinearMap("weight_q", biases[0], "x0", "q", "queries"),
        LinearMap("weight_kv", biases[1], "x1", "kv", "keys and values"),
        LinearMap("weight_out", biases[2], "mixed", "output", "all heads together"),
    )


def _places(name: str, shape: Shape, values: Values) -> tuple[Place, ...]:
    """PyTorch has a matrix each for queries, keys and values, and one vector of all their biases."""
    if name.startswith("bias_out"):
        return (Place("out_proj.bias", (0,)),)
    if name == "bias_q":
        return (Place("in_proj_bias", (0,), into=(slice(0, shape[0]),)),)
    if name == "bias_kv":
        return (Place("in_proj_bias", (0,), into=(slice(shape[0] // 2, None),)),)
    if name == "weight_kv":
        keys, whole = shape[1] // 2, slice(None)
        return (
            Place("k_proj_weight", (1, 0), (whole, slice(0, keys))),
            Place("v_proj_weight", (1, 0), (whole, slice(keys, None))),
        )
    return (Place("q_proj_weight" if name == "weight_q" else "out_proj.weight", (1, 0)),)
