"""What an explanation is: sentences with numbers, and the place in the inspector where these can be looked up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from nnplay.run.training_thread import TrainingThread
from nnplay.text import figure


@dataclass(frozen=True, slots=True)
class InspectorPlace:
    """Where the inspector is opened.

    Attributes:
        step: how many steps were taken before the one that is walked.
        row: number of the tape's row.
        index: the element of its first result.
        parameter: which one, in a row that works on many.
    """

    step: int
    row: int
    index: tuple[int, ...] = ()
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer: what is explained, the sentences, and where the inspector shows the same numbers, if it can."""

    title: str
    sentences: tuple[str, ...]
    place: InspectorPlace | None = None


class Subject(Protocol):
    """Anything that can be explained."""

    def explain(self, run: TrainingThread) -> Explanation:
        """The explanation, worked out in the training thread; the run stands afterwards where it stood.

        Raises:
            NnplayError: it cannot be explained now.
        """


def amount(value: float) -> str:
    """A number with three significant digits and a true minus sign."""
    return figure(value).replace("-", "−")


def signed(value: float) -> str:
    """The same with its sign always."""
    return amount(value) if value < 0 or math.isnan(value) else f"+{amount(value)}"


def from_to(before: float, after: float) -> str:
    """ "from 1.04 to 1.0401": with as many digits as tell the two apart."""
    apart = [figure(before, k) != figure(after, k) for k in range(3, 11)]
    digits = next((k for k in range(4, 11) if apart[k - 4] and apart[k - 3]), 10)  # rounding may hide it at one more
    old, new = (figure(value, digits).replace("-", "−") for value in (before, after))
    return f"from {old} to {new}"


def listed(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def ordinal(number: int) -> str:
    """ "1st", "2nd", "11th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
