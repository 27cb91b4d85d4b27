"""Another loss may need another number of outputs: the last linear layer follows it."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.records.registry import loss_records


def suited(layers: Sequence[str], loss: str, outputs: int) -> tuple[str, ...]:
    """The layers with the last `linear` as wide as `loss` needs for `outputs` classes or quantities."""
    records = loss_records()
    places = [index for index, text in enumerate(layers) if text.split()[:1] == ["linear"]]
    if loss not in records or not places:
        return tuple(layers)
    changed = list(layers)
    words = changed[places[-1]].split()
    words[1:2] = [str(records[loss].outputs(max(1, outputs)))]
    changed[places[-1]] = " ".join(words)
    return tuple(changed)
