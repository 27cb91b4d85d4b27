"""How targets meet a loss: labels as numbers, one-hot or ±1 columns; and the refusal of a loss that does not fit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.detection.average_precision import detection_scores
from nnplay.detection.objects import Found
from nnplay.errors import InputError
from nnplay.operations.scoring import ABOVE_ZERO, LARGEST_COLUMN, decide_above
from nnplay.operations.sequences import decode, steps_needed
from nnplay.records.loss import NOTHING_IGNORED, Loss
from nnplay.records.operation import Operation, Shape, shape_text
from nnplay.text import counted, plural
from nnplay.training.scores import metrics
from nnplay.training.scores.target_kinds import outputs_for, refuse_targets

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
        answer: predictions (N, …) → what the targets are, where those are numbers; None: the same numbers.
        ignored: the label whose answers do not count.
        measure: (targets, predictions) → scores, where they are neither classes nor quantities.
        counts: the loop counts right answers.
        detect: predictions → the objects that they are, for losses on boxes.
    """

    shape: Shape
    encode: Callable[[Array], Array]
    decide: Callable[[Array], NDArray[np.int64]] | None
    probabilities: Callable[[Array], Array] | None
    score: Operation | None = None
    answer: Callable[[Array], Array] | None = None
    ignored: int | None = None
    measure: Callable[[Array, Array], dict[str, float]] | None = None
    counts: bool = False
    detect: Callable[[Array], Found] | None = None

    def estimate(self, predictions: Array) -> Array:
        """Predictions of a network that learns numbers (N, …) as targets are: means, rates, chances."""
        return predictions if self.answer is None else self.answer(predictions)


def default_loss(data: Dataset) -> str:
    """The usual loss: cross-entropy for classes, mean squared error for numbers, a single shot for boxes."""
    return {"classification": "cross_entropy", "regression": "mse", "detection": "single_shot"}[data.task]


def target_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    """Checks that loss, data and the network's output fit each other.

    Raises:
        InputError: they do not; the hint names a loss or a last layer that does.
    """
    refuse_targets(loss, data)
    if data.weights is not None:
        loss.plan(output, weighted=True)
    if data.task == "detection":
        return _objects_form(loss, data, output)
    if data.task == "regression":
        return _values_form(loss, data, output)
    if loss.target in FORMS:
        return FORMS[loss.target](loss, data, output)
    return _labels_form(loss, data, output)


def _labels_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    record = loss.record
    wanted, places, per_label = record.outputs(data.outputs), output[:-1], data.y.shape[1:]
    if output[-1] != wanted or _longer(places) != _longer(per_label):
        raise _wrong_outputs(f"{record.name} on {counted(data.outputs, 'class')}", (*per_label, wanted), output)
    ignored = loss.values.get("ignore_index", NOTHING_IGNORED)
    return TargetForm(
        places,
        lambda y: y.reshape(len(y), *places).astype(np.float64),
        _per_label(record.decide, per_label),
        _per_label(record.probabilities, (*per_label, data.outputs)),
        ignored=None if ignored == NOTHING_IGNORED else int(ignored),
        counts=True,
    )


def _longer(places: Shape) -> Shape:
    """Places without axes of a single one: the only step of a sequence has the label of its row."""
    return tuple(size for size in places if size != 1)


def _per_label(answer: Callable[[Array], Any] | None, shape: Shape) -> Callable[[Array], Any] | None:
    """`answer` to predictions, in the data set's own shape of a row."""
    return None if answer is None else lambda prediction: answer(prediction).reshape(len(prediction), *shape)


def _values_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    record, shape = loss.record, data.y.shape[1:]
    wanted = (outputs_for(loss, data),) if len(shape) == 1 else shape
    if int(np.prod(output)) != int(np.prod(wanted)) or (wanted != shape and output != wanted):
        raise _wrong_outputs(
            f"'{data.name}' with {shape_text(shape)} {plural(int(np.prod(shape)), 'target value')}", wanted, output
        )
    measures = {"binary": metrics.several_labels, "distribution": metrics.distributions}
    return TargetForm(
        shape,
        lambda y: y.astype(np.float64),
        None,
        None,
        answer=record.answer,
        measure=measures.get(loss.target),
        counts=loss.target in measures,
    )


def _columns_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    """A loss on numbers used for classes: one output with targets ±1 for two classes, else one-hot columns."""
    if loss.record.answer is not None or loss.record.outputs(data.outputs) != data.outputs:
        raise InputError(f"{loss.record.name} needs numbers, not classes", where="loss", hint="use cross_entropy")
    if data.y.ndim != 1:
        raise InputError(
            f"{loss.record.name} cannot be used with labels per position", where="loss", hint="use cross_entropy"
        )
    classes, once = data.outputs, not _longer(output[:-1])
    if once and output[-1] == 1 and classes == 2:
        decide = _per_label(decide_above(0.0), ())
        return TargetForm(
            output, lambda y: y.reshape(len(y), *output) * 2.0 - 1.0, decide, None, ABOVE_ZERO, counts=True
        )
    if not once or output[-1] != classes:
        raise _wrong_outputs(f"{loss.record.name} on {counted(classes, 'class')}", (classes,), output)
    decide = _per_label(_largest, ())
    return TargetForm(
        output, lambda y: np.eye(classes)[y].reshape(len(y), *output), decide, None, LARGEST_COLUMN, counts=True
    )


def _sequence_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    """Sequences of labels shorter than the answers: zeros behind the last label are padding, class 0 is the blank."""
    if data.y.ndim != 2:
        hint = "give labels (N, S) with 0 behind the last one, or use cross_entropy"
        raise InputError(f"{loss.record.name} needs a sequence of labels in each row", where="loss", hint=hint)
    if len(output) != 2 or output[1] != data.outputs:
        raise _wrong_outputs(f"{loss.record.name} on {counted(data.outputs, 'class')}", (0, data.outputs), output)
    length, needed = data.y.shape[1], steps_needed(data.y)
    if output[0] < needed:
        what = f"{counted(output[0], 'step')} cannot say a target that takes {needed}"
        raise InputError(what, where="last layer", hint="keep more steps, as with smaller strides")

    def decide(z: Array) -> NDArray[np.int64]:
        found = decode(z)[:, :length]
        return np.pad(found, ((0, 0), (0, length - found.shape[1])))

    return TargetForm(
        (length,),
        lambda y: y.astype(np.float64),
        decide,
        None,
        measure=lambda true, z: metrics.sequences(true, decode(z)),
        counts=True,
    )


def _groups_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    """Labels that only say which rows belong together; the outputs are places."""
    loss.plan(output)
    if data.y.ndim != 1:
        raise InputError(f"{loss.record.name} needs one label in each row", where="loss", hint="use cross_entropy")
    return TargetForm((), lambda y: y.astype(np.float64), None, None, measure=metrics.neighbours)


def _objects_form(loss: Loss, data: Dataset, output: Shape) -> TargetForm:
    """Boxes, and masks where the loss looks at them; the outputs become objects."""
    record, values = loss.record, loss.values
    loss.plan(output)
    if record.detect is None or record.classes is None:
        raise ValueError(f"{record.name} does not say which objects its outputs are")
    if (told := record.classes(values, output)) != data.outputs:
        what = f"'{data.name}' has {counted(data.outputs, 'class')}; the network tells {told} apart"
        raise InputError(what, where="last layer", hint="give the last layer four outputs and one for each class")
    detect = functools.partial(record.detect, values)
    return TargetForm(
        data.y.shape[1:],
        lambda y: y.astype(np.float64),
        None,
        None,
        measure=lambda true, z: detection_scores(true, detect(z), data.outputs),
        detect=detect,
    )


#: How targets of other kinds than labels meet a loss, where the data are classes.
FORMS: Final = {"values": _columns_form, "sequence": _sequence_form, "groups": _groups_form}


def _largest(prediction: Array) -> NDArray[np.int64]:
    return np.asarray(prediction.argmax(axis=-1), np.int64)


def _wrong_outputs(what: str, wanted: Shape, output: Shape) -> InputError:
    """The refusal of a last layer; a wanted size of 0 may be any."""
    needed = f"{wanted[-1]} outputs at every step" if 0 in wanted else _outputs_text(wanted)
    return InputError(
        f"{what} needs {needed}; the network outputs {shape_text(output)}",
        where="last layer",
        hint=_ENDS[min(len(wanted), len(_ENDS)) - 1].format(wanted[-1]),
    )


def _outputs_text(shape: Shape) -> str:
    return f"{shape_text(shape)} {plural(int(np.prod(shape)), 'output')}"
