"""Losses as data: the record that defines one, and a loss with its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import Field
from nnplay.records.layer import Case, Refused
from nnplay.records.operation import Planned, Shape, Use
from nnplay.records.python_text import camel
from nnplay.records.record import Chosen, Record
from nnplay.records.twin import Twin

Target = Literal["labels", "binary", "values"]


@dataclass(frozen=True, slots=True)
class LossPlan:
    """The rows of a loss: `prediction`, `target` → `loss` (1,), and `dprediction`; `score` counts right rows, if any.

    Attributes:
        forward, backward: the rows; operands are prediction, target, loss, dprediction, saved values, live fields.
        score: writes `score` (1,): how many rows are right, where a row with many answers (pixels) counts by its share;
            None for regression.
        saved: values kept from forward to backward.
    """

    forward: tuple[Use, ...]
    backward: tuple[Use, ...]
    score: Use | None = None
    saved: Mapping[str, Planned] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class LossRecord(Record):
    """One loss; calling the record makes a loss: `CrossEntropy(label_smoothing=0.1)`.

    Attributes:
        when: one line for people who choose: when to use it.
        target: what it compares with: class labels, 0/1 labels, or values.
        plan: called with the field values and the prediction's shape (without the batch).
        outputs: how many outputs the network needs for a data set with that many classes or target columns.
        decide: predictions (N, outputs) → class labels (N,), for losses on labels.
        probabilities: predictions (N, outputs) → class probabilities (N, classes), for losses on labels.
        ends: name of the activation that the network must end with (sigmoid, softmax), if the loss takes probabilities.
        torch: the PyTorch function's name, or a sentence why there is none.
        twin: the same as data, for parity tests and exports; None where there is none.
        cases, refused: what the tests try: field values and a prediction's shape, without the batch.
    """

    folder: ClassVar[str] = "nnplay.losses"
    torch_folder: ClassVar[str] = "torch.nn.functional"
    name: str
    title: str
    about: str
    when: str
    formula: str
    target: Target
    plan: Callable[[Mapping[str, Any], Shape], LossPlan]
    outputs: Callable[[int], int]
    fields: tuple[Field, ...] = ()
    decide: Callable[[NDArray[Any]], NDArray[np.int64]] | None = None
    probabilities: Callable[[NDArray[Any]], NDArray[Any]] | None = None
    ends: str = ""
    torch: str = ""
    twin: Twin | None = None
    cases: tuple[Case, ...] = ()
    refused: tuple[Refused, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Loss:
        """This loss with its settings."""
        return Loss(self, self.bind(args, kwargs))

    @property
    def python_name(self) -> str:
        """As in `CrossEntropy` or `MSE`: PyTorch's names are of functions."""
        return camel(self.name, acronyms=True)

    @property
    def formulas(self) -> list[str]:
        """The loss of a batch."""
        return [self.formula]


class Loss(Chosen[LossRecord]):
    """A loss with the values of its fields."""

    __slots__ = ()


def need_classes(shape: Shape, loss: str, *, binary: str, behind: str = "") -> None:
    """Refuses a single output where a loss takes one for each class.

    Args:
        binary: the loss that takes a single one.
        behind: the activation that must follow the last layer.

    Raises:
        InputError: there is a single output.
    """
    if shape[-1] < 2:
        end = f" and {behind}" if behind else ""
        raise InputError(
            f"needs at least two outputs, one per class; the network has {shape[-1]}",
            where=loss,
            hint=f"end the network with one unit per class{end}, or use {binary}",
        )
