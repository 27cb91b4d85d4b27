"""How sharply the loss curves along the run: the largest eigenvalues of the Hessian at some of its steps."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.training.landscape.curvature import Curvature, Search, curvature_of
from nnplay.training.state.checkpoint import Checkpoint
from nnplay.training.state.initial_state import view_of_slot
from nnplay.training.trainer import Trainer
from nnplay.views.slice_directions import COMPILING
from nnplay.views.view import Asked, Output, View

#: Steps of the run that are measured, and seconds that one picture may take.
_MOST: Final = 16
_SECONDS: Final = 0.08


@dataclass(frozen=True, slots=True)
class Sharpness(Output):
    """Eigenvalues of the Hessian of the training loss.

    Attributes:
        steps: (k,), in order.
        values: (k, 2), the two that are largest in size.
        limit: 2 / learning rate, above which plain gradient descent leaves the valley; 0 where an optimizer searches.
        problem: why there is nothing to see.
        part: of how many training rows, where it is not all.
        unfinished: some of the steps are still to be measured.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    limit: float
    problem: str = ""
    part: str = ""
    unfinished: bool = False


def make_sharpness(trainer: Trainer, asked: Asked) -> Sharpness:
    """As many rounds of the search as there is time for; what was measured before is kept."""
    known = _known(asked.before)
    try:
        curvature = curvature_of(trainer)
    except InputError as problem:
        return _nothing(str(problem))
    if not curvature.ready:
        return _nothing(COMPILING, unfinished=True)
    ways, end = asked.ways(), time.perf_counter() + _SECONDS
    moments = [] if not ways else [moment.read() for moment in ways[0].moments]
    moments = [one for one in moments if one.structure == trainer.structure]
    while True:
        search = curvature.searches.get("sharpness")
        if search is None or search.done:
            search = _next_search(trainer, curvature, known, moments)
        if search is None:
            break
        curvature.searches["sharpness"] = search
        if not search.go_on(max(0.0, end - time.perf_counter())):
            break
        known[search.step] = search.values
        if time.perf_counter() > end:
            break
    steps = sorted(step for step in known if step <= max(trainer.step, *(one.clock.step for one in moments), 0))
    if not steps and search is not None:
        return _nothing(f"step {search.step:,} is being measured: {search.words}", unfinished=True)
    values = np.array([np.resize(known[step], 2) for step in steps]).reshape(-1, 2)
    searches = trainer.optimizer.record.whole is not None
    limit = 0.0 if searches or not trainer.lr else 2 / trainer.lr
    part = f"{curvature.rows:,} of {curvature.all_rows:,} training rows" if curvature.rows < curvature.all_rows else ""
    return Sharpness(np.array(steps, np.int64), values, limit, part=part, unfinished=search is not None)


def _next_search(
    trainer: Trainer, curvature: Curvature, known: Mapping[int, object], moments: Sequence[Checkpoint]
) -> Search | None:
    """The present step and those of the past in turn, as far as they have not been measured."""
    past = [one for one in moments[:: max(1, len(moments) // _MOST)] if one.clock.step not in known]
    last = curvature.searches.get("sharpness")
    if trainer.step not in known and not (past and last is not None and last.step > past[-1].clock.step):
        return Search(curvature, curvature.take(trainer.tensors()), step=trainer.step)
    if not past:
        return None
    tape = trainer.machine.tape
    slots = {name: tape.parameters.get(name) or tape.layout.find(name) for name in (*tape.parameters, *tape.buffers)}
    tensors = {name: view_of_slot(past[0].memory, trainer.machine, slot) for name, slot in slots.items()}
    return Search(curvature, curvature.take(tensors), step=past[0].clock.step)


def _known(before: Output | None) -> dict[int, NDArray[np.float64]]:
    """What the last picture measured, by step."""
    if not isinstance(before, Sharpness):
        return {}
    return dict(zip(before.steps.tolist(), before.values, strict=True))


def _nothing(problem: str, *, unfinished: bool = False) -> Sharpness:
    return Sharpness(np.zeros(0, np.int64), np.zeros((0, 2)), 0.0, problem, unfinished=unfinished)


def suits(trainer: Trainer) -> bool:
    """One network is trained for one loss."""
    stages = trainer.machine.tape.stages
    return len(stages) == 1 and bool(stages[0].gradients) and trainer.machine.compiling is None


SHARPNESS = View(
    "sharpness",
    Sharpness,
    suits,
    make_sharpness,
    about="The largest eigenvalues of the Hessian along the run, beside what the learning rate can bear.",
    group="gradients",
    order=5,
)
