"""Which targets a loss takes: labels, numbers, chances, distributions, counts; and refusals with a way out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.errors import InputError
from nnplay.records.loss import Loss

Array = NDArray[Any]
#: By how much the probabilities of a row may miss 1, as they were rounded somewhere.
_ROUNDING: Final = 1e-3
_UNSCALED: Final = "set scale_target=none, so that targets stay as they are; or use mse"


def refuse_targets(loss: Loss, data: Dataset) -> None:
    """Refuses a loss that takes other targets than the data have.

    Raises:
        InputError: it does; the hint names one that does, or the setting that is in the way.
    """
    name, target = loss.record.name, loss.target
    if (data.task == "detection") != (target == "boxes"):
        needs, has = ("boxes", f"{data.task} targets") if target == "boxes" else ("no boxes", "boxes")
        hint = "use single_shot" if data.task == "detection" else "use cross_entropy or mse"
        raise InputError(f"{name} takes {needs}; '{data.name}' has {has}", where="loss", hint=hint)
    if data.task == "regression":
        _refuse_numbers(loss, data)
        return
    if target == "labels" and data.outputs == 1:
        what = f"every row of '{data.name}' has the class '{data.class_names[0]}': there is nothing to tell apart"
        raise InputError(what, where="y", hint="give rows of another class, or numbers as targets")
    if target == "binary" and data.outputs != 2:
        raise InputError(
            f"{name} needs two classes; '{data.name}' has {data.outputs}", where="loss", hint="use cross_entropy"
        )
    if target in ("distribution", "counts"):
        needed = "a column of probabilities for each class" if target == "distribution" else "counts"
        raise InputError(f"{name} needs {needed}, not labels", where="loss", hint="use cross_entropy")


def _refuse_numbers(loss: Loss, data: Dataset) -> None:
    column = data.target_names[0] if data.target_names else "target"
    name, target = loss.record.name, loss.target
    if target == "values":
        return
    if target == "binary":
        if not are_chances(data.y):
            what = f"{name} needs class labels, but column '{column}' is continuous"
            raise InputError(what, where="loss", hint=_UNSCALED if _two_values(data.y) else "use mse")
    elif target == "counts":
        if data.y.min() < 0:
            what = f"{name} needs counts from 0, but '{column}' has {float(data.y.min()):.4g}"
            raise InputError(what, where="loss", hint=_UNSCALED)
    elif target == "distribution":
        if not are_distributions(data.y):
            what = f"{name} needs probabilities that sum to 1 in each row; those of '{data.name}' do not"
            raise InputError(what, where="loss", hint=_UNSCALED)
    else:
        what = f"{name} needs class labels, but column '{column}' is continuous"
        soft = name == "cross_entropy" and are_distributions(data.y)
        raise InputError(what, where="loss", hint="set targets=probabilities" if soft else "use mse")


def outputs_for(loss: Loss, data: Dataset) -> int:
    """How many outputs the network needs: one for each of several labels, else what the record says."""
    if data.task == "regression" and loss.target == "binary":
        return data.outputs
    return loss.record.outputs(data.outputs)


def wants_unscaled(loss: Loss) -> bool:
    """Whether the loss reads more from targets than their differences, so that scaling would spoil them."""
    return loss.target in ("binary", "counts", "distribution")


def are_chances(y: Array) -> bool:
    """Whether all numbers are from 0 to 1."""
    return bool(y.min() >= 0 and y.max() <= 1)


def are_distributions(y: Array) -> bool:
    """Whether each row (…, C) is a distribution over several classes."""
    return y.shape[-1] > 1 and are_chances(y) and bool(np.abs(y.sum(axis=-1) - 1).max() <= _ROUNDING)


def _two_values(y: Array) -> bool:
    """Whether each column has two values, as 0 and 1 have once they are scaled."""
    columns = y.reshape(-1, y.shape[-1]).T
    return all(len(np.unique(column)) <= 2 for column in columns)
