"""How likely a network finds the classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer

#: A class and how likely the network finds it.
Chance = tuple[str, float]
_MOST = 6


def likeliest_classes(trainer: Trainer, answer: NDArray[Any]) -> tuple[Chance, ...]:
    """The likeliest classes of one row's answer (classes,), where the loss gives probabilities."""
    if trainer.form.probabilities is None:
        return ()
    chances = np.asarray(trainer.form.probabilities(answer[None]))[0]
    names = trainer.split.class_names
    return tuple((names[k], float(chances[k])) for k in np.argsort(-chances, kind="stable")[:_MOST].tolist())
