"""Numbers that a network predicts: the fitted curve of one input, and predicted against true values of one target."""

from __future__ import annotations

import numpy as np

from nnplay.training.trainer import Trainer
from nnplay.views.answers import Fit, Scatter
from nnplay.views.rows import answered, raw

_CURVE_POINTS = 160
_MOST_POINTS = 500


def fit(trainer: Trainer, target: int) -> Fit:
    """The curve over the range of the training rows, with their examples."""
    places = raw(trainer, "train")[:, 0]
    x = np.linspace(float(places.min()), float(places.max()), _CURVE_POINTS, dtype=np.float32)
    train = trainer.split.train
    y = trainer.answers(trainer.split.inputs(x[:, None])).reshape(len(x), *train.y.shape[1:])
    back = trainer.split.scaler.inverse_target
    points = back(train.y)[:_MOST_POINTS, target]
    return Fit(
        x,
        back(y)[:, target].astype(np.float32),
        places[:_MOST_POINTS].astype(np.float32),
        points.astype(np.float32),
    )


def scatter(trainer: Trainer, target: int) -> Scatter:
    """Predicted against true values in the target's own units."""
    _, y, answers = answered(trainer)
    back = trainer.split.scaler.inverse_target
    found = back(answers.reshape(y.shape))[:, target]
    return Scatter(back(y)[:, target].astype(np.float32), found.astype(np.float32))
