"""Softmax or sigmoid at the end of a network whose loss takes plain numbers, and applies it by itself.

Behind softmax, the cross-entropy of two classes cannot fall below 0.313, however long it is trained; behind a sigmoid
every number is above 0, so every row is taken for the same class.
"""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.network.notation import show_layer


def examine(evidence: Evidence) -> Sign | None:
    """The last layer against what the loss does by itself."""
    loss, name = evidence.loss_record, evidence.last.layer.record.name
    if loss.target == "values" or loss.ends or name not in evidence.probability_layers:
        return None
    ends_so = evidence.network[-1] is evidence.last.layer and len(evidence.network) > 1
    mend = {"layers": tuple(show_layer(layer) for layer in evidence.network[:-1])} if ends_so else {}
    return Sign("error", f"{name} before {loss.name}, which expects raw outputs (logits): remove {name}", mend)


ACTIVATION_TWICE = HealthRule(
    "activation_twice", "Activation applied twice", examine, "pane-network", "2", hopeless=True
)
