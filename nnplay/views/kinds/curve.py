"""The fitted curve: one input, one output, and the examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_numbers, plane_inputs
from nnplay.views.rows import raw_inputs
from nnplay.views.view import Asked, Output, View

_CURVE_POINTS = 160
_MOST_POINTS = 500


@dataclass(frozen=True, slots=True)
class Fit(Output):
    """One input, one output: the curve (n,) and the examples."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    points_x: NDArray[np.float32]
    points_y: NDArray[np.float32]


def suits(trainer: Trainer) -> bool:
    """Quantities over one input."""
    return has_numbers(trainer) and plane_inputs(trainer) == 1


def make_fit(trainer: Trainer, asked: Asked) -> Fit:
    """The curve over the range of the training rows, with their examples."""
    target = asked.item
    train = trainer.split.train
    places = raw_inputs(trainer, train)[:, 0]
    x = np.linspace(float(places.min()), float(places.max()), _CURVE_POINTS, dtype=np.float32)
    y = trainer.form.estimate(trainer.answers(trainer.split.inputs(x[:, None]))).reshape(len(x), *train.y.shape[1:])
    unscale = trainer.split.scaler.inverse_target
    points = unscale(train.y)[:_MOST_POINTS, target]
    return Fit(
        x,
        unscale(y)[:, target].astype(np.float32),
        places[:_MOST_POINTS].astype(np.float32),
        points.astype(np.float32),
    )


CURVE = View(
    "curve", Fit, suits, make_fit, item="target", about="The curve that the network has learned, through the examples."
)
