"""Activation maximisation: gradient ascent on the input of a unit (Erhan et al., 2009), and its strongest training row.

x ← x + step·s/‖s‖ with the slope s of the unit's mean over its places, kept within what training rows hold. In
pictures the slope is smoothed, or the input would be noise that only the network sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.text import figure
from nnplay.training.input_gradient import Prober, can_probe, prober_of
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape
from nnplay.views.input_form import as_picture, as_shown, column_names, first_slope, in_units, input_form
from nnplay.views.output_names import name_outputs
from nnplay.views.rows import seen_inputs, spread_rows
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
_UNITS: Final = 16
_PLACES: Final = 400
_STEPS: Final = 60
_LEAST_STEPS: Final = 10
#: Multiply-adds that the whole way may cost, and training rows that are asked, too.
_COST: Final = 5e7
_ROWS: Final = 256
#: The length of a step in proportion to that of an input with all numbers one deviation from the mean.
_STRIDE: Final = 0.08


@dataclass(frozen=True, slots=True)
class ActivationMaximum(Output):
    """An input that makes one unit respond strongly.

    Attributes:
        head: which unit, and its activation.
        made: the input that was made, as a picture (h, w[, 3]); None for a table.
        row: the training row with the largest activation, likewise.
        names, details, values: columns of a table, what stands in them and how far from the mean that is.
        notes: the activation of the training row, and how the input was made.
    """

    head: str
    made: NDArray[np.float32] | None
    row: NDArray[np.float32] | None
    names: tuple[str, ...]
    details: tuple[str, ...]
    values: NDArray[np.float64]
    notes: tuple[str, ...]


def suits(trainer: Trainer) -> bool:
    """Numbers go in, not symbols."""
    return first_slope(trainer) == 0 and input_form(trainer) != "symbols" and can_probe(trainer)


def place_names(trainer: Trainer) -> tuple[str, ...]:
    """Units by layer and number, those of the output first."""
    return tuple(name for name, _, _ in _units(trainer))


def _units(trainer: Trainer) -> list[tuple[str, int, int]]:
    """Name, value and number of the units that can be asked for."""
    outputs = name_outputs(trainer)
    found: list[tuple[str, int, int]] = []
    for planned in reversed(trainer.plan.layers):
        count = planned.plan.output[-1]
        if planned.plan.parameters or planned.output == trainer.plan.output:
            named = outputs if planned.output == trainer.plan.output else ()
            for unit in range(min(_UNITS, count)):
                name = f"{planned.path} {planned.layer.record.name}, unit {unit}" + (
                    f" ({named[unit]})" if named else ""
                )
                found.append((name, planned.output, unit))
    return found[:_PLACES]


def maximise_activation(trainer: Trainer, asked: Asked) -> ActivationMaximum:
    """The input after up to 60 steps uphill, and the best of up to 256 training rows."""
    name, value, unit = _units(trainer)[asked.place]
    prober = prober_of(trainer, 0, value)
    if prober is None:
        raise ValueError(f"{name} has no slope")
    steps = max(_LEAST_STEPS, min(_STEPS, int(_COST / (3 * max(1, trainer.plan.multiply_adds)))))
    made = ascend(trainer, prober, unit, steps)
    direction = unit_direction(prober, unit)
    asked_rows = spread_rows(len(trainer.split.train), min(_ROWS, int(_COST / max(1, trainer.plan.multiply_adds))))
    rows = trainer.split.train.x[asked_rows]
    scores = _score(prober, np.concatenate([made[None], rows]), direction)
    best = int(scores[1:].argmax())
    head = f"{name}: activation {figure(float(scores[0]))}"
    notes = (
        f"of {len(rows):,} training rows, row {asked_rows[best]} activates it most: {figure(float(scores[1 + best]))}",
        f"{steps} steps of gradient ascent, within the range of the training rows",
    )
    if input_form(trainer) == "columns":
        details = tuple(figure(float(number), 4) for number in in_units(trainer, made[None])[0])
        train = seen_inputs(trainer)
        away = (made - train.mean(axis=0)) / np.maximum(train.std(axis=0), 1e-12)
        return ActivationMaximum(head, None, None, column_names(trainer), details, np.asarray(away, np.float64), notes)
    pictures = [as_shown(as_picture(trainer, each)) for each in (made, rows[best])]
    return ActivationMaximum(head, pictures[0], pictures[1], (), (), np.zeros(0), notes)


def unit_direction(prober: Prober, unit: int) -> Array:
    """The mean of one unit over its places, as what each output counts."""
    direction = np.zeros(prober.output_shape)
    direction[..., unit] = 1.0 / max(1, direction[..., unit].size)
    return direction


def ascend(trainer: Trainer, prober: Prober, unit: int, steps: int) -> Array:
    """An input (…) with a large activation of the unit: gradient ascent from the mean of the training rows."""
    train = seen_inputs(trainer)
    low, high = train.min(axis=0), train.max(axis=0)
    x = train.mean(axis=0, dtype=np.float64)
    stride = _STRIDE * float(np.sqrt((train.astype(np.float64).std(axis=0) ** 2).sum()))
    direction = unit_direction(prober, unit)
    for _ in range(steps):
        slope = _smooth(trainer, prober.slopes(x[None], direction).slope[0].astype(np.float64))
        length = float(np.sqrt((slope**2).sum()))
        if not length > 0:  # a unit that is off has no slope nearby, and one that is not finite has none anywhere
            break
        x = np.clip(x + stride * slope / length, low, high)
    return np.asarray(x)


def _smooth(trainer: Trainer, slope: Array) -> Array:
    """A slope whose pixels are mixed with their neighbours, in pictures."""
    tall, broad, _ = image_shape(trainer)
    if not tall:
        return slope
    padded = np.pad(slope.reshape(tall, broad, -1), ((1, 1), (1, 1), (0, 0)), mode="edge")
    mixed = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return np.asarray(((mixed[:, :-2] + 2 * mixed[:, 1:-1] + mixed[:, 2:]) / 4).reshape(slope.shape))


def _score(prober: Prober, x: Array, direction: Array) -> Array:
    return np.asarray((prober.answers(x) * direction).reshape(len(x), -1).sum(axis=1))


ACTIVATION_MAXIMISATION = View(
    "activation maximisation",
    ActivationMaximum,
    suits,
    maximise_activation,
    places=place_names,
    place="unit",
    about="An input made by gradient ascent so that activates a unit strongly, and the training row that does so most.",
    group="why",
    order=7,
)
