"""An embedding whose inputs are no tokens: scaled, below 0, or outside its vocabulary."""

from __future__ import annotations

from typing import Any, Final

from nnplay.health.evidence import VOCABULARY, Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.network.network import PlannedLayer
from nnplay.network.notation import show_layer

#: A vocabulary beyond this is no mending.
_LARGEST: Final = 100_000


def examine(evidence: Evidence) -> Sign | None:
    """The inputs of the embeddings that stand first."""
    planned, data = evidence.token_layer, evidence.data
    if planned is None:
        return None
    size = int(planned.layer.values[VOCABULARY])
    name = planned.layer.record.name
    if not data.whole or data.lowest < 0:
        what = (
            f"{name} looks up whole numbers from 0, but its inputs range from {data.lowest:.3g} to {data.highest:.3g}"
        )
        return Sign("error", f"not tokens: {what}; do not scale them", {"split": {"scale": "none"}})
    if data.highest < size:
        return None
    needed = int(data.highest) + 1
    what = f"token out of range: {needed - 1:,} is in the data, but the vocabulary of {name} ends at {size - 1:,}"
    return Sign("error", f"{what}; set its size to {needed:,}", _with_vocabulary(evidence, planned, needed))


def _with_vocabulary(evidence: Evidence, planned: PlannedLayer, needed: int) -> dict[str, Any]:
    """The layers with a vocabulary that is large enough, where the embedding is one of the chain itself."""
    layer = planned.layer
    if needed > _LARGEST or not any(one is layer for one in evidence.network):
        return {}
    larger = layer.with_values(**{VOCABULARY: needed})
    return {"layers": tuple(show_layer(larger if one is layer else one) for one in evidence.network)}


NO_TOKENS = HealthRule("no_tokens", "Not tokens", examine, "pane-data", "1", hopeless=True)
