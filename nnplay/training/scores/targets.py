"""How targets meet a loss: labels as numbers, one-hot or ±1 columns; and the refusal of a loss that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.errors import InputError
from nnplay.operations.scoring import ABOVE_ZERO, LARGEST_COLUMN, decide_above
from nnplay.records.loss import Loss
from nnplay.records.operation import Operation, Shape, shape_text
from nnplay.text import counted, plural

Array = NDArray[Any]


_ENDS: Final = (
    "end with linear {0}",
    "keep the steps, as in lstm 32 output=sequence, linear {0}",
    "keep the size, as in conv2d 16 3 padding=same, relu, conv2d {0} 1",
)
"""Last layers that answer once, for every step, for every pixel."""


@dataclass(frozen=True, slots=True)
class TargetForm:
    """The form that a data set's targets take for one loss and one network.

    Attributes:
        shape: of one row's target.
        encode: targets of the data set → array (N, *shape).
        decide: predictions (N, …) → class labels, or None for regression.
        probabilities: predictions → class probabilities (N, classes), where the loss has them.
        score: counts right rows where the loss, made for numbers, cannot: classes as columns.
    """

    shape: Shape
    encode: Callable[[Array], Array]
    decide: Callable[[Array], NDArray[np.int64]] | None
    probabilities: Callable[[Array], Array] | None
    score: Operation | None = None


def default_loss(data: Dataset) -> str:
    """The usual loss for a data set: cross-entropy for classes, mean squared error for numbers."""
    return "cross_entropy" if data.task == "classification" else "mse"


def target_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    """Checks that loss, data and the network's output fit each other.

    Raises:
        InputError: they do not; the hint names a loss or a last layer that does.
    """
    record = loss.record
    if data.task == "regression":
        return _values_form(loss, data, output)
    if record.target == "values":
        return _columns_form(loss, data, output)
    if record.target == "binary" and data.outputs != 2:
        raise InputError(
            f"{record.name} needs two classes; '{data.name}' has {data.outputs}", where="loss", hint="use cross_entropy"
        )
    wanted = record.outputs(data.outputs)
    places, per_label = output[:-1], data.y.shape[1:]
    if output[-1] != wanted or _longer(places) != _longer(per_label):
        raise _wrong_outputs(f"{record.name} on {counted(data.outputs, 'class')}", (*per_label, wanted), output)
    return TargetForm(
        places,
        lambda y: y.reshape(len(y), *places).astype(np.float64),
        _per_label(record.decide, per_label),
        _per_label(record.probabilities, (*per_label, -1)),
    )


def _longer(places: Shape) -> Shape:
    """Places without axes of a single one: the only step of a sequence has the label of its row."""
    return tuple(size for size in places if size != 1)


def _per_label(answer: Callable[[Array], Any] | None, shape: Shape) -> Callable[[Array], Any] | None:
    """`answer` to predictions, in the data set's own shape of a row."""
    return None if answer is None else lambda prediction: answer(prediction).reshape(len(prediction), *shape)


def _values_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    if loss.record.target != "values":
        column = data.target_names[0] if data.target_names else "target"
        raise InputError(
            f"{loss.record.name} needs class labels, but column '{column}' is continuous", where="loss", hint="use mse"
        )
    shape = data.y.shape[1:]
    if int(np.prod(output)) != int(np.prod(shape)):
        raise _wrong_outputs(
            f"'{data.name}' with {shape_text(shape)} {plural(int(np.prod(shape)), 'target value')}", shape, output
        )
    return TargetForm(shape, lambda y: y.astype(np.float64), None, None)


def _columns_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    """A loss on numbers used for classes: one output with targets ±1 for two classes, else one-hot columns."""
    if data.y.ndim != 1:
        raise InputError(
            f"{loss.record.name} cannot be used with labels per position", where="loss", hint="use cross_entropy"
        )
    classes, once = data.outputs, not _longer(output[:-1])
    if once and output[-1] == 1 and classes == 2:
        decide = _per_label(decide_above(0.0), ())
        return TargetForm(output, lambda y: y.reshape(len(y), *output) * 2.0 - 1.0, decide, None, ABOVE_ZERO)
    if not once or output[-1] != classes:
        raise _wrong_outputs(f"{loss.record.name} on {counted(classes, 'class')}", (classes,), output)
    decide = _per_label(_largest, ())
    return TargetForm(output, lambda y: np.eye(classes)[y].reshape(len(y), *output), decide, None, LARGEST_COLUMN)


def _largest(prediction: Array) -> NDArray[np.int64]:
    return np.asarray(prediction.argmax(axis=-1), np.int64)


def _wrong_outputs(what: str, wanted: Shape, output: Shape) -> InputError:
    return InputError(
        f"{what} needs {shape_text(wanted)} {plural(int(np.prod(wanted)), 'output')}; "
        f"the network outputs {shape_text(output)}",
        where="last layer",
        hint=_ENDS[min(len(wanted), len(_ENDS)) - 1].format(wanted[-1]),
    )
