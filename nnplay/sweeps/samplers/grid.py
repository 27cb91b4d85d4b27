"""Grid: every combination of values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from nnplay.errors import InputError
from nnplay.sweeps.combinations import combinations
from nnplay.sweeps.sampler import Choosing, SamplerRecord
from nnplay.sweeps.trial import Trial

if TYPE_CHECKING:
    from nnplay.sweeps.sweep import Sweep

_MOST: Final = 1_000_000

GRID = SamplerRecord(
    name="grid",
    title="Grid",
    about="Tries every combination of the values; the last setting changes fastest.",
    when="For two or three settings with a few values each, where every combination is to be seen.",
    choose=lambda sweep, values: choose(sweep, values),
    check=lambda sweep: check(sweep),
)


def choose(sweep: Sweep, values: dict[str, Any]) -> Choosing:
    """All combinations at once."""
    yield [Trial(number, found) for number, found in enumerate(combinations(sweep.axes, sweep.trials or None))]


def check(sweep: Sweep) -> None:
    """Refuses a range without a count, and more combinations than anyone could want."""
    count = math.prod(len(axis.grid()) for axis in sweep.axes)
    if (sweep.trials or count) > _MOST:
        raise InputError(
            f"the grid has {count:,} combinations", where="--sampler", hint=f"at most {_MOST:,}; try --sampler random"
        )
