"""Where a run began, as the findings remember it."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.health.losses import smooth_losses
from nnplay.training.curves.history import CAPACITY, History


@pytest.mark.parametrize("steps", [100, CAPACITY, 1_900_000])
def test_the_first_loss_is_that_of_the_initial_weights_however_long_the_run(steps: int) -> None:
    """A loss that falls from 0.7 within some hundred batches began at 0.7, after millions of steps too."""
    history = History()
    when = np.arange(1, steps + 1)
    history["loss"].extend(when, 0.7 * np.exp(-when / 30.0) + 1e-6)
    assert smooth_losses(history, 32).first == pytest.approx(0.7, rel=0.05)
