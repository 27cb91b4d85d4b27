"""Breakpoints: each condition with a run that meets it, and one that does not."""

from __future__ import annotations

import math
import time
from itertools import pairwise
from typing import Any

import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.errors import DivergedError, InputError
from nnplay.inspector.breakpoints import Breakpoint
from nnplay.inspector.inspector import Inspector
from nnplay.network.network import Network
from nnplay.records.registry import optimizer_records
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer


def make_inspector(layers: str = "linear 6, relu, linear 2", lr: float = 0.05, **more: Any) -> Inspector:
    """The first step of a small run: 210 training rows, 7 batches an epoch."""
    split = load_dataset("moons", samples=300, seed=0).split(seed=0)
    sgd = optimizer_records()["sgd"](lr=lr)
    trainer = Trainer(Network(layers, seed=2), split, optimizer=sgd, threads=1, seed=5, **more)
    return Inspector(trainer, Timeline(trainer))


def hunt(inspector: Inspector, breakpoint: Breakpoint, steps: int = 300) -> str:
    """What is found within so many steps, in turns of a moment each; empty if it does not come about."""
    while inspector.trainer.step < steps:
        if found := breakpoint.turn(inspector, time.perf_counter() + 1e-4):
            return found
    return ""


def losses(inspector: Inspector) -> list[float]:
    """The loss of every step so far."""
    return [float(value) for value in inspector.trainer.history["loss"].last]


def test_a_step_is_reached_exactly() -> None:
    """The run stops before step 40, when 39 have been taken; one that is over already is refused."""
    inspector = make_inspector()
    assert hunt(inspector, Breakpoint("step", step=40)) == "step 40"
    assert (inspector.trainer.step, inspector.at) == (39, 0)
    with pytest.raises(InputError, match="step 39 has already been taken"):
        hunt(inspector, Breakpoint("step", step=39))


def test_a_step_that_is_far_is_not_found_early() -> None:
    """Before step 40 the run does not stop."""
    inspector = make_inspector()
    assert hunt(inspector, Breakpoint("step", step=400), steps=50) == ""


def test_a_row_ahead_is_in_this_step_and_one_behind_in_the_next() -> None:
    """The marked row is the next one to run: in this step if it lies ahead, else in the one that follows."""
    inspector = make_inspector()
    hunt(inspector, Breakpoint("row", row=4))
    assert (inspector.trainer.step, inspector.at) == (0, 4)
    hunt(inspector, Breakpoint("row", row=2))
    assert (inspector.trainer.step, inspector.at) == (1, 2)


def test_a_rising_loss_is_found_where_the_means_cross() -> None:
    """At a rate that is too high: the first step where the last 7 batches cost more than the 7 before."""
    inspector = make_inspector(lr=3.0)
    found = hunt(inspector, Breakpoint("loss rises"))
    values, step = losses(inspector), inspector.trainer.step
    assert f"by step {step:,}" in found
    means = [math.fsum(values[k - 7 : k]) / 7 for k in range(7, step + 1)]
    assert means[-1] > means[-8]
    assert all(means[k] <= means[k - 7] for k in range(7, len(means) - 1))


def test_a_falling_loss_does_not_rise() -> None:
    """With all rows in each batch and a small rate the loss falls at every step, and nothing is found."""
    inspector = make_inspector(lr=0.05, batch_size="all")
    assert hunt(inspector, Breakpoint("loss rises"), steps=120) == ""
    values = losses(inspector)
    assert all(after < before for before, after in pairwise(values))


def test_a_loss_that_is_not_finite_is_found_before_the_step() -> None:
    """The run stops where the next step would give no number, with weights that are whole."""
    inspector = make_inspector("linear 6, linear 2", lr=1e6)
    found = hunt(inspector, Breakpoint("not finite"))
    assert f"the loss of step {inspector.trainer.step + 1:,}, the next one, is not finite" in found
    assert all(map(math.isfinite, losses(inspector)))


def test_a_finite_loss_stays_unfound() -> None:
    """A run that learns never stops for that reason."""
    assert hunt(make_inspector(), Breakpoint("not finite"), steps=100) == ""


def test_another_condition_does_not_hide_a_loss_that_is_not_finite() -> None:
    """A run that waits for something else and diverges says so."""
    with pytest.raises(DivergedError):
        hunt(make_inspector("linear 6, linear 2", lr=1e6), Breakpoint("step", step=300))


def test_dead_units_are_found() -> None:
    """When biases have been pushed far below zero, more than half of the ReLU units are 0 for the whole batch."""
    inspector = make_inspector()
    inspector.trainer.parameters()["0.bias"][...] = [-99, -99, -99, -99, 0, 0]
    found = hunt(inspector, Breakpoint("dead relu"))
    assert found == "67 % of the units of layer 1 were 0 for the whole batch of the previous step"
    assert inspector.trainer.step == 1


def test_living_units_are_not_taken_for_dead() -> None:
    """A third of the units dead is no reason to stop; a network without ReLU is refused."""
    inspector = make_inspector()
    inspector.trainer.parameters()["0.bias"][...] = [-99, -99, 9, 9, 9, 9]
    assert hunt(inspector, Breakpoint("dead relu"), steps=60) == ""
    with pytest.raises(InputError, match="no ReLU layer"):
        hunt(make_inspector("linear 6, tanh, linear 2"), Breakpoint("dead relu"))
