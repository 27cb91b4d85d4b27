"""What a trainer promises of its numbers: the same bits however a run is cut, shared, rewound or resumed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnplay as nn
from tests.small_trainer import same, spiral, trainer, weights


def test_two_runs_are_bit_for_bit_the_same() -> None:
    """The same seeds give the same weights, optimizer state and curves."""
    one, other = trainer(), trainer()
    one.run(epochs=5)
    other.run(epochs=5)
    assert same(one, other)
    assert np.array_equal(one.history["loss"].last, other.history["loss"].last)


@pytest.mark.parametrize("change", [{"seed": 1}, {"batch_size": 31}, {"shuffle": False}])
def test_another_setting_is_another_run(change: dict[str, Any]) -> None:
    """Equality of bits is not empty: another order of the rows or batch size gives other weights."""
    one, other = trainer(), trainer(**change)
    one.run(steps=10)
    other.run(steps=10)
    assert not same(one, other)


def test_another_network_seed_gives_other_initial_weights() -> None:
    """The network's own seed decides the initial weights, the trainer's does not."""
    split = spiral()
    first = weights(trainer(split))
    assert np.array_equal(first, weights(trainer(split, seed=9)))
    other = nn.Trainer(nn.Network("linear 8, tanh, linear 2", seed=1), split)
    assert not np.array_equal(first, weights(other))


@pytest.mark.parametrize("layers", ["linear 8, tanh, linear 2", "linear 8, relu, dropout 0.5, linear 2"])
def test_a_run_cut_in_pieces_is_the_same_run(layers: str) -> None:
    """23 steps at once, one by one, and in odd pieces across an epoch's end are the same bits, dropout included."""
    whole, single, pieces = trainer(layers=layers), trainer(layers=layers), trainer(layers=layers)
    whole.run(steps=23)
    for _ in range(23):
        single.run(steps=1)
    for count in (1, 3, 7, 2, 10):
        pieces.run(steps=count)
    assert same(whole, single)
    assert same(whole, pieces)
    assert np.array_equal(whole.history["loss"].last, single.history["loss"].last)


def test_one_and_two_threads_give_the_same_bits() -> None:
    """A network large enough to be shared among threads does not depend on how many there are."""
    split = spiral()
    one, two = (trainer(split, "linear 256, relu, linear 256, relu, linear 2", threads=count) for count in (1, 2))
    one.run(steps=12)
    two.run(steps=12)
    assert any(row.parts > 1 for row in two.machine.tape.train)
    assert same(one, two)


def test_rewind_gives_the_same_initial_weights_and_run_again() -> None:
    """After a rewind the weights are the initial ones and the same steps give the same bits."""
    made = trainer()
    start = weights(made)
    made.run(epochs=3)
    after = weights(made)
    assert not np.array_equal(start, after)
    made.rewind()
    assert (made.step, made.epoch, len(made.history["loss"])) == (0, 0, 0)
    assert np.array_equal(weights(made), start)
    made.run(epochs=3)
    assert np.array_equal(weights(made), after)


def test_a_checkpoint_is_restored_exactly() -> None:
    """From a checkpoint in the middle of an epoch the run goes on as if nothing had happened in between."""
    made = trainer(optimizer=nn.SGD(0.05, momentum=0.9))
    made.run(steps=13)
    checkpoint = made.state()
    made.run(steps=20)
    wanted = made.state()
    made.run(steps=5)
    made.restore(checkpoint)
    assert made.step == 13
    made.run(steps=20)
    assert np.array_equal(made.state().memory, wanted.memory)
    assert made.state().clock == wanted.clock
    assert made.state().loss_sum == wanted.loss_sum


def test_a_checkpoint_of_one_trainer_serves_another_made_alike() -> None:
    """A checkpoint holds everything: a fresh trainer that restores it goes on with the same bits."""
    one, other = trainer(), trainer()
    one.run(steps=8)
    other.restore(one.state())
    one.run(steps=9)
    other.run(steps=9)
    assert same(one, other)
