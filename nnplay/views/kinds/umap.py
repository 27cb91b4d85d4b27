"""The rows in every layer by UMAP, which keeps near what is near."""

from __future__ import annotations

import functools

from nnplay.errors import InputError
from nnplay.system.extras import need
from nnplay.training.trainer import Trainer
from nnplay.views.clouds import Clouds, turn_clouds
from nnplay.views.layer_values import compared_rows, name_layers, read_layers
from nnplay.views.row_groups import group_rows
from nnplay.views.umap_rounds import Progress, umap_rounds
from nnplay.views.view import Asked, View

_LEAST_ROWS = 5


def make_umap(trainer: Trainer, asked: Asked) -> Clouds:
    """The newest round that is whole, and how far the next one is."""
    rows = compared_rows(trainer)
    groups = group_rows(trainer, rows.y)
    try:
        need("umap", "UMAP is", "UMAP", "worked out")
    except InputError as problem:
        return Clouds((), groups, f"{problem.what}: {problem.hint}")
    if len(rows.x) < _LEAST_ROWS:
        return Clouds((), groups, f"UMAP needs {_LEAST_ROWS} rows or more, and here are {len(rows.x)}")
    key = trainer.step, sum(float(values.sum()) for values in trainer.parameters().values())
    progress = umap_rounds().ask(trainer, key, functools.partial(read_layers, trainer, rows.x))
    if progress.found is None:
        return Clouds((), groups, _tell(progress), unfinished=not progress.problem)
    clouds = turn_clouds(name_layers(trainer), progress.found.places, asked.before)
    words = f"step {progress.found.key[0]:,}, {rows.words}"
    return Clouds(clouds, groups, words, asked.place - 1, unfinished=progress.found.key != key)


def _tell(progress: Progress) -> str:
    if progress.problem:
        return progress.problem
    return f"UMAP is being worked out, {progress.done} of {progress.count} layers; it takes long the first time"


UMAP = View(
    "UMAP",
    Clouds,
    lambda trainer: True,
    make_umap,
    about="The same rows in every layer by UMAP: who is near whom, of curved shapes too (needs umap-learn).",
    group="inside",
    places=lambda trainer: ("all layers", *name_layers(trainer)),
    place="layer",
    order=14,
)
