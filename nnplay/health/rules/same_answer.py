"""The same answer for every row: softmax over one number, which is always 1, or a network that nothing gets through."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.network.notation import show_layer
from nnplay.text import counted


def examine(evidence: Evidence) -> Sign | None:
    """Shares of one whole that are a single number; then the answers to some rows."""
    for planned in evidence.plan.layers:
        name = planned.layer.record.name
        if evidence.probability_layers.get(name) == "labels" and evidence.plan.values[planned.output][-1] == 1:
            rest = tuple(show_layer(layer) for layer in evidence.network if layer is not planned.layer)
            mend = {"layers": rest} if 0 < len(rest) < len(evidence.network) else {}
            return Sign("error", f"constant output: {name} of a single number is always 1; remove it", mend)
    if not evidence.same_answer:
        return None
    what = f"constant output: the network predicts the same for all {counted(evidence.same_answer, 'row')} checked"
    return Sign("warning", f"{what}, so the input makes no difference; re-initialise the weights")


SAME_ANSWER = HealthRule("same_answer", "Constant output", examine, "new-weights", "R", hopeless=True)
