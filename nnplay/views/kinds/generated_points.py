"""Two players over the plane: what the discriminator thinks of it, real points, and generated ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.players.made_rows import (
    Generator,
    Modes,
    divergences,
    fixed_noise,
    generator_of,
    in_units,
    make_rows,
    modes_of,
)
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import plane_inputs
from nnplay.views.made_over_time import made_over_time
from nnplay.views.plane import find_ranges, make_surface
from nnplay.views.rows import raw_inputs
from nnplay.views.table import Table
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.float32]
Array = NDArray[Any]
PLACES: Final = ("points", "arrows", "manifold", "trail")
_SIZE: Final = 40
_MADE: Final = 500
_ARROWS: Final = 60
_TRAILS: Final = 40
_LATENT: Final = 48
#: Half the width of the latent square that is drawn, in deviations of normal noise.
_REACH: Final = 2.5
#: Steps by which a slope is measured, as a share of the plane's width.
_STEP: Final = 1e-3


@dataclass(frozen=True, slots=True)
class GeneratedPoints(Output):
    """The plane with both players.

    Attributes:
        what: which of `PLACES`.
        field: (rows, columns), first row at the top: the discriminator's answer from −1 (generated) to 1 (real), or for
            the manifold how densely it lies, from 0 to 1.
        real, made: points (n, 2) and (m, 2), in the data's own units.
        kinds: (n,), which lump each real point is of; None where they are of no kinds.
        arrows: (k, 2), where the first k made points are pulled; None where they are not asked for.
        trail: (t, k, 2), where the first k generated points were at earlier steps and are now; None as with arrows.
        steps: (t,) of the trail.
        x_range, y_range: the part of the plane.
        kl, js: how far the made points are from the real ones, in bits.
        modes: which lumps are covered, if there are any.
    """

    what: str
    field: Floats
    real: Floats
    made: Floats
    kinds: NDArray[Any] | None
    arrows: Floats | None
    trail: Floats | None
    steps: tuple[int, ...]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    kl: float
    js: float
    modes: Modes | None


def suits(trainer: Trainer) -> bool:
    """A generator of points in the plane."""
    return plane_inputs(trainer) == 2 and not trainer.split.train.features[2:] and generator_of(trainer) is not None


def make_points(trainer: Trainer, asked: Asked) -> GeneratedPoints:
    """What both players do over the plane now."""
    generator = generator_of(trainer)
    if generator is None:
        raise ValueError("this run has no generator")
    what = PLACES[asked.place]
    x_range, y_range = find_ranges(trainer)
    noise = fixed_noise(trainer, generator, _MADE)
    rows = make_rows(trainer, generator, noise)
    real, made = raw_inputs(trainer, trainer.split.train), in_units(trainer, rows)
    corners = np.array([x_range, y_range]).T
    kl, js = divergences(real, made, *corners)
    if what == "manifold":
        field = _density(trainer, generator, x_range, y_range)
    else:
        field = make_surface(trainer, _SIZE, _SIZE).values
        field = field / max(1.0, float(np.abs(field).max(initial=0.0)))
    arrows = _pulls(trainer, made[:_ARROWS], corners) if what == "arrows" else None
    past = made_over_time(trainer, generator, noise[:_TRAILS], asked) if what == "trail" else ()
    return GeneratedPoints(
        what,
        field.astype(np.float32),
        real[:_MADE].astype(np.float32),
        made.astype(np.float32),
        None if trainer.split.train.kinds is None else trainer.split.train.kinds[:_MADE],
        arrows,
        np.stack([each.rows for each in past]).astype(np.float32) if past else None,
        tuple(each.step for each in past),
        x_range,
        y_range,
        kl,
        js,
        modes_of(trainer, rows),
    )


def _pulls(trainer: Trainer, points: Array, corners: Array) -> Floats:
    """The slope of the discriminator's score at points (k, 2): the direction in which they would look more real."""
    step = _STEP * float(np.ptp(corners, axis=0).max())
    moved = np.concatenate([points + step * np.array(way) for way in ((1, 0), (-1, 0), (0, 1), (0, -1))])
    scores = trainer.answers(trainer.split.inputs(moved.astype(np.float32)))[:, 0].reshape(4, -1)
    return np.stack([scores[0] - scores[1], scores[2] - scores[3]], axis=1).astype(np.float32) / np.float32(2 * step)


def _density(
    trainer: Trainer, generator: Generator, x_range: tuple[float, float], y_range: tuple[float, float]
) -> Array:
    """How densely a fine grid of the first two latent numbers lies over the plane, (rows, columns) from 0 to 1."""
    reach = _REACH if generator.distribution == "normal" else 1.0
    across = np.linspace(-reach, reach, _LATENT)
    latent = np.zeros((_LATENT**2, generator.noise))
    latent[:, 0] = np.repeat(across, _LATENT)
    if generator.noise > 1:
        latent[:, 1] = np.tile(across, _LATENT)
    places = in_units(trainer, make_rows(trainer, generator, latent))
    edges = (np.linspace(*y_range, _SIZE + 1), np.linspace(*x_range, _SIZE + 1))
    counts = np.histogram2d(places[:, 1], places[:, 0], edges)[0][::-1]
    shades = np.log1p(counts)
    return np.asarray(shades / max(float(shades.max()), 1e-9))


def list_points(shown: GeneratedPoints) -> Table:
    """A row for each generated point."""
    return Table(("x1", "x2"), shown.made.tolist())


GENERATED_POINTS = View(
    "generated points",
    GeneratedPoints,
    suits,
    make_points,
    about="Real and generated points over what the discriminator thinks of the plane; J: arrows, its sheet, trails.",
    places=lambda trainer: PLACES,
    place="picture",
    order=-1,
    table=list_points,
)
