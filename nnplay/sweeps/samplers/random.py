"""Random: every trial draws its own values."""

from __future__ import annotations

from typing import Any

from nnplay.sweeps.sampler import USUAL_TRIALS, Choosing, SamplerRecord, random_trials
from nnplay.sweeps.sweep import Sweep

RANDOM = SamplerRecord(
    name="random",
    title="Random",
    about="Draws each value on its own, evenly over its range; the trial's number decides, so order plays no part.",
    when="A good first choice: with few settings that matter it finds good values sooner than a grid.",
    choose=lambda sweep, values: choose(sweep, values),
)


def choose(sweep: Sweep, values: dict[str, Any]) -> Choosing:
    """All trials at once."""
    yield random_trials(sweep.axes, sweep.seed, 0, sweep.trials or USUAL_TRIALS)
