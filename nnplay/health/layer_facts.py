"""What the rules need to know about the layers: silent and saturated units, gradients, equal weights, updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.tape.memory_layout import STATE
from nnplay.training.curves.unit_activity import can_fail, fails, saturates, share_of_rows
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: Layers, rows and units that are looked at; a forward pass of its own only below that many multiply-adds and layers.
_MOST_LAYERS: Final = 24
_MOST_ROWS: Final = 256
_FEWEST_ROWS: Final = 24
_MOST_UNITS: Final = 256
_FORWARD_COST: Final = 1_000_000
_FORWARD_LAYERS: Final = 12
#: Steps after which answers that are all the same are a fault.
_SETTLED: Final = 20
_SAMPLE: Final = 2_048
_ROUNDING: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation layer: its path and kind, rows looked at, and the shares of silent and of saturated units."""

    path: str
    kind: str
    rows: int
    silent: float
    saturated: float


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight tensor.

    Attributes:
        path: its layer.
        gradient: root mean square of its gradient, NaN while that is unknown.
        alike: all units have the same weights.
        passes_alike: all inputs are passed on with the same weights.
    """

    path: str
    gradient: float
    alike: bool
    passes_alike: bool


def describe_activations(trainer: Trainer) -> tuple[Activation, ...]:
    """The activation layers, without the network's answer: of a sample of training rows, or of the last batch."""
    hidden = _sample_layers(
        [planned for planned in trainer.plan.layers if can_fail(planned) and planned.output != trainer.plan.output]
    )
    if not hidden:
        return ()
    rows = min(_MOST_ROWS, len(trainer.split.train), _FORWARD_COST // max(1, trainer.plan.multiply_adds))
    if rows >= _FEWEST_ROWS and len(trainer.plan.layers) <= _FORWARD_LAYERS:
        outputs = _compute_outputs(trainer, hidden, rows)
    elif trainer.batch_rows >= _FEWEST_ROWS and _holds_batch(trainer):
        outputs = _read_last_batch(trainer, hidden)
    else:
        return ()
    return tuple(_describe_activation(planned, output) for planned, output in zip(hidden, outputs, strict=True))


def count_same_answers(trainer: Trainer) -> int:
    """Rows of the training part that were looked at, where the network answers the same to all of them; else 0.

    Before some steps have been taken nobody looks: weights may well begin at 0.
    """
    x = trainer.split.train.x
    rows = min(_MOST_ROWS, len(x), _FORWARD_COST // max(1, trainer.plan.multiply_adds))
    if trainer.step < _SETTLED or rows < _FEWEST_ROWS or len(trainer.plan.layers) > _FORWARD_LAYERS:
        return 0
    answers = trainer.answers(x[:: len(x) // rows][:rows])
    return rows if np.isfinite(answers).all() and (answers == answers[:1]).all() else 0


def _compute_outputs(trainer: Trainer, layers: list[PlannedLayer], rows: int) -> list[Array]:
    x = trainer.split.train.x
    names = [f"eval.{planned.path}.output" for planned in layers]
    found = trainer.forward(x[:: len(x) // rows][:rows], names)
    return [found[name] for name in names]


def _read_last_batch(trainer: Trainer, layers: list[PlannedLayer]) -> list[Array]:
    machine = trainer.machine
    slots = {slot.name: slot for slot in machine.tape.layout.slots["activations"]}
    return [machine.value_after_step(slots[f"{planned.path}.output"]) for planned in layers]


def _holds_batch(trainer: Trainer) -> bool:
    """Whether memory holds a batch at all: it does not before the first step, nor after settings changed the tape."""
    return trainer.step > 0 and trainer.machine.steps_taken > 0


def _describe_activation(planned: PlannedLayer, output: Array) -> Activation:
    """Units are the last axis; all other axes (rows, places of a picture) are cases of a unit."""
    flat = output.reshape(-1, output.shape[-1])
    units = flat[:: max(1, len(flat) // _MOST_ROWS), :: max(1, flat.shape[1] // _MOST_UNITS)]
    failing = float(fails(planned, share_of_rows(planned, units)).mean())
    silent, saturated = (0.0, failing) if saturates(planned) else (failing, 0.0)
    return Activation(planned.path, planned.layer.record.name, len(output), silent, saturated)


def describe_weights(trainer: Trainer) -> tuple[Weight, ...]:
    """The weights (not the biases) of trained layers, in the order of the forward pass."""
    machine = trainer.machine
    slots = {slot.name: slot for slot in machine.tape.layout.slots["gradients"]} if _holds_batch(trainer) else {}
    found = []
    for planned in _sample_layers(
        [planned for planned in trainer.plan.layers if not planned.frozen and planned.plan.parameters]
    ):
        name = next((name for name, declared in planned.plan.parameters.items() if declared.decays), None)
        if name is None:
            continue
        full = f"{planned.path}.{name}"
        gradient = _root_mean_square(machine.view(slots[f"d{full}"])) if f"d{full}" in slots else float("nan")
        weight = machine.view(machine.tape.parameters[full])
        flat = weight.reshape(-1, weight.shape[-1])
        found.append(Weight(planned.path, gradient, _columns_alike(flat), _columns_alike(flat.T)))
    return tuple(found)


def measure_update(trainer: Trainer) -> float:
    """How much the last steps changed the weights, as a share of their size for one step; NaN while that is unknown.

    The machine keeps a copy of the weights from at most a few dozen steps ago; the difference is what really happened,
    for any optimizer.
    """
    machine = trainer.machine
    span = machine.tape.named["parameters"]
    first = span.offset - machine.tape.layout.bounds[STATE[0]][0]
    part = slice(first, first + span.size(1), max(1, span.size(1) // _SAMPLE))
    now, before = machine.state()[part], machine.view(machine.tape.named["last_good"])[part]
    steps = trainer.step - machine.last_good_step
    size = _root_mean_square(now)
    if not _holds_batch(trainer) or steps <= 0 or size == 0.0 or not before.any():
        return float("nan")
    return _root_mean_square(now.astype(np.float64) - before) / size / steps


def has_fault(trainer: Trainer) -> bool:
    """Whether the last step that was tried met a number that is not finite."""
    machine, named = trainer.machine, trainer.machine.tape.named
    return trainer.step > 0 and not all(
        np.isfinite(machine.view(named[k])).all() for k in ("loss", "norm", "finite_flags")
    )


def _sample_layers(layers: list[PlannedLayer]) -> list[PlannedLayer]:
    """At most `_MOST_LAYERS`, evenly spread, the first and the last among them."""
    if len(layers) <= _MOST_LAYERS:
        return layers
    return [layers[k] for k in np.linspace(0, len(layers) - 1, _MOST_LAYERS).astype(int)]


def _root_mean_square(values: Array) -> float:
    flat = values.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)
    return float(np.sqrt(np.mean(sample * sample))) if sample.size else 0.0


def _columns_alike(weight: Array) -> bool:
    """Whether all columns are the same but for rounding, which differs between the columns of a product."""
    sample = weight[:: max(1, len(weight) // 64), :: max(1, weight.shape[1] // 64)].astype(np.float64)
    difference = np.abs(sample - sample[:, :1]).max(initial=0.0)
    return weight.shape[1] > 1 and bool(difference <= _ROUNDING * np.abs(sample).max(initial=0.0))
