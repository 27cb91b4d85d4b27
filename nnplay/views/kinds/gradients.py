"""How long the gradient of each layer is: for the next batch, and over the whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.training.curves.layer_recording import Tensors
from nnplay.training.next_batch import is_ready, next_batch
from nnplay.training.trainer import Trainer
from nnplay.views.layer_names import name_layers
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Gradients(Output):
    """The lengths of the gradients.

    Attributes:
        layers: names of the trained layers, in the order of the forward pass.
        now: of the next batch (layers,); NaN while they cannot be worked out.
        steps, run: recorded steps (k,), and the lengths in those (k, layers).
    """

    layers: tuple[str, ...]
    now: Floats
    steps: NDArray[np.int64]
    run: Floats


def suits(trainer: Trainer) -> bool:
    """Something is trained."""
    return bool(trainer.machine.tape.stages[0].gradients)


def make_gradients(trainer: Trainer, asked: Asked) -> Gradients:
    """The gradient of a layer is that of all its parameters together: √ Σ g²."""
    gradients = trainer.machine.tape.stages[0].gradients
    now = dict.fromkeys(gradients, float("nan"))
    if is_ready(trainer):
        with next_batch(trainer), np.errstate(all="ignore"):
            tensors = Tensors("every gradient", gradients.values())
            now = dict(zip(gradients, tensors.lengths(tensors.read(trainer.machine)).tolist(), strict=True))
    curves = trainer.history.by_layer
    names, run = name_layers(trainer.plan), curves.of("gradient")
    paths = [path for path in names if any(full.rpartition(".")[0] == path for full in gradients)]
    return Gradients(
        tuple(names[path] for path in paths),
        np.array([_of_layer(now, path) for path in paths], np.float64),
        curves.steps.copy(),
        np.stack([_of_layer(run, path) for path in paths], axis=-1) + np.zeros((len(curves), 1)),
    )


def _of_layer(lengths: Mapping[str, Any], path: str) -> Any:
    found = [np.asarray(value, np.float64) for full, value in lengths.items() if full.rpartition(".")[0] == path]
    with np.errstate(all="ignore"):
        return np.sqrt(sum(value * value for value in found)) if found else np.float64("nan")


GRADIENTS = View(
    "gradients by layer",
    Gradients,
    suits,
    make_gradients,
    about="How long the gradient of each layer is, now and over the run: whether it fades or explodes on its way back.",
    group="gradients",
    order=1,
)
