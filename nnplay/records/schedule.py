"""Learning-rate schedules as data: a factor of the learning rate, as a function of the step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import Field, bind, signature
from nnplay.records.help_text import help_text, helped_by
from nnplay.records.layer import Refused
from nnplay.records.python_text import call_text, python_name, record_text


def _help(record: ScheduleRecord) -> str:
    name = python_name(record.name, record.torch)
    return help_text(
        record, f"{name}{inspect.signature(record)}", folder="nnplay.schedules", torch="", formulas=[record.formula]
    )


@helped_by(_help)
@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """One schedule; calling the record makes a schedule: `Cosine(steps=1000)`.

    Attributes:
        factor: `(field values, steps: float64 (n,)) -> factors (n,)` of the learning rate; pure, so that replays agree.
        patience: name of the field that says after how many epochs without a better validation loss the rate drops by
            the factor of the field `factor`, down to `min_factor`; empty for schedules that only look at the step.
        torch: PyTorch's class with its module, or a sentence why there is none.
        cases: field values with factors known from the definition, by step, for the tests.
        refused: field values that must be refused.
    """

    name: str
    title: str
    about: str
    formula: str
    factor: Callable[[Mapping[str, Any], NDArray[np.float64]], NDArray[np.float64]]
    fields: tuple[Field, ...] = ()
    patience: str = ""
    torch: str = ""
    cases: tuple[tuple[Mapping[str, Any], Mapping[int, float]], ...] = ()
    refused: tuple[Refused, ...] = ()

    def __repr__(self) -> str:
        return record_text(python_name(self.name, self.torch), self.fields, self.about)

    def __call__(self, *args: Any, **kwargs: Any) -> Schedule:
        """This schedule with its settings."""
        return Schedule(self, bind(self.fields, args, kwargs, self.name))

    @property
    def __signature__(self) -> inspect.Signature:
        return signature(self.fields)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule with the values of its fields."""

    record: ScheduleRecord
    values: Mapping[str, Any]

    def __repr__(self) -> str:
        return call_text(python_name(self.record.name, self.record.torch), self.values)
