"""Attention over one example: for each head, which step looks at which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes, has_symbols
from nnplay.views.layer_places import attending_layers, name_layers
from nnplay.views.rows import decide_classes, shown_part
from nnplay.views.symbols import name_symbols
from nnplay.views.view import Asked, Output, View
from nnplay.views.worst_example import find_worst_example


@dataclass(frozen=True, slots=True)
class Attention(Output):
    """Who looks at whom in one example.

    Attributes:
        steps: what stands at each step that looks, by name or number.
        heads: name and weights (steps, seen) of each head, layer by layer; a row looks at the columns and sums to 1.
        seen: what stands at each step that is looked at; empty where those are the same steps.
    """

    steps: tuple[str, ...]
    heads: tuple[tuple[str, NDArray[np.float32]], ...]
    seen: tuple[str, ...] = ()


def suits(trainer: Trainer) -> bool:
    """Some layer of the network has steps that look at each other."""
    return bool(attending_layers(trainer.plan))


def make_attention(trainer: Trainer, asked: Asked) -> Attention:
    """The weights of every head, of every layer or of one, for one example."""
    row = asked.item
    x = shown_part(trainer).x[row : row + 1]
    layers = attending_layers(trainer.plan)
    paths = [planned.path for planned in (layers if asked.place == 0 else layers[asked.place - 1 : asked.place])]
    found = trainer.forward(x, [f"eval.{path}.weights" for path in paths])
    heads = [
        (f"layer {path} head {number}" if len(paths) > 1 else f"head {number}", weights.astype(np.float32))
        for path, layer in zip(paths, found.values(), strict=True)
        for number, weights in enumerate(layer[0].reshape(-1, *layer.shape[-2:]))
    ]
    symbols = name_symbols(x[0], trainer.split.train) if has_symbols(trainer) else ()
    known = {len(names): names for names in (_answered(trainer, x), symbols)}
    steps, seen = (known.get(count, tuple(map(str, range(count)))) for count in heads[0][1].shape)
    return Attention(steps, tuple(heads), () if seen == steps else seen)


def _places(trainer: Trainer) -> tuple[str, ...]:
    """All layers together, and each by itself where there are several."""
    layers = attending_layers(trainer.plan)
    return ("all layers", *name_layers(layers)) if len(layers) > 1 else name_layers(layers)


def _answered(trainer: Trainer, x: NDArray[np.float32]) -> tuple[str, ...]:
    """What the network answers at each place of one example, by name: a decoder's steps are known by that."""
    if not has_classes(trainer) or shown_part(trainer).y.ndim != 2:
        return ()
    names = trainer.split.class_names
    return tuple(names[int(label)] for label in decide_classes(trainer, trainer.answers(x))[0])


ATTENTION = View(
    "attention",
    Attention,
    suits,
    make_attention,
    item="example",
    places=_places,
    place="layer",
    opens_layers=True,
    find_worst=find_worst_example,
    order=1,
    about="Which step of a sequence looks at which, head by head.",
    group="inside",
)
