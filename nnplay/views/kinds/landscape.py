"""The loss around the present weights, in two directions, with the way that the run and its forks have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.training.curvature import Search, curvature_of
from nnplay.training.loss_plane import Plane, path_directions, project, reach_of
from nnplay.training.race import race_of
from nnplay.training.state.initial_state import view_of_slot
from nnplay.training.trainer import Trainer
from nnplay.views.view import Asked, Output, View, Way

Floats = NDArray[np.float64]
#: Seconds that a picture may take.
_SECONDS: Final = 0.08
#: What the directions are.
PLACES: Final = ("the run's own path", "random, filter-normalised", "most curved")
_PATH, _RANDOM, _CURVED = range(3)
#: Of two weights, whose plane is all that there is: whose ways are drawn.
PLACES_OF_TWO: Final = ("the run and its forks", "a race of optimizers")
#: Turns of the race in one picture.
_TURNS: Final = 4


@dataclass(frozen=True, slots=True)
class Landscape(Output):
    """The loss on a grid.

    Attributes:
        losses: (upright, across), of the training rows.
        across, upright: coordinates of columns and lines along the two directions.
        ways: name of each branch, and its places (k, 2) on the grid's plane, in order; this run first.
        at: the present place (2,).
        words: what the directions are.
        problem: why there is nothing to see.
        races: the ways are those of other optimizers, and this run is not among them.
        unfinished: the race goes on.
    """

    losses: Floats
    across: Floats
    upright: Floats
    ways: tuple[tuple[str, Floats], ...]
    at: Floats
    words: str
    problem: str = ""
    races: bool = False
    unfinished: bool = False


def suits(trainer: Trainer) -> bool:
    """One network is trained for one loss."""
    stages = trainer.machine.tape.stages
    return len(stages) == 1 and bool(stages[0].gradients) and trainer.machine.compiling is None


def make_landscape(trainer: Trainer, asked: Asked) -> Landscape:
    """As fine a grid as there is time for."""
    plane = Plane(trainer)
    two = len(plane.weights) == 2
    races = two and asked.place == 1
    ways, goes_on = _race(trainer) if races else (_read_ways(trainer, asked.ways()), False)
    found, waits = _directions(trainer, plane, ways, asked.place)
    if isinstance(found, str):
        nothing = np.zeros((0, 0)), np.zeros(0), np.zeros(0), (), np.zeros(2)
        return Landscape(*nothing, PLACES[asked.place], found, unfinished=waits)
    places = tuple((name, project(points, plane.weights, found)) for name, points in ways if len(points))
    drawn = [where for name, where in places] if asked.place == _PATH or two else []
    size = 1.0 if asked.place == _RANDOM else 0.5 * max(1e-3, float(np.linalg.norm(plane.weights)) / 4)
    ends = reach_of(np.vstack(drawn) if drawn else np.zeros((1, 2)), 0.5 if two else 1e-3 if drawn else size)
    side = plane.side_for(_SECONDS)
    across, upright = (np.linspace(float(limits[0]), float(limits[1]), side) for limits in ends)
    losses = plane.grid(plane.weights, found, across, upright)
    words = "the two weights" if two else PLACES[asked.place]
    at = np.full(2, np.nan) if races else np.zeros(2)
    return Landscape(
        losses,
        across,
        upright,
        places,
        at,
        f"loss over {words}, {side}×{side} points",
        races=races,
        unfinished=goes_on or waits,
    )


def _count(trainer: Trainer) -> int:
    """How many weights are trained."""
    tape = trainer.machine.tape
    return sum(tape.parameters[full].size(1) for full in tape.stages[0].gradients)


def _race(trainer: Trainer) -> tuple[list[tuple[str, Floats]], bool]:
    """The ways of the race, and whether it goes on."""
    race = race_of(trainer)
    goes_on = [race.turn() for _ in range(_TURNS)]
    return race.ways(), goes_on[-1] or race.compiles


def _directions(
    trainer: Trainer, plane: Plane, ways: Sequence[tuple[str, Floats]], place: int
) -> tuple[Floats | str, bool]:
    """The two directions (2, M), or why there are none; and whether there will be some soon."""
    if len(plane.weights) == 2:
        return np.eye(2), False
    if place == _RANDOM:
        return plane.random_directions(), False
    if place == _PATH:
        path = [points for _, points in ways if len(points)]
        found = path_directions(np.vstack([*path, plane.weights[None, :]])) if path else None
        return found if found is not None else "the path of the run appears here once it has taken some steps", False
    if len(plane.weights) < 2:
        return "there is only one weight", False
    try:
        curvature = curvature_of(trainer)
    except InputError as problem:
        return str(problem), False
    if not curvature.ready:
        return "kernels in double precision are being compiled", True
    search = curvature.search
    if search is None or (search.done and search.step != trainer.step):
        search = curvature.search = Search(curvature, curvature.take(trainer.tensors()), step=trainer.step)
    if search.go_on(_SECONDS):
        curvature.directions = search.vectors
    if curvature.directions is None:
        return f"the most curved directions of step {search.step:,} are looked for: {search.words}", True
    return curvature.directions, not search.done  # those of some steps ago, while newer ones are looked for


def _read_ways(trainer: Trainer, ways: Sequence[Way]) -> list[tuple[str, Floats]]:
    """Weights (k, M) of each way, as far as they are those of this network."""
    machine = trainer.machine
    slots = [machine.tape.parameters[full] for full in machine.tape.stages[0].gradients]
    found = []
    for way in ways:
        recorded = way.curves.of("path")
        if len(recorded) == sum(slot.size(1) for slot in slots):
            found.append((way.name, np.array(list(recorded.values()), np.float64).T))
            continue
        points: list[NDArray[Any]] = []
        for moment in way.moments:
            checkpoint = moment.read()
            if checkpoint.structure == trainer.structure:
                memory = checkpoint.memory
                points.append(np.concatenate([view_of_slot(memory, machine, slot).ravel() for slot in slots]))
        found.append((way.name, np.array(points, np.float64)))
    return found


LANDSCAPE = View(
    "landscape",
    Landscape,
    suits,
    make_landscape,
    about="The loss on a plane through the present weights, with the path of the run and of its forks on it.",
    group="gradients",
    place="directions",
    places=lambda trainer: PLACES_OF_TWO if _count(trainer) == 2 else PLACES,
    order=3,
)
