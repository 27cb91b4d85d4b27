"""A row of a graphics card that goes through time, with several meetings a step."""

from __future__ import annotations

from dataclasses import dataclass

from nnplay.records.cuda_rows import TurnRow


@dataclass(frozen=True, slots=True)
class StepRow(TurnRow):
    """A `TurnRow` that is run several times for each place along its axis.

    Attributes:
        rows: how often for each place, one after the other.
        ends: how often behind the last place.
    """

    rows: int = 1
    ends: int = 0
