"""Losses as data: the record that defines one, and a loss with its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.objects import Found
from nnplay.errors import InputError
from nnplay.fields import Field, choice, integer, numbers
from nnplay.records.layer import Case, Refused
from nnplay.records.operation import Planned, Shape, Use
from nnplay.records.python_text import camel
from nnplay.records.record import Chosen, Record
from nnplay.records.twin import Twin

Target = Literal["labels", "binary", "values", "distribution", "counts", "sequence", "groups", "boxes"]
#: What many losses have: how the costs of a batch become one number, and what single classes weigh.
REDUCTION: Final = choice(
    "reduction", "mean", "the batch's loss is the mean of its costs, or their sum", ("mean", "sum")
)
CLASS_WEIGHTS: Final = numbers(
    "class_weights",
    "what a row of each class weighs, as in 1,5; balanced: as much as makes rare classes count like common ones",
    choices=("balanced",),
)
#: No label is as low; PyTorch's default.
NOTHING_IGNORED: Final = -100
IGNORE_INDEX: Final = integer(
    "ignore_index", NOTHING_IGNORED, "class whose rows neither cost nor count; -100: none", low=NOTHING_IGNORED
)


@dataclass(frozen=True, slots=True)
class LossPlan:
    """The rows of a loss: `prediction`, `target` → `loss` (1,), and `dprediction`; `score` counts right rows, if any.

    Attributes:
        forward, backward: the rows; operands are prediction, target, loss, dprediction, saved values, live fields.
        score: writes `score` (1,): how many rows are right, where a row with many answers (pixels) counts by its share;
            None for regression.
        saved: values kept from forward to backward.
        evaluate: the forward rows of an evaluation, where the loss of many rows is not the mean of the losses of
            blocks of them. They write what a block adds to the mean; see `nnplay.operations.whole`.
        tallies: what those rows keep from one block to the next.
        constants: arrays that the rows read and nothing changes, by operand name.
    """

    forward: tuple[Use, ...]
    backward: tuple[Use, ...]
    score: Use | None = None
    saved: Mapping[str, Planned] | None = None
    evaluate: tuple[Use, ...] | None = None
    tallies: Mapping[str, Shape] | None = None
    constants: Mapping[str, NDArray[Any]] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class LossRecord(Record):
    """One loss; calling the record makes a loss: `CrossEntropy(label_smoothing=0.1)`.

    Attributes:
        when: one line for people who choose: when to use it.
        target: what it compares with: class labels, 0/1 labels (one, or several as numbers), values, distributions
            that sum to 1, counts, sequences of labels shorter than the prediction, labels that only say which rows
            belong together, or boxes of objects (`nnplay.detection.objects`).
        plan: called with the field values and the prediction's shape (without the batch).
        weighted: as `plan`, where each row has a weight, as a further operand `weight` (N,); None if rows cannot.
        takes: the target where it depends on field values.
        answer: predictions (N, outputs) → what the targets are, for losses on other than labels; None: the same.
        outputs: how many outputs the network needs for a data set with that many classes or target columns.
        decide: predictions (N, outputs) → class labels (N,), for losses on labels.
        probabilities: predictions (N, outputs) → class probabilities (N, classes), for losses on labels.
        detect: field values and predictions (N, …) → the objects that they are, for losses on boxes.
        classes: field values and the prediction's shape → how many classes of objects it tells apart.
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
    weighted: Callable[[Mapping[str, Any], Shape], LossPlan] | None = None
    takes: Callable[[Mapping[str, Any]], Target] | None = None
    answer: Callable[[NDArray[Any]], NDArray[Any]] | None = None
    fields: tuple[Field, ...] = ()
    decide: Callable[[NDArray[Any]], NDArray[np.int64]] | None = None
    probabilities: Callable[[NDArray[Any]], NDArray[Any]] | None = None
    detect: Callable[[Mapping[str, Any], NDArray[Any]], Found] | None = None
    classes: Callable[[Mapping[str, Any], Shape], int] | None = None
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

    @property
    def target(self) -> Target:
        """What it compares with, as it is set."""
        return self.record.target if self.record.takes is None else self.record.takes(self.values)

    def measures_as(self, other: Loss) -> bool:
        """Whether losses of the two can be compared: they differ in what may change during training at the most."""
        fixed = [field.name for field in self.record.fields if not field.live]
        return self.record is other.record and all(self.values[name] == other.values[name] for name in fixed)

    def plan(self, shape: Shape, *, weighted: bool = False) -> LossPlan:
        """Its rows for predictions of that shape (without the batch).

        Args:
            weighted: each row has a weight.

        Raises:
            InputError: a shape or setting that does not fit; a loss whose rows cannot have weights.
        """
        if not weighted:
            return self.record.plan(self.values, shape)
        if self.record.weighted is None:
            hint = "use cross_entropy or mse, or leave the weights out"
            raise InputError("rows cannot have weights in this loss", where=self.record.name, hint=hint)
        return self.record.weighted(self.values, shape)


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
