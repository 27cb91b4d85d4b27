"""What the training thread shows of a run: immutable values, copied at a step boundary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.health.finding import Finding
from nnplay.network.edit_layers import Path
from nnplay.training.curves.history import Curve
from nnplay.views.layer_pictures import LayerPicture
from nnplay.views.plane import Surface
from nnplay.views.view import Output, Shown

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one step, for the screen.

    Attributes:
        network: the one beside the run's own that `neurons`, `layers` and `weights` are of; empty: the run's own.
        neuron_range: where the plane of the neurons' pictures begins and ends, both ways.
        layers: small pictures by where a layer stands in the network.
        output: the task's own view where no surface is shown; `shown` says which view it is and what else there is.
        held: what is silent or frozen, in words.
        marks: steps at which the run was changed.
        travels: how often the run was taken to another step.
        finished: whether a stop condition ended the training at this step.
        kept_step: the step whose weights are in place; an earlier one where the best epoch's came back at the end.
        resting: the speed limit holds the training back: it leaves time to others.
        scored_since: the step from which on losses and scores are those of this network.
        players: names of the objectives that each have curves of their own, of a run with several.
        player_losses: the newest loss of each of them but the run's own, by name.
        device: what trains, in a word such as "H200"; empty for the processor, unless a card has failed.
        clock: seconds of training at some of the steps.
        generation: changes when network or data were rebuilt, so that pictures start afresh.
    """

    running: bool = False
    resting: bool = False
    epoch: int = 0
    batch: int = 0
    batches: int = 0
    step: int = 0
    latest: int = 0
    first: int = 0
    steps_per_second: float = float("nan")
    seconds: float = 0.0
    batch_loss: float = float("nan")
    train_loss: float = float("nan")
    validation_loss: float = float("nan")
    metrics: Mapping[str, float] = field(default_factory=dict)
    learning_rate: float = float("nan")
    gradient_norm: float = float("nan")
    curves: Mapping[str, Curve] = field(default_factory=dict)
    surface: Surface | None = None
    network: str = ""
    neurons: Mapping[tuple[int, int], Floats] = field(default_factory=dict)
    neuron_range: tuple[float, float] = (-6.0, 6.0)
    layers: Mapping[Path, LayerPicture] = field(default_factory=dict)
    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    output: Output | None = None
    shown: Shown = field(default_factory=Shown)
    health: tuple[Finding, ...] = ()
    held: tuple[str, ...] = ()
    marks: tuple[int, ...] = ()
    message: str = ""
    error: str = ""
    scored_since: int = 0
    generation: int = 0
    travels: int = 0
    finished: bool = False
    kept_step: int = 0
    players: tuple[str, ...] = ()
    player_losses: Mapping[str, float] = field(default_factory=dict)
    device: str = ""
    clock: Curve = field(default_factory=lambda: Curve(2))
