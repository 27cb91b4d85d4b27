"""How fast training goes before the eyes of a person: at full speed, so many steps a second, or slowly first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SpeedLimit:
    """The steps a second that are allowed, as a function of the step that a run has reached.

    A small network learns its task in some thousand steps, which take milliseconds: at full speed the first picture
    shows it finished. With `growth`, each second goes through a fixed multiple of the steps so far, as on a logarithmic
    axis: what happens at first is seen, and after some seconds nothing is held back.

    Attributes:
        start: steps a second at step 0; 0 is no limit, at any step.
        growth: steps a second more for each step that the run has reached.
    """

    start: float = 0.0
    growth: float = 0.0

    def at(self, step: int) -> float:
        """The steps a second that are allowed at this step; 0 is no limit."""
        return self.start + self.growth * step if self.start else 0.0

    def words(self) -> str:
        """What this is, for the user."""
        if not self.start:
            return "unlimited"
        return "ramp up" if self.growth else f"{self.start:g} steps/s"


FULL: Final = SpeedLimit()
#: Step 250 after some three seconds, 1,000 after seven, 6,600 (the end of the first run) after fifteen.
EASED: Final = SpeedLimit(start=60.0, growth=0.22)
