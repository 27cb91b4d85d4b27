"""What a network answers: loss and metrics of a part of the data, and outputs for inputs from outside."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.tape.machine import EvalRows, Machine
from nnplay.training import metrics
from nnplay.training.targets import TargetForm

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


class Evaluation:
    """Asks the network of one machine.

    Args:
        machine: holds the weights.
        split: the data; a part is loaded into the machine when it is first asked about.
        form: how the data's targets meet the network's outputs.
    """

    def __init__(self, machine: Machine, split: Split, form: TargetForm) -> None:
        self.machine, self.split, self.form = machine, split, form
        self._loaded: dict[str, EvalRows] = {}

    def rows(self, part: str) -> EvalRows:
        """The rows of a part, as the machine evaluates them."""
        if part not in self._loaded:
            data = parts_of(self.split)[part]
            self._loaded[part] = self.machine.load_eval({"input": data.x, "target": self.form.encode(data.y)})
        return self._loaded[part]

    def scores(self, part: Part) -> dict[str, float]:
        """Loss and metrics of a part, as `Trainer.evaluate` documents them.

        Raises:
            InputError: the split has no such part.
        """
        parts = parts_of(self.split)
        if part not in parts:
            raise InputError(f"the split has no {part} part", where="evaluate", hint=f"it has {', '.join(parts)}")
        data = parts[part]
        loss, _ = self.machine.evaluate(self.rows(part))
        return {"loss": loss, **self._metrics(data, self.outputs(data.x))}

    def _metrics(self, data: Dataset, predicted: Array) -> dict[str, float]:
        if self.form.decide is not None:
            return metrics.classification(data.y, self.form.decide(predicted), data.outputs)
        in_units = self.split.scaler.inverse_target
        return metrics.regression(in_units(data.y), in_units(predicted.reshape(data.y.shape)))

    def target_scores(self, part: Part) -> dict[str, dict[str, float]]:
        """Metrics of each target of a regression, as `Trainer.evaluate_targets` documents them.

        Raises:
            InputError: the split has no such part, or the targets are classes.
        """
        data = parts_of(self.split).get(part)
        if data is None or self.form.decide is not None:
            what = f"the split has no {part} part" if data is None else "classes are scored together"
            raise InputError(what, where="evaluate_targets", hint="evaluate() scores what there is")
        in_units = self.split.scaler.inverse_target
        true, predicted = in_units(data.y), in_units(self.outputs(data.x).reshape(data.y.shape))
        columns = enumerate(data.target_names)
        return {name: metrics.regression(true[:, column], predicted[:, column]) for column, name in columns}

    def outputs(self, x: Any) -> Array:
        """The network's outputs (N, …) for inputs (N, …)."""
        output = self.machine.tape.named["eval.output"].name
        return self.forward(x, [output])[output]

    def forward(self, x: Any, names: list[str]) -> dict[str, Array]:
        """Values of named evaluation slots ("eval.0.output", …) for inputs (N, …): each (N, …)."""
        return self.machine.forward(self._inputs(x), names)

    def _inputs(self, x: Any) -> Array:
        """Inputs as rows (N, …) of the network's shape; one row alone may come without its N."""
        inputs = np.ascontiguousarray(x, dtype=self.machine.dtype)
        shape = self.split.feature_shape
        if inputs.ndim == len(shape) and inputs.shape == shape:
            inputs = inputs[None]
        if inputs.shape[1:] != shape:
            if inputs.ndim < 1 or math.prod(inputs.shape[1:]) != math.prod(shape):
                raise InputError(f"rows of shape {inputs.shape[1:]} where the network takes {shape}", where="predict")
            inputs = inputs.reshape(-1, *shape)
        return inputs
