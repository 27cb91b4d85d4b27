"""Learning-rate schedules as data: a factor of the learning rate, as a function of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import Field, bind
from nnplay.records.layer import Refused
from nnplay.records.record import Chosen, Record


@dataclass(frozen=True, slots=True, repr=False)
class ScheduleRecord(Record):
    """One schedule; calling the record makes a schedule: `Cosine(steps=1000)`.

    Attributes:
        when: one line for people who choose: when to use it.
        factor: `(field values, steps: float64 (n,)) -> factors (n,)` of the learning rate; pure, so that replays agree.
        check: refuses field values that are each legal, but not together; called with all of them.
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
    check: Callable[[Mapping[str, Any]], object] = lambda values: None
    patience: str = ""
    torch: str = ""
    cases: tuple[tuple[Mapping[str, Any], Mapping[int, float]], ...] = ()
    refused: tuple[Refused, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Schedule:
        """This schedule with its settings."""
        return Schedule(self, self.bind(args, kwargs))

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the fields, each legal and all of them together."""
        values = bind(self.fields, args, kwargs, self.name)
        self.check(values)
        return values

    @property
    def formulas(self) -> list[str]:
        """The factor of the learning rate."""
        return [self.formula]


def is_chain(given: Any) -> bool:
    """Whether a text names several schedules: "warmup 100, cosine 900", but not "multi_step milestones=300,800"."""
    if not isinstance(given, str) or "," not in given:
        return False
    return "=" not in [*given.split(), ""][1]


class Schedule(Chosen[ScheduleRecord]):
    """A schedule with the values of its fields."""

    __slots__ = ()
