"""A loss that takes probabilities, on a network that gives any numbers."""

from __future__ import annotations

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.network.notation import show_layer


def examine(evidence: Evidence) -> Sign | None:
    """The last layer against the activation that the loss asks for."""
    wanted, last = evidence.loss_record.ends, evidence.last.layer
    if not wanted or last.record.name == wanted:
        return None
    loss = evidence.loss_record.name
    replaced = last.record.name in evidence.probability_layers and evidence.network[-1] is last
    kept = evidence.network[:-1] if replaced else evidence.network
    sentence = f"no probabilities: {loss} expects them, but this network does not end with {wanted}; add it"
    return Sign("error", sentence, {"layers": (*(show_layer(layer) for layer in kept), wanted)})


NO_PROBABILITIES = HealthRule("no_probabilities", "No probabilities", examine, "pane-network", "2", hopeless=True)
