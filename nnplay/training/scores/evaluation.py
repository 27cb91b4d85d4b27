"""What a network answers: loss and metrics of a part of the data, and outputs for inputs from outside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.arguments import kind_of, same_word
from nnplay.data.arrays import as_rows
from nnplay.data.dataset import Dataset
from nnplay.data.real_rows import are_all_real
from nnplay.data.split import Split
from nnplay.errors import InputError, unknown
from nnplay.records.operation import BATCH
from nnplay.tape.machines.machine import EvalRows, Machine
from nnplay.tape.not_copied import NotCopied
from nnplay.text import clean
from nnplay.training.scores import metrics
from nnplay.training.scores.ranking import rank
from nnplay.training.scores.targets import TargetForm
from nnplay.training.scores.uncertainty import (
    MOST_CLASSES,
    MOST_ROWS,
    Interval,
    accuracy_interval,
    auc_interval,
    f1_interval,
    mean_interval,
    r2_interval,
)

Array = NDArray[Any]
Part = Literal["train", "validation", "test"]
#: Rows of a batch outside training.
ROWS: Final = 256


def parts_of(split: Split) -> dict[str, Dataset]:
    """The parts that a split has, by name; always "train"."""
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    return {name: part for name, part in parts.items() if part is not None}


def rows_at_once(split: Split) -> int:
    """Rows of a batch outside training, for data of this size."""
    return min(ROWS, max(len(part) for part in parts_of(split).values()))


def arrays_of(data: Dataset, form: TargetForm) -> dict[str, Array]:
    """What batches are cut from, by name."""
    arrays = {"input": data.x, "target": form.encode(data.y)}
    if data.kinds is not None:
        arrays["class"] = data.kinds
    return arrays if data.weights is None else {**arrays, "weight": data.weights}


class Evaluation(NotCopied):
    """Asks the network of one machine.

    Args:
        machine: holds the weights.
        split: the data; a part is loaded into the machine when it is first asked about.
        form: how the data's targets meet the network's outputs.
        weights: puts the weights in place that answers are given with, for as long as its block lasts.
    """

    def __init__(
        self,
        machine: Machine,
        split: Split,
        form: TargetForm,
        weights: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.machine, self.split, self.form, self._weights = machine, split, form, weights
        self._loaded: dict[str, EvalRows] = {}

    def rows(self, part: str) -> EvalRows:
        """The rows of a part, as the machine evaluates them."""
        if part not in self._loaded:
            data = parts_of(self.split)[part]
            self._loaded[part] = self.machine.load_eval(arrays_of(data, self.form))
        return self._loaded[part]

    def scores(self, part: Part) -> dict[str, float]:
        """Loss and metrics of a part, as `Trainer.evaluate` documents them.

        Raises:
            InputError: the split has no such part.
        """
        data = self._part(part, "evaluate")
        with self._weights():
            loss, _ = self.machine.evaluate(self.rows(part))
        return {"loss": loss, **self._metrics(data, self.outputs(data.x))}

    def quick_scores(self, part: Part) -> dict[str, float]:
        """What the compiled loop itself counts, as `Trainer.quick_scores` documents it."""
        self._part(part, "evaluate")
        with self._weights():
            loss, right = self.machine.evaluate(self.rows(part))
        return {"loss": loss, "accuracy": right} if self.form.counts else {"loss": loss}

    def _part(self, part: object, where: str) -> Dataset:
        parts = parts_of(self.split)
        if not isinstance(part, str) or part not in parts:
            raise InputError(f"the split has no {clean(part)} part", where=where, hint=f"it has {', '.join(parts)}")
        return parts[part]

    def _metrics(self, data: Dataset, predicted: Array) -> dict[str, float]:
        if self.form.measure is not None:
            return self.form.measure(data.y, self.form.estimate(predicted))
        if self.form.decide is not None:
            true, decided = data.y, self.form.decide(predicted)
            if self.form.ignored is not None and (true != self.form.ignored).any():
                kept = true != self.form.ignored
                true, decided = true[kept], decided[kept]
            if are_all_real(data):
                return {"accuracy": float(np.mean(decided.reshape(true.shape) == true))}
            found = metrics.classification(true, decided, data.outputs, places=data.y.ndim > 2)
            return {**found, **self._area(data, predicted)}
        return metrics.regression(*self._in_units(data, predicted))

    def _area(self, data: Dataset, predicted: Array) -> dict[str, float]:
        """The area under the ROC curve of two classes, where the loss gives probabilities."""
        two = data.outputs == 2 and data.y.ndim == 1 and self.form.ignored is None
        if not two or self.form.probabilities is None:
            return {}
        if not np.isfinite(predicted).all():
            return {"auc": math.nan}
        return {"auc": rank(data.y == 1, self.form.probabilities(predicted)[:, 1]).auc()}

    def _in_units(self, data: Dataset, predicted: Array) -> tuple[Array, Array]:
        """Targets and predictions (N, …) in the targets' own units."""
        in_units = self.split.scaler.target_in_units
        return in_units(data.y), in_units(self.form.estimate(predicted).reshape(data.y.shape))

    def uncertainty(self, part: Part) -> dict[str, Interval]:
        """How far the scores of a part may be off, as `Trainer.uncertainty` documents it.

        Raises:
            InputError: the split has no such part.
        """
        data = self._part(part, "uncertainty")
        if not 1 < len(data) <= MOST_ROWS or data.y.ndim > 2:
            return {}
        predicted = self.outputs(data.x)
        if (
            self.form.measure is not None or not np.isfinite(predicted).all()
        ):  # of a run that diverged nothing is likely
            return {}
        if self.form.decide is not None:
            plain = data.y.ndim == 1 and self.form.ignored is None
            return self._class_intervals(data, predicted, self.form.decide(predicted)) if plain else {}
        true, answers = self._in_units(data, predicted)
        if not np.isfinite(answers).all():
            return {}
        errors = np.abs(answers - true).reshape(len(true), -1).mean(axis=1)
        return {"r2": r2_interval(true, answers), "mae": mean_interval(errors)}

    def _class_intervals(self, data: Dataset, predicted: Array, decided: Array) -> dict[str, Interval]:
        found = {"accuracy": accuracy_interval(int((decided == data.y).sum()), len(data))}
        if are_all_real(data):
            return found
        if data.outputs <= MOST_CLASSES:
            found["f1"] = f1_interval(data.y, decided, range(data.outputs))
        positive = data.y == 1
        if data.outputs == 2 and self.form.probabilities is not None and 0 < positive.sum() < len(data):
            found["auc"] = auc_interval(positive, self.form.probabilities(predicted)[:, 1])
        # Where all rows are right each draw has the same score, which says nothing of other rows.
        return {name: ends for name, ends in found.items() if name == "accuracy" or ends[0] != ends[1]}

    def target_scores(self, part: Part) -> dict[str, dict[str, float]]:
        """Metrics of each target of a regression, as `Trainer.evaluate_targets` documents them.

        Raises:
            InputError: the split has no such part, or the targets are classes.
        """
        data = self._part(part, "evaluate_targets")
        if data.task != "regression":
            raise InputError("classes are scored together", where="evaluate_targets", hint="evaluate() scores them")
        true, predicted = self._in_units(data, self.outputs(data.x))
        columns = enumerate(data.target_names)
        return {name: metrics.regression(true[:, column], predicted[:, column]) for column, name in columns}

    def outputs(self, x: Array) -> Array:
        """The network's outputs (N, …) for rows (N, …), as `Trainer.answers` documents them.

        Raises:
            InputError: rows of another shape.
        """
        if kind_of(x, np.ndarray, "array", "answers").shape[1:] != self.split.feature_shape:
            what = f"rows of shape {x.shape[1:]} where the network takes {self.split.feature_shape}"
            raise InputError(what, where="answers")
        name = self.machine.tape.named["eval.output"].name
        with self._weights():
            return self.machine.forward(x, [name])[name]

    def predict(self, x: Any) -> Array:
        """The network's outputs for inputs from outside, as `Trainer.predict` documents them.

        Raises:
            InputError: no such rows, or an answer that is not finite.
        """
        answers = self.outputs(self._inputs(x, "predict"))
        if not np.isfinite(answers).all():
            row = int(np.argwhere(~np.isfinite(answers))[0][0])
            hint = "its inputs are too large for this network or are not tokens, or its parameters are too large"
            raise InputError(f"the output for row {row} is not finite", where="predict", hint=hint)
        return answers

    def forward(self, x: Any, names: Sequence[str]) -> dict[str, Array]:
        """Values of named evaluation slots, as `Trainer.forward` documents them.

        Raises:
            InputError: no such rows, or no such slots.
        """
        known = [slot.name for slot in self.machine.tape.layout.slots["evaluation"] if slot.shape[:1] == (BATCH,)]
        asked: list[Any] = list(names) if isinstance(names, (list, tuple)) else [names]
        for name in asked:
            if not same_word(name, known):
                raise unknown("slot", name, known, where="forward")
        with self._weights():
            return self.machine.forward(self._inputs(x, "forward"), asked)

    def _inputs(self, x: Any, where: str) -> Array:
        return as_rows(x, self.split.feature_shape, self.machine.dtype, where=where)
