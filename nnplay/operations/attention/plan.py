"""What all attention layers do between the map into queries, keys and values and the map out of all heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnplay.operations.attention.dropout import DROP, dropped_of
from nnplay.operations.attention.gradients import INPUTS_BACK, SCORES_BACK
from nnplay.operations.attention.heads import Heads
from nnplay.operations.attention.mix import MIX, MIX_APART
from nnplay.operations.attention.weights import BACKWARDS, EVERYWHERE, LOOK
from nnplay.records.operation import BATCH, Planned, Use


@dataclass(frozen=True, slots=True)
class Core:
    """Rows and operands of attention between T steps that ask and S steps that are asked.

    Attributes:
        forward, evaluate, backward, evaluate_backward: the rows; in evaluation nothing is dropped.
        saved, scratch: their operands, but for those that hold queries, keys and values.
    """

    forward: tuple[Use, ...]
    evaluate: tuple[Use, ...] | None
    backward: tuple[Use, ...]
    evaluate_backward: tuple[Use, ...] | None
    saved: Mapping[str, Planned]
    scratch: Mapping[str, Planned]


def plan_core(values: Mapping[str, Any], heads: Heads, steps: tuple[int, int], *, apart: bool) -> Core:
    """From queries (N, T, E), keys and values (N, S, K) → (N, T, E), what each step takes from those it attends to.

    Args:
        values: of the fields causal, padded and dropout.
        steps: T and S.
        apart: keys and values have a tensor of their own, `kv`, and `known` says which of their steps are no padding;
            else all stand in `qkv`, and `present` says it.
    """
    table, dropped = steps[0] * steps[1] * heads.wide, dropped_of(values["dropout"])
    sizes = heads.integers
    looks = sizes | {"causal": BACKWARDS if values["causal"] else EVERYWHERE}
    names = {"present": "known"} if apart else {}
    look = Use(LOOK[apart, values["padded"]], looks, cost=table, names=names)
    mix = MIX_APART if apart else MIX
    forward: tuple[Use, ...] = (look, Use(mix, sizes, cost=table))
    evaluate, taken = None, {}
    if dropped:
        evaluate, taken = forward, {"weights": "thinned"}
        drop = Use(DROP, {"dropped": dropped}, cost=32 * steps[0] * steps[1] * heads.heads)
        forward = (look, drop, Use(mix, sizes, cost=table, names=taken))
    maps: Planned = (BATCH, heads.heads, *steps)
    whole: Planned = (BATCH, steps[0], heads.wide)
    whole_back = (Use(SCORES_BACK[apart, False], sizes, cost=table), Use(INPUTS_BACK[apart], sizes, cost=3 * table))
    thinned_back = (
        Use(SCORES_BACK[apart, True], sizes, cost=table),
        Use(INPUTS_BACK[apart], sizes, cost=3 * table, names=taken),
    )
    return Core(
        forward,
        evaluate,
        backward=thinned_back if dropped else whole_back,
        evaluate_backward=whole_back if dropped else None,
        saved={"weights": maps, "mixed": whole} | ({"thinned": maps, "drop_mask": maps} if dropped else {}),
        scratch={"dscores": maps, "dmixed": whole},
    )
