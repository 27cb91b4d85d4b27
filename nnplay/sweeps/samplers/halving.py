"""Successive halving: many trials begin, and only the best go on (Jamieson and Talwalkar, 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnplay.sweeps.sampler import USUAL_TRIALS, Choosing, SamplerRecord, need_epochs, random_trials
from nnplay.sweeps.samplers._successive_halving import FACTOR, rungs_of, successive_halving

if TYPE_CHECKING:
    from nnplay.sweeps.sweep import Sweep

HALVING = SamplerRecord(
    name="halving",
    title="Successive halving",
    about="Trains all trials for a few epochs, then the best third three times as long, and so on to the last few.",
    when="Where a bad run shows early: many more settings are tried in the same time.",
    choose=lambda sweep, values: choose(sweep, values),
    fields=(FACTOR,),
    check=need_epochs,
)


def choose(sweep: Sweep, values: dict[str, Any]) -> Choosing:
    """Rung after rung."""
    count, factor = sweep.trials or USUAL_TRIALS, int(values["factor"])
    rungs = min(rungs_of(count, factor), rungs_of(sweep.run.epochs, factor))
    yield from successive_halving(sweep, random_trials(sweep.axes, sweep.seed, 0, count), rungs, factor)
