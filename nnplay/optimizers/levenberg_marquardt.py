"""Levenberg–Marquardt: least squares by a damped Gauss–Newton step; the damping follows from what steps achieve."""

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
#: The least damping: 0 could not be multiplied up again.
LEAST = 1e-20

LEVENBERG_MARQUARDT = OptimizerRecord(
    name="levenberg_marquardt",
    title="Levenberg–Marquardt",
    about="Least squares: solves for the step that a parabola through the errors suggests, held back by a damping μ "
    "(MATLAB's trainlm).",
    when="Small networks that predict numbers: reaches errors that no first-order optimizer comes near.",
    fields=(
        number("lr", 1.0, "share of the solved step that is tried", low=0.0, live=True),
        number("mu", 0.001, "damping at first: large is a short step downhill, 0 is Gauss–Newton", low=0.0, live=True),
        number("mu_dec", 0.1, "what damping is multiplied by after a step was accepted", low=0.0, high=1.0, live=True),
        number("mu_inc", 10.0, "what it is multiplied by after one was rejected", low=1.0, live=True),
        number("mu_max", 1e10, "damping above which the search starts over", low=0.0, live=True),
    ),
    slots=(),
    rule=None,
    whole=lambda sizes, values: _damped_by_rows.choose(sizes, JUDGE),
    least_squares=True,
    torch="PyTorch has none",
    cases=({"lr": 1.0}, {"lr": 0.5, "mu": 0.1, "mu_dec": 0.5, "mu_inc": 2.0}),
    refused=(
        Refused({"mu": -1}, (), "≥ 0"),
        Refused({"mu_dec": 2}, (), "≤ 1"),
        Refused({"mu_inc": 0.5}, (), "≥ 1"),
    ),
)  # fmt: skip


@inline
def weigh(settings: Any, loss: Any, search: Any) -> None:
    """Keeps a trial whose loss is lower, and μ ← μ·mu_dec; else μ ← μ·mu_inc."""
    search[TRIAL] = loss
    search[LOOKS] += 1.0
    search[SCALE] = 1.0
    search[MOVED] = 1.0
    if search[FRESH] != 0.0:
        search[DAMPING] = max(settings[1], LEAST)
        search[LOSS] = loss
    elif loss < search[LOSS]:
        search[DAMPING] = max(search[DAMPING] * settings[2], LEAST)
        search[LOSS] = loss
        search[ACCEPTED] += 1.0
    else:
        search[DAMPING] = search[DAMPING] * settings[3]
        search[MOVED] = 0.0
        search[REJECTED] += 1.0
        if search[DAMPING] > settings[4]:
            search[LOOKS] = 0.0


_JUDGE, _JUDGE_CUDA = _damped_by_rows.judge_kernels(__name__, weigh)


def _judged(settings: Array, loss: Array, w: Array, point: Array, search: Array) -> tuple[Array, ...]:
    search = search.copy()
    search[TRIAL], search[SCALE], search[MOVED] = loss[0], 1, 1
    search[LOOKS] += 1
    if search[FRESH] != 0:
        search[DAMPING], search[LOSS] = max(settings[1], LEAST), loss[0]
    elif loss[0] < search[LOSS]:
        search[DAMPING], search[LOSS] = max(search[DAMPING] * settings[2], LEAST), loss[0]
        search[ACCEPTED] += 1
    else:
        search[DAMPING], search[MOVED] = search[DAMPING] * settings[3], 0
        search[REJECTED] += 1
        search[LOOKS] *= search[DAMPING] <= settings[4]
    now = w if search[MOVED] else point
    return now, now, search, search[LOSS : LOSS + 1]


JUDGE: Operation = Operation(
    name="accept or reject",
    kernel=_JUDGE,
    cuda=(CudaRow(_JUDGE_CUDA, once), CudaRow(_damped_by_rows.follow_cuda)),
    reads=("optimizer", "loss", "parameters", "point", "search"),
    writes=("parameters", "point", "search", "accepted"),
    reference=_judged,
    formula="loss < accepted loss: point ← w, μ ← μ·mu_dec;  else w ← point, μ ← μ·mu_inc",
    words="A trial that lowers the loss is kept, and the next one dares more. Any other is undone, and the next one "
    "is shorter.",
    element=_damped_by_rows.judged_element(_judged),
    torch="",
)
