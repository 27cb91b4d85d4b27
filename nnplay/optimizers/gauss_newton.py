"""Gauss–Newton: least squares by solving for the bottom of a parabola, with a shorter step where that overshoots."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from nnplay.fields import number
from nnplay.kernels.compile.jit import inline
from nnplay.kernels.cuda.partial import once
from nnplay.operations.search.report import ACCEPTED, DAMPING, FRESH, LOOKS, LOSS, MOVED, REJECTED, SCALE, TRIAL
from nnplay.optimizers import _damped_by_rows
from nnplay.records.layer import Refused
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.optimizer import OptimizerRecord

Array = NDArray[Any]

GAUSS_NEWTON = OptimizerRecord(
    name="gauss_newton",
    title="Gauss–Newton",
    about="Least squares: jumps to the bottom of the parabola that the errors suggest, less far after each failure.",
    when="To see what Levenberg–Marquardt's damping is good for; close to a minimum it is as fast.",
    fields=(
        number("lr", 1.0, "share of the solved step that is tried", low=0.0, live=True),
        number("shorter", 0.5, "what a step is multiplied by after it was rejected", low=0.0, high=1.0, live=True),
        number("least", 1e-6, "share below which the search starts over", low=0.0, high=1.0, live=True),
    ),
    slots=(),
    rule=None,
    whole=lambda sizes, values: _damped_by_rows.choose(sizes, JUDGE),
    least_squares=True,
    torch="PyTorch has none",
    cases=({"lr": 1.0}, {"lr": 0.5, "shorter": 0.25}),
    refused=(Refused({"shorter": 2}, (), "≤ 1"),),
)


@inline
def weigh(settings: Any, loss: Any, search: Any) -> None:
    """Keeps a trial whose loss is lower, and the step is whole again; else it is shorter."""
    search[TRIAL] = loss
    search[LOOKS] += 1.0
    search[MOVED] = 1.0
    if search[FRESH] != 0.0 or loss < search[LOSS]:
        search[ACCEPTED] += 1.0 - search[FRESH]
        search[LOSS] = loss
        search[DAMPING] = 0.0
        search[SCALE] = 1.0
    else:
        search[MOVED] = 0.0
        search[REJECTED] += 1.0
        search[SCALE] = search[SCALE] * settings[1]
        if search[SCALE] < settings[2]:
            search[LOOKS] = 0.0


_JUDGE, _JUDGE_CUDA = _damped_by_rows.judge_kernels(__name__, weigh)


def _judged(settings: Array, loss: Array, w: Array, point: Array, search: Array) -> tuple[Array, ...]:
    search = search.copy()
    search[TRIAL], search[MOVED] = loss[0], 1
    search[LOOKS] += 1
    if search[FRESH] != 0 or loss[0] < search[LOSS]:
        search[ACCEPTED] += 1 - search[FRESH]
        search[LOSS], search[DAMPING], search[SCALE] = loss[0], 0, 1
    else:
        search[MOVED] = 0
        search[REJECTED] += 1
        search[SCALE] *= settings[1]
        search[LOOKS] *= search[SCALE] >= settings[2]
    now = w if search[MOVED] else point
    return now, now, search, search[LOSS : LOSS + 1]


JUDGE: Operation = Operation(
    name="accept, or halve",
    kernel=_JUDGE,
    cuda=(CudaRow(_JUDGE_CUDA, once), CudaRow(_damped_by_rows.follow_cuda)),
    reads=("optimizer", "loss", "parameters", "point", "search"),
    writes=("parameters", "point", "search", "accepted"),
    reference=_judged,
    formula="loss < accepted loss: point ← w;  else w ← point, and the step is shorter",
    words="A step that lowers the loss is kept. Any other is undone, and tried again with a part of its length.",
    element=_damped_by_rows.judged_element(_judged),
    torch="",
)
