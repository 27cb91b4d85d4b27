"""Attend: each step of one sequence, such as a decoder's states, takes what it needs of another, such as an encoder's.

Additive scores are those of Bahdanau et al. (2014), dot and general ones those of Luong et al. (2015). The first branch
has the queries, the second the memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import choice, flag, integer
from nnplay.operations.attend import TAKE, look
from nnplay.operations.attend_back import (
    ADDITIVE_BACK,
    DOT_KEY_BACK,
    DOT_QUERY_BACK,
    MATCH_BACK,
    MEMORY_BACK,
    QUERY_BACK,
    SCORES_BACK,
)
from nnplay.operations.linear_map import LinearMap
from nnplay.operations.recurrent import PRESENT
from nnplay.records.init_schemes import SCHEMES
from nnplay.records.layer import Case, LayerRecord, Parameter, Plan, Refused
from nnplay.records.operation import BATCH, Planned, Shape, Use, shape_text

_QUERIES = LinearMap("weight_query", "bias_query", "x0", "queries", "what each query looks for")
_SCORING_BACK = {True: (ADDITIVE_BACK, MATCH_BACK), False: (DOT_QUERY_BACK, DOT_KEY_BACK)}
_KEYS = LinearMap("weight_key", "bias_key", "x1", "keys", "what each step of the memory answers to")


ATTEND = LayerRecord(
    name="attend",
    title="Attend",
    family="sequence",
    about=(
        "Each step of the first branch (queries) takes a weighted mean of the steps of the second (memory): the "
        "attention of an encoder and decoder."
    ),
    when="For sequence to sequence: a decoder's states look back at an encoder's states. One query pools a sequence.",
    plan=lambda values, shapes: plan(values, shapes),
    joins=True,
    torch="none: in PyTorch it is written out, as in its tutorial on translation",
    fields=(
        choice(
            "score",
            "additive",
            "how queries meet keys: a small network (Bahdanau), a product through weights, or a plain product (Luong)",
            ("additive", "general", "dot"),
        ),
        integer("units", 32, "size of the small network of additive scores"),
        choice(
            "output", "both", "what was taken with the query behind it, or only what was taken", ("both", "context")
        ),
        choice("init", "xavier_uniform", "initialisation of the weights", SCHEMES[1:]),
        flag("padded", False, "take nothing from steps of the memory whose features are all 0"),
    ),
    cases=(
        Case({"units": 3}, ((4, 5), (6, 2))),
        Case({"score": "dot", "output": "context"}, ((3, 17), (5, 17))),
        Case({"score": "general"}, ((1, 3), (4, 5))),
        Case({"units": 17, "padded": True, "output": "context"}, ((2, 3), (1, 4))),
        Case({"score": "dot", "padded": True}, ((2, 3), (4, 3))),
    ),
    refused=(
        Refused({}, ((4, 5),), "needs two branches"),
        Refused({"score": "dot"}, ((4, 5), (6, 2)), "as many features as the memory"),
        Refused({}, ((5,), (6, 2)), "the queries are 5"),
        Refused({}, ((4, 5), (6,)), "the memory is 6"),
        Refused({"units": 0}, ((4, 5), (6, 2)), "≥ 1"),
    ),
)


def plan(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Plan:
    """Queries (N, Q, A) and memory (N, T, C) → (N, Q, C + A), or (N, Q, C) without the queries.

    With additive scores weight_query (A, U), bias_query (U), weight_key (C, U), bias_key (U), weight_score (U); with
    general ones weight_query (A, C), bias_query (C); with dot none.
    """
    (Q, A), (T, C) = _sequences(values, shapes)
    scoring, both = values["score"], values["output"] == "both"
    U = values["units"] if scoring == "additive" else C
    names = {"memory": "x1", "dmemory": "dx1", "query": "x0", "dquery": "dx0"}
    names |= {"score": "weight_score", "dscore": "dweight_score"}
    if scoring != "additive":
        names |= {"keys": "x1", "dkeys": "dx1"}
    if scoring == "dot":
        names |= {"queries": "x0", "dqueries": "dx0"}
    padded, table = values["padded"], Q * T
    look_cost = table * U * (16 if scoring == "additive" else 1)
    maps = [(_QUERIES, Q, A)] * (scoring != "dot") + [(_KEYS, T, C)] * (scoring == "additive")
    forward = [Use(PRESENT, cost=T * C, names={"x": "x1"})] if padded else []
    forward += [each.forward(steps, width, U) for each, steps, width in maps]
    forward += [
        Use(look(scoring, padded), {"padded": int(padded)}, look_cost, names),
        Use(TAKE, {"both": int(both)}, table * C, names),
    ]
    backward = [Use(QUERY_BACK, {"width": A}, Q * A, names)] if both else []
    backward += [
        Use(MEMORY_BACK, {"channels": C}, table * C, names),
        Use(SCORES_BACK, cost=table * C, names=names),
        *(Use(row, cost=look_cost, names=names) for row in _SCORING_BACK[scoring == "additive"]),
    ]
    backward += [row for each, steps, width in maps for row in each.backward(steps, width, U)]
    return Plan(
        output=(Q, C + A if both else C),
        forward=tuple(forward),
        backward=tuple(backward),
        parameters=_parameters(values, A, C, U),
        saved=_kept(scoring, padded, (Q, T, U)),
        scratch=_gradients(scoring, (Q, T, U)),
        multiply_adds=sum(steps * width * U for _, steps, width in maps) + table * (U + C),
    )


def _sequences(values: Mapping[str, Any], shapes: tuple[Shape, ...]) -> tuple[Shape, Shape]:
    """The shapes of queries and memory."""
    example = "write attend[queries | memory], such as attend[gru 8 output=sequence | identity]"
    if len(shapes) != 2 or not all(shapes):
        raise InputError(f"needs two branches, queries and memory, but has {len(shapes)}", hint=example)
    for shape, what in zip(shapes, ("queries are", "memory is"), strict=True):
        if len(shape) != 2:
            hint = "keep the steps (output=sequence), or put repeat_vector 1 behind a single vector"
            raise InputError(f"needs sequences (steps, features); the {what} {shape_text(shape)}", hint=hint)
    if values["score"] == "dot" and shapes[0][1] != shapes[1][1]:
        what = f"with dot scores queries need as many features as the memory: {shapes[0][1]} and {shapes[1][1]}"
        raise InputError(what, hint="use score=general or score=additive")
    return shapes[0], shapes[1]


def _parameters(values: Mapping[str, Any], A: int, C: int, U: int) -> dict[str, Parameter]:
    if values["score"] == "dot":
        return {}
    init = values["init"]
    made = {"weight_query": Parameter((A, U), init, A, U, decays=True), "bias_query": Parameter((U,))}
    if values["score"] == "general":
        return made
    made |= {"weight_key": Parameter((C, U), init, C, U, decays=True), "bias_key": Parameter((U,))}
    return made | {"weight_score": Parameter((U,), init, U, 1, decays=True)}


def _kept(scoring: str, padded: bool, sizes: tuple[int, int, int]) -> dict[str, Planned]:
    Q, T, U = sizes
    kept: dict[str, Planned] = {"weights": (BATCH, Q, T)}
    kept |= {"present": (BATCH, T)} if padded else {}
    kept |= {"queries": (BATCH, Q, U)} if scoring != "dot" else {}
    return kept | ({"keys": (BATCH, T, U)} if scoring == "additive" else {})


def _gradients(scoring: str, sizes: tuple[int, int, int]) -> dict[str, Planned]:
    Q, T, U = sizes
    found: dict[str, Planned] = {"dscores": (BATCH, Q, T)}
    found |= {"dqueries": (BATCH, Q, U)} if scoring != "dot" else {}
    return found | ({"dkeys": (BATCH, T, U), "dmatch": (BATCH, U)} if scoring == "additive" else {})
