"""The loss around the present weights along one or two directions, with the way of the run and of its forks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import NnplayError
from nnplay.training.landscape.loss_grid import LossGrid, begin_grid, refine
from nnplay.training.landscape.loss_plane import Plane, project, reach_of
from nnplay.training.race import race_of
from nnplay.training.state.initial_state import view_of_slot
from nnplay.training.trainer import Trainer
from nnplay.views.slice_directions import SLICES, NotYetError, Slice, typed_slice
from nnplay.views.view import Asked, Output, View, Way

Floats = NDArray[np.float64]
Ways = tuple[tuple[str, Floats], ...]
#: Seconds that a picture may take.
_SECONDS: Final = 0.08
#: Of two weights, whose plane is all that there is: whose ways are drawn.
PLACES_OF_TWO: Final = ("the run and its forks", "a race of optimizers")
#: Turns of the race in one picture.
_TURNS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Landscape(Output):
    """The loss on a grid, or on a line, whose grid has one line of points.

    Attributes:
        losses: (upright, across), of the training rows; where a point is not worked out yet, that of one beside it.
        across, upright: coordinates of columns and lines along the directions.
        ways: name of each branch, and its places (k, 2) on the grid's plane, in order; this run first.
        at: the present place (2,).
        words: what the directions are.
        problem: why there is nothing to see.
        races: the ways are those of other optimizers, and this run is not among them.
        unfinished: a finer picture, or more of the race, follows even if the run stands still.
        grid: what was worked out so far.
        key: what the picture is of besides the weights.
        ends: the loss at the last place of each way, if it is a race.
    """

    losses: Floats
    across: Floats
    upright: Floats
    ways: Ways
    at: Floats
    words: str
    problem: str = ""
    races: bool = False
    unfinished: bool = False
    grid: LossGrid | None = None
    key: tuple[object, ...] = ()
    ends: tuple[float, ...] = ()

    @property
    def is_line(self) -> bool:
        """There is one direction."""
        return len(self.upright) == 1


def suits(trainer: Trainer) -> bool:
    """One network is trained for one loss."""
    stages = trainer.machine.tape.stages
    return len(stages) == 1 and bool(stages[0].gradients) and trainer.machine.compiling is None


def make_landscape(trainer: Trainer, asked: Asked) -> Landscape:
    """A coarse grid at once, and more of it in each further picture of the same weights."""
    plane = Plane(trainer)
    two = _count(trainer) == 2
    if two and asked.place == 1 and not asked.typed:
        return _make_race(trainer, plane, asked.before)
    ways = asked.ways()
    place = 0 if two else asked.place
    key = (asked.typed or place, tuple((way.name, len(way.moments), len(way.curves)) for way in ways))
    before = asked.before if isinstance(asked.before, Landscape) and asked.before.key == key else None
    if before is not None and before.grid is not None and np.array_equal(before.grid.middle, plane.weights):
        return _draw(plane, before.grid, before.ways, key, _words(trainer, place, asked.typed))
    try:
        found = _cut(trainer, plane, ways, typed_slice(asked.typed) if asked.typed else _slice_at(trainer, place))
    except NnplayError as problem:
        waits = isinstance(problem, NotYetError)
        return _nothing(asked.typed or _slice_at(trainer, place).name, str(problem), waits)
    return _draw(plane, *found, key, _words(trainer, place, asked.typed))


def _slice_at(trainer: Trainer, place: int) -> Slice:
    """The slice that is chosen; of two weights there is one."""
    both = Slice("the two weights", lambda trainer, plane, ways: np.eye(2), 0.5, holds_ways=True)
    return both if _count(trainer) == 2 else SLICES[place]


def _cut(trainer: Trainer, plane: Plane, ways: Sequence[Way], cut: Slice) -> tuple[LossGrid, Ways]:
    """An empty grid along the directions, and where the ways lie on it."""
    walked = read_ways(trainer, ways)
    directions = cut.choose(trainer, plane, [points for _, points in walked])
    places = tuple((name, _places(points, plane, directions)) for name, points in walked if len(points))
    return begin_grid(plane.weights, directions, _ends(plane, places, cut)), places


def _places(points: Floats, plane: Plane, directions: Floats) -> Floats:
    """Where weights (k, M) lie on the plane, (k, 2); on a line all lie at 0 in the other direction."""
    found = project(points, plane.weights, directions)
    return found if found.shape[1] == 2 else np.hstack([found, 0 * found])


def _ends(plane: Plane, places: Ways, cut: Slice) -> tuple[Floats, Floats]:
    reach = cut.reach or 0.5 * max(1e-3, float(np.linalg.norm(plane.weights)) / 4)
    return reach_of(np.vstack([where for _, where in places]) if cut.holds_ways and places else np.zeros((1, 2)), reach)


def _draw(plane: Plane, begun: LossGrid, ways: Ways, key: tuple[object, ...], words: str) -> Landscape:
    """The grid with as many more points as there is time for."""
    grid = begun if begun.whole else refine(plane, begun, _SECONDS)
    lines, columns = grid.losses.shape
    size = f"{columns} points" if lines == 1 else f"{columns}×{lines} points"
    part = f", {plane.rows:,} of {plane.all_rows:,} training rows" if plane.rows < plane.all_rows else ""
    done = "" if grid.whole else f", {100 * int(grid.known.sum()) // grid.known.size} % worked out"
    told = f"loss over {words}, {size}{part}{done}"
    unfinished = not grid.whole
    return Landscape(
        grid.filled, grid.across, grid.upright, ways, np.zeros(2), told, unfinished=unfinished, grid=grid, key=key
    )


def _words(trainer: Trainer, place: int, typed: str) -> str:
    return " and ".join(typed.split()) if typed else _slice_at(trainer, place).name


def _nothing(words: str, problem: str, waits: bool) -> Landscape:
    nothing = np.zeros(0)
    return Landscape(np.zeros((0, 0)), nothing, nothing, (), np.zeros(2), words, problem, unfinished=waits)


def _count(trainer: Trainer) -> int:
    """How many weights are trained."""
    tape = trainer.machine.tape
    return sum(tape.parameters[full].size(1) for full in tape.stages[0].gradients)


def _make_race(trainer: Trainer, plane: Plane, before: Output | None) -> Landscape:
    """Other optimizers from where the run began, some steps further each time."""
    race = race_of(trainer)
    went = [race.turn() for _ in range(_TURNS)]
    places = tuple((name, _places(points, plane, np.eye(2))) for name, points in race.paths())
    grid = begin_grid(plane.weights, np.eye(2), _ends(plane, places, _slice_at(trainer, 0)))
    if isinstance(before, Landscape) and before.grid is not None and before.grid.is_like(grid):
        grid = before.grid
    grid = grid if grid.whole else refine(plane, grid, _SECONDS)
    lasts = plane.losses(np.array([points[-1] for _, points in race.paths()]))
    order = np.argsort(lasts, kind="stable")  # the one that has come furthest down is told first
    places = tuple(places[k] for k in order)
    words = f"a race of {len(places)} optimizers over the two weights, the lowest loss first"
    nowhere = np.full(2, np.nan)
    return Landscape(
        grid.filled, grid.across, grid.upright, places, nowhere, words, races=True, grid=grid,
        unfinished=any(went) or race.compiling or not grid.whole, ends=tuple(lasts[order].tolist()),
    )  # fmt: skip


def read_ways(trainer: Trainer, ways: Sequence[Way]) -> list[tuple[str, Floats]]:
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
    about="The loss on a plane or a line through the present weights, with the path of the run and of its forks on it.",
    group="gradients",
    place="directions",
    places=lambda trainer: PLACES_OF_TWO if _count(trainer) == 2 else tuple(cut.name for cut in SLICES),
    typed="one or two weights: 0.weight[0,1] 0.weight[1,1]",
    order=3,
)
