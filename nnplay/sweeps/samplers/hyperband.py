"""Hyperband: successive halving from several beginnings (Li et al., JMLR 18, 2018)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nnplay.sweeps.sampler import Choosing, SamplerRecord, need_epochs, random_trials
from nnplay.sweeps.samplers._successive_halving import FACTOR, rungs_of, successive_halving

if TYPE_CHECKING:
    from nnplay.sweeps.sweep import Sweep

HYPERBAND = SamplerRecord(
    name="hyperband",
    title="Hyperband",
    about="Successive halving in several brackets: one begins with many short trials, the last with a few long ones.",
    when="Like halving, where it is not known how early a good run can be told from a bad one.",
    choose=lambda sweep, values: choose(sweep, values),
    fields=(FACTOR,),
    check=need_epochs,
)


def choose(sweep: Sweep, values: dict[str, Any]) -> Choosing:
    """All brackets once, or again and again until so many trials have begun."""
    factor, begun = int(values["factor"]), 0
    most = rungs_of(sweep.run.epochs, factor)
    while True:
        for rungs in range(most, -1, -1):
            count = math.ceil((most + 1) / (rungs + 1) * factor**rungs)
            if sweep.trials:
                count = min(count, sweep.trials - begun)
            if count < 1:
                return
            yield from successive_halving(sweep, random_trials(sweep.axes, sweep.seed, begun, count), rungs, factor)
            begun += count
        if not sweep.trials:
            return
