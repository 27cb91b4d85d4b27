"""A checkpoint goes back into the trainer that it is of, or one made alike; any other is refused, and says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from tests.small_trainer import same, spiral, trainer

LAYERS = "linear 8, tanh, linear 2"

#: Arguments of the trainer that a checkpoint is of, those of the one that it is given to, and what is said.
FOREIGN: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "other shapes of the same size": (
        {"layers": "linear 4 bias=no, linear 6 bias=no, linear 2 bias=no", "optimizer": "sgd"},
        {"layers": "linear 6 bias=no, linear 4 bias=no, linear 2 bias=no", "optimizer": "sgd"},
        r"'0.weight' is \(2, 4\) in the state, \(2, 6\) here",
    ),
    "another name": (
        {"layers": "linear 8 name=first, tanh, linear 2"},
        {"layers": "linear 8 name=other, tanh, linear 2"},
        "layer 'first' is linear in the state, missing here; layer 'other' is missing in the state, linear here",
    ),
    "another activation": (
        {"layers": LAYERS},
        {"layers": "linear 8, relu, linear 2"},
        "layer '1' is tanh .* relu here",
    ),
    "more units": ({"layers": "linear 9, tanh, linear 2"}, {}, r"'0.weight' is \(2, 9\) in the state, \(2, 8\) here"),
    "another optimizer": (
        {"optimizer": "adam"},
        {"optimizer": "adamw"},
        "the optimizer is adam in the state, adamw here",
    ),
    "frozen elsewhere": (
        {"layers": "linear 2 frozen, linear 2", "optimizer": "sgd"},
        {"layers": "linear 2, linear 2 frozen", "optimizer": "sgd"},
        r"'1.weight.momentum_buffer' is \(2, 2\) in the state, missing here; .* and 1 more differ",
    ),
    "the same layers in another order": (
        {"layers": "linear 2 name=a, linear 2 name=b"},
        {"layers": "linear 2 name=b, linear 2 name=a"},
        "its tensors are in a different order",
    ),
    "another type of numbers": ({"dtype": "float64"}, {}, "dtype is float64 in the state, float32 here"),
    "smaller batches": ({"batch_size": 2}, {}, "batch_size is 2 in the state, 32 here"),
    "rows in order": ({"shuffle": False}, {}, "shuffle is False in the state, True here"),
    "rarer validation": ({"validate_every": 3}, {}, "validate_every is 3 in the state, 1 here"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_checkpoint_of_another_run_is_refused_and_changes_nothing(case: str) -> None:
    """What differs is named, and the trainer stays where it stands."""
    there, here, message = FOREIGN[case]
    other, own = trainer(**there), trainer(**here)
    other.run(steps=20)
    own.run(steps=3)
    before, settings = own.machine.memory.copy(), (own.optimizer, own.settings)
    with pytest.raises(nn.InputError, match=message):
        own.restore(other.state())
    assert np.array_equal(own.machine.memory, before)
    assert (own.step, own.optimizer, own.settings) == (3, *settings)


def test_a_checkpoint_of_longer_data_is_refused() -> None:
    """A batch that is not there would be read from other memory."""
    other, own = trainer(spiral(400)), trainer(spiral(100))
    other.run(steps=7)
    with pytest.raises(nn.InputError, match="batch 7 of its epoch, but an epoch has 3 batches here"):
        own.restore(other.state())


@pytest.mark.parametrize("given", [None, "abc", {}, 3, np.zeros(3)])
def test_what_is_no_checkpoint_is_refused(given: Any) -> None:
    """Only `state()` makes checkpoints."""
    with pytest.raises(nn.InputError, match="is not a trainer state"):
        trainer().restore(given)


def test_a_checkpoint_with_a_vector_of_another_length_is_refused() -> None:
    """Numbers that were cut off or added are noticed before anything is changed."""
    own = trainer()
    checkpoint = own.state()
    with pytest.raises(nn.InputError, match="numbers"):
        own.restore(replace(checkpoint, memory=checkpoint.memory[:-1]))


def test_seed_threads_and_live_settings_come_with_the_checkpoint() -> None:
    """What a checkpoint brings along does not have to be the same beforehand."""
    one, other = trainer(seed=7, l2=0.01, optimizer=nn.Adam(lr=0.3)), trainer(threads=2)
    one.run(steps=8)
    other.restore(one.state())
    one.run(steps=9)
    other.run(steps=9)
    assert same(one, other)


def test_all_rows_and_their_number_are_the_same_batch() -> None:
    """A batch of all 140 rows is the same, however it is written."""
    one, other = trainer(batch_size="all"), trainer(batch_size=140)
    one.run(steps=2)
    other.restore(one.state())
    assert same(one, other)
