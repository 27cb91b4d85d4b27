"""What sets runs apart: settings that differ, and how far two of them are from each other at one step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.run.runs.listed_run import ListedRun
from nnplay.training.trainer import Trainer

#: Sections of a run's table that say nothing of how it trains.
_REMARKS: Final = ("title", "about")
#: Stands where a run does not have a setting.
NOTHING: Final = ""
#: Curves whose values at a step are compared.
_CURVES: Final = ("loss", "train_loss", "validation_loss", "validation_accuracy", "gradient_norm", "lr")
_ROWS: Final = 1_000
Array = NDArray[Any]


def differing_settings(runs: Sequence[ListedRun]) -> list[tuple[str, tuple[str, ...]]]:
    """Every setting that is not the same in all of some runs, with its value in each; `NOTHING` where one has none."""
    tables = [dict(_flat(run.config.anywhere().to_dict())) for run in runs]
    names = dict.fromkeys(name for table in tables for name in table)
    found = [(name, tuple(table.get(name, NOTHING) for table in tables)) for name in names]
    return [(name, values) for name, values in found if len(set(values)) > 1]


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif name not in _REMARKS:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far one tensor of weights is from that of another run.

    Attributes:
        name: of the tensor.
        relative: length of the difference, as a share of the length of the first run's tensor.
        cosine: of the angle between the two.
    """

    name: str
    relative: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs at one step.

    Attributes:
        step: the step.
        values: names of curves, with the value of each run.
        weights: of the tensors that both have in one shape; empty where weights were not made.
        agreement: share of up to 1,000 validation rows that both answer alike; of numbers not a number.
        answers: mean absolute difference of the outputs on these rows; not a number where their forms differ.
    """

    step: int
    values: tuple[tuple[str, float, float], ...]
    weights: tuple[Distance, ...] = ()
    agreement: float = math.nan
    answers: float = math.nan


def difference(runs: Sequence[ListedRun], step: int, trainers: Sequence[Trainer] = ()) -> Difference:
    """Two runs at one step.

    Args:
        runs: both of them.
        trainers: of both at that step, where there are any: then weights and answers are compared too.
    """
    one, other = runs
    known = [name for name in _CURVES if not (one.hides(name) or other.hides(name))]
    found = [(name, one.at(name, step), other.at(name, step)) for name in known]
    values = tuple(each for each in found if not (math.isnan(each[1]) and math.isnan(each[2])))
    if len(trainers) != 2:
        return Difference(step, values)
    return Difference(step, values, tuple(_distances(*trainers)), *_answers(*trainers))


def _distances(one: Trainer, other: Trainer) -> Iterator[Distance]:
    theirs = other.parameters()
    for name, weights in one.parameters().items():
        if name in theirs and theirs[name].shape == weights.shape:
            a, b = weights.astype(np.float64).ravel(), theirs[name].astype(np.float64).ravel()
            lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
            apart = float(np.linalg.norm(a - b))
            relative = apart / lengths[0] if lengths[0] else math.nan if apart else 0.0
            cosine = float(a @ b) / (lengths[0] * lengths[1]) if all(lengths) else math.nan
            yield Distance(name, relative, cosine)


def _answers(one: Trainer, other: Trainer) -> tuple[float, float]:
    """Share of rows that are answered alike, and mean difference of outputs, on the first run's validation rows."""
    part = one.split.train if one.split.validation is None else one.split.validation
    if one.split.feature_shape != other.split.feature_shape or one.plan.output_shape != other.plan.output_shape:
        return math.nan, math.nan
    x = part.x[:_ROWS]
    first, second = one.predict(x), other.predict(x)
    apart = float(np.mean(np.abs(first.astype(np.float64) - second)))
    if one.form.decide is None or other.form.decide is None:
        return math.nan, apart
    return float(np.mean(one.form.decide(first) == other.form.decide(second))), apart
