"""What the health rules look at: a few numbers about a run, taken once for all rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.trainer import Trainer

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts about one moment of a run."""

    step: int
    losses: NDArray[Any]


def gather(trainer: Trainer) -> Evidence:
    """The evidence of the present moment; reads the trainer and changes nothing."""
    return Evidence(trainer.step, trainer.history["loss"].last[-200:].copy())
