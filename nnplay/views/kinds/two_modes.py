"""What a layer does in training and in evaluation: batch norm and dropout give other numbers there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.training.next_batch import input_slot, is_ready, next_batch
from nnplay.training.trainer import Trainer
from nnplay.views.layer_names import name_layer
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.floating[Any]]
#: Bars of a histogram, and numbers of one row that are shown.
_BARS: Final = 48
#: Numbers that a histogram is of at the most, evenly spread over the batch.
_COUNTED: Final = 20_011
_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often numbers fall between two limits, in equal parts: counts (bars,)."""

    title: str
    counts: NDArray[np.int64]
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TwoModes(Output):
    """One layer in both modes, for a row of the next batch.

    Attributes:
        row, rows: which row of the batch, and how many it has.
        given, trained, evaluated: the layer's input in training, and its output in either mode, for that row (units,).
        mask: what the input was multiplied with in training (units,); None for a layer without one.
        units: names of those numbers.
        statistics: by name, numbers of each channel: of the batch and running ones.
        histograms: of numbers of the whole batch before the layer, and behind it in either mode, with the same limits.
        running: running statistics over the run by name: recorded steps, and the mean over all channels.
        waits: nothing can be shown until kernels are compiled.
    """

    row: int
    rows: int
    given: Floats
    trained: Floats
    evaluated: Floats
    mask: Floats | None
    units: tuple[str, ...]
    statistics: tuple[tuple[str, Floats], ...]
    histograms: tuple[Histogram, ...]
    running: tuple[tuple[str, NDArray[np.int64], Floats], ...]
    waits: bool = False


def suits(trainer: Trainer) -> bool:
    """Some layer does something else in evaluation than in training."""
    return bool(_layers(trainer))


def name_switching(trainer: Trainer) -> tuple[str, ...]:
    """Those layers, in the order of the forward pass."""
    return tuple(name_layer(planned) for planned in _layers(trainer))


def make_two_modes(trainer: Trainer, asked: Asked) -> TwoModes:
    """The next batch, forward in training mode and in evaluation mode, with the same weights."""
    layers = _layers(trainer)
    planned, nothing = layers[asked.place % len(layers)], np.zeros(0, np.float32)
    if not is_ready(trainer):
        return TwoModes(0, 1, nothing, nothing, nothing, None, (), (), (), (), waits=True)
    machine, layout = trainer.machine, trainer.machine.tape.layout
    running = _running(trainer, planned)
    with next_batch(trainer, backward=False) as n:
        x = machine.view(machine.tape.stages[0].named["input"], n).copy()
        given = machine.view(input_slot(trainer, planned.path), n).copy()
        trained = machine.view(layout.find(f"{planned.path}.output", "activations"), n).copy()
        saved = {
            name: machine.view(layout.find(f"{planned.path}.{name}", "activations"), n).copy()
            for name in planned.plan.saved
            if name in ("mask", "mean", "rstd")
        }
    name = f"eval.{planned.path}.output"
    evaluated = trainer.forward(x, [name])[name]
    row, mask = asked.item % n, saved.get("mask")
    at, units = _pick(given.shape[1:])
    if mask is not None:
        mask = np.broadcast_to(mask, trained.shape)
    return TwoModes(
        row, n, given[row][at].ravel(), trained[row][at].ravel(), evaluated[row][at].ravel(),
        None if mask is None else mask[row][at].ravel(), units, _statistics(saved, running),
        _histograms({"before": given, "training": trained, "evaluation": evaluated}), _over_the_run(trainer, planned),
    )  # fmt: skip


def _layers(trainer: Trainer) -> list[PlannedLayer]:
    """Layers with rows of their own in evaluation, which give as many numbers as they take."""
    values = trainer.plan.values
    return [
        planned
        for planned in trainer.plan.layers
        if planned.plan.evaluate is not None and values[planned.inputs[0]] == planned.plan.output
    ]


def _pick(shape: tuple[int, ...]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Where the shown numbers of a row are: all channels at the place in the middle, and their names."""
    middle = tuple(size // 2 for size in shape[:-1])
    word = "channel" if middle else "unit"
    return (*middle, slice(0, _MOST)), tuple(f"{word} {k}" for k in range(min(_MOST, shape[-1])))


def _running(trainer: Trainer, planned: PlannedLayer) -> dict[str, Floats]:
    """Running statistics (channels,) as evaluation uses them now, by name."""
    layout = trainer.machine.tape.layout
    return {
        name: trainer.machine.view(layout.find(f"{planned.path}.{name}", "buffers")).copy()
        for name in planned.plan.buffers
    }


def _statistics(saved: dict[str, Floats], running: dict[str, Floats]) -> tuple[tuple[str, Floats], ...]:
    """Means and deviations of the batch beside the running ones, where the layer has both."""
    if not running or "mean" not in saved or "rstd" not in saved:
        return ()
    return (
        ("batch mean", saved["mean"][:_MOST]),
        ("running mean", running["running_mean"][:_MOST]),
        ("batch deviation", 1.0 / saved["rstd"][:_MOST]),
        ("running deviation", np.sqrt(running["running_var"][:_MOST])),
    )


def _histograms(values: dict[str, Floats]) -> tuple[Histogram, ...]:
    sampled = {name: array.ravel()[:: -(-array.size // _COUNTED)] for name, array in values.items()}
    finite = {name: array[np.isfinite(array)] for name, array in sampled.items()}
    every = np.concatenate(list(finite.values()))
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    return tuple(
        Histogram(name, np.histogram(array, _BARS, (low, high))[0], low, high) for name, array in finite.items()
    )


def _over_the_run(trainer: Trainer, planned: PlannedLayer) -> tuple[tuple[str, NDArray[np.int64], Floats], ...]:
    curves = trainer.history.by_layer
    return tuple(
        (name, curves.steps.copy(), curves.column(f"running:{planned.path}.{name}").copy())
        for name in planned.plan.buffers
        if len(curves)
    )


TWO_MODES = View(
    "training against evaluation",
    TwoModes,
    suits,
    make_two_modes,
    about="What batch norm, dropout and the like change: one row in both modes, before and behind the layer.",
    group="inside",
    item="row of the next batch",
    count=lambda trainer, place: trainer.machine.current_batch.n,
    places=name_switching,
    place="layer",
    order=90,
)
