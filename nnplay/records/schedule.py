"""Learning-rate schedules as data: a factor of the learning rate, as a function of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import Field
from nnplay.records.layer import Refused
from nnplay.records.record import Chosen, Record


@dataclass(frozen=True, slots=True, repr=False)
class ScheduleRecord(Record):
    """One schedule; calling the record makes a schedule: `Cosine(steps=1000)`.

    Attributes:
        when: one line for people who choose: when to use it.
        factor: `(field values, steps: float64 (n,)) -> factors (n,)` of the learning rate; pure, so that replays agree.
        patience: name of the field that says after how many epochs without a better validation loss the rate drops by
            the factor of the field `factor`, down to `min_factor`; empty for schedules that only look at the step.
        torch: PyTorch's class with its module, or a sentence why there is none.
        cases: field values with factors known from the definition, by step, for the tests.
        refused: field values that must be refused.
    """

    folder: ClassVar[str] = "nnplay.schedules"
    torch_folder: ClassVar[str] = ""
    name: str
    title: str
    about: str
    when: str
    formula: str
    factor: Callable[[Mapping[str, Any], NDArray[np.float64]], NDArray[np.float64]]
    fields: tuple[Field, ...] = ()
    patience: str = ""
    torch: str = ""
    cases: tuple[tuple[Mapping[str, Any], Mapping[int, float]], ...] = ()
    refused: tuple[Refused, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Schedule:
        """This schedule with its settings."""
        return Schedule(self, self.bind(args, kwargs))

    @property
    def formulas(self) -> list[str]:
        """The factor of the learning rate."""
        return [self.formula]


class Schedule(Chosen[ScheduleRecord]):
    """A schedule with the values of its fields."""

    __slots__ = ()
