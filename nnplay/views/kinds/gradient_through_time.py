"""How long the gradient of a recurrent layer's state is at each time step: how far back learning reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.records.time_charts import describe_fading
from nnplay.training.curves.layer_recording import state_gradients
from nnplay.training.next_batch import is_ready, next_batch
from nnplay.training.trainer import Trainer
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class GradientThroughTime(Output):
    """The lengths of one state's gradient, by time step.

    Attributes:
        now: of the next batch (T,); NaN while they cannot be worked out.
        times: the time steps that are recorded (t,).
        steps, run: recorded steps of training (k,), and the lengths in those (k, t).
        words: what is to be seen in `now`, or empty.
    """

    now: Floats
    times: NDArray[np.int64]
    steps: NDArray[np.int64]
    run: Floats
    words: str


def suits(trainer: Trainer) -> bool:
    """Some layer walks through time."""
    return bool(state_gradients(trainer.machine.tape))


def name_states(trainer: Trainer) -> tuple[str, ...]:
    """The states of all recurrent layers, in the order of the layers."""
    return tuple(state.title for state in state_gradients(trainer.machine.tape))


def make_gradient_through_time(trainer: Trainer, asked: Asked) -> GradientThroughTime:
    """The root mean square over the rows of the batch of the gradient's length at each time step."""
    states = state_gradients(trainer.machine.tape)
    state, curves = states[asked.place % len(states)], trainer.history.by_layer
    now = np.full(int(state.slot.shape[1]), np.nan)
    if is_ready(trainer):
        with next_batch(trainer) as n, np.errstate(all="ignore"):
            now = state.lengths(trainer.machine, n)
    run = [curves.column(f"state:{state.title}:{t}") for t in state.times]
    words = describe_fading(now)
    return GradientThroughTime(now, np.array(state.times), curves.steps.copy(), np.stack(run, axis=1), words)


GRADIENT_THROUGH_TIME = View(
    "gradient through time",
    GradientThroughTime,
    suits,
    make_gradient_through_time,
    about="How long the gradient of a recurrent layer's state is at each time step: how far back learning reaches.",
    group="gradients",
    places=name_states,
    place="state",
)
