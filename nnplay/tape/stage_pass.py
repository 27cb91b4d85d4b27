"""One pass through the networks of a stage, while its rows are written."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnplay.tape.memory_layout import Slot
from nnplay.tape.objective import Term


@dataclass(slots=True)
class TapePass:
    """One pass forward: for training, or for an evaluation.

    Attributes:
        term: the loss that it is for.
        mark: stands in front of the names of its slots.
        region: where its values lie.
        values: slots of the values of each network, by the network's name.
        saved: slots that layers keep for the way back, by path and name.
        settled: layers do what they do outside training, whatever the pass is for.
    """

    term: Term
    mark: str
    region: str
    values: dict[str, list[Slot]] = field(default_factory=dict)
    saved: dict[str, Slot] = field(default_factory=dict)
    settled: bool = False

    @property
    def evaluates(self) -> bool:
        return self.region == "evaluation"
