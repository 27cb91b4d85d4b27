"""What layers and their parameters are called in views."""

from __future__ import annotations

from nnplay.network.network import NetworkPlan, PlannedLayer


def name_layers(plan: NetworkPlan) -> dict[str, str]:
    """A name for each layer by its path: its place and its kind, or the name that the user gave it."""
    return {planned.path: name_layer(planned) for planned in plan.layers}


def name_layer(planned: PlannedLayer) -> str:
    """The name of one layer: "0 linear"."""
    kind = planned.layer.record.name
    return planned.path if planned.layer.name else f"{planned.path} {kind}"
