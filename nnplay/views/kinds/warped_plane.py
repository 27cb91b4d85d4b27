"""The plane of two inputs as each layer bends it, after ConvNetJS (Karpathy, 2014)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.clouds import Clouds, make_clouds
from nnplay.views.data_form import has_classes, plane_inputs
from nnplay.views.layer_values import compared_rows, name_layers, read_layers
from nnplay.views.plane import find_ranges
from nnplay.views.row_groups import group_rows
from nnplay.views.rows import decide_classes
from nnplay.views.view import Asked, View

#: Lines of the grid each way, and points on each of them.
_LINES: Final = 13
_POINTS: Final = 61


def make_warped_plane(trainer: Trainer, asked: Asked) -> Clouds:
    """A grid over the plane and the rows on it, as they come out of each layer."""
    rows = compared_rows(trainer)
    grid = trainer.split.inputs(_make_lines(trainer).reshape(-1, 2))
    lines = read_layers(trainer, grid)
    clouds = make_clouds(read_layers(trainer, rows.x), asked.before, lines, _POINTS)
    groups = group_rows(trainer, rows.y)
    answered = None
    if has_classes(trainer):
        answered = groups.find(decide_classes(trainer, trainer.answers(grid))).reshape(2, -1, _POINTS)
    return Clouds(clouds, groups, rows.words, asked.place - 1, answered)


def _make_lines(trainer: Trainer) -> NDArray[Any]:
    """Upright lines and then level ones, (2, lines, points, 2), over the part of the plane that is drawn."""
    (x0, x1), (y0, y1) = find_ranges(trainer)
    across, up = np.linspace(0, 1, _LINES), np.linspace(0, 1, _POINTS)
    still, moving = np.broadcast_arrays(across[:, None], up[None, :])
    shares = np.stack([np.stack([still, moving], axis=-1), np.stack([moving, still], axis=-1)])
    return np.asarray(np.array([x0, y0]) + shares * np.array([x1 - x0, y1 - y0]), np.float32)


WARPED_PLANE = View(
    "warped plane",
    Clouds,
    lambda trainer: plane_inputs(trainer) == 2,
    make_warped_plane,
    about="The plane of the two inputs as each layer bends it, until a straight cut parts the classes.",
    group="inside",
    places=lambda trainer: ("all layers", *name_layers(trainer)),
    place="layer",
    order=11,
)
