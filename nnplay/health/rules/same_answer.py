"""The same answer for every row: softmax over one number, which is always 1, or a network that nothing gets through."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.network.notation import show_layer


def examine(evidence: Evidence) -> Sign | None:
    """Shares of one whole that are a single number; then the answers to some rows."""
    for planned in evidence.plan.layers:
        name = planned.layer.record.name
        if evidence.probability_layers.get(name) == "labels" and evidence.plan.values[planned.output][-1] == 1:
            rest = tuple(show_layer(layer) for layer in evidence.network if layer is not planned.layer)
            mend = {"layers": rest} if 0 < len(rest) < len(evidence.network) else {}
            return Sign("error", f"one answer: {name} over a single number is always 1; take it out", mend)
    if not evidence.same_answer:
        return None
    what = f"one answer: the network says the same to all {evidence.same_answer:,} rows that were looked at"
    return Sign("warning", f"{what}, so nothing of the input gets through; draw new weights")


SAME_ANSWER = HealthRule("same_answer", "One answer", examine, "new-weights", "R", hopeless=True)
