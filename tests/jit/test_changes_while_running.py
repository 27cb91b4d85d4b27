"""A run goes on when settings, network or batch size change: what is kept, and what is made anew."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError
from tests.small_trainer import same, trainer, weights


def test_settings_change_while_running_without_a_new_tape() -> None:
    """A new learning rate applies from the next step; nothing is compiled or allocated anew."""
    made = trainer(optimizer=nn.SGD(lr=0.1))
    made.run(steps=5)
    machine, before = made.machine, weights(made)
    made.set(lr=0.0)
    made.run(steps=5)
    assert made.machine is machine
    assert np.array_equal(weights(made), before)
    made.set(lr=0.1)
    made.run(steps=1)
    assert not np.array_equal(weights(made), before)


def test_a_changed_setting_is_as_if_the_run_went_on_with_it() -> None:
    """Changing the rate at step 10 equals restoring step 10 into a trainer that was made with that rate."""
    one = trainer(optimizer=nn.Adam(lr=0.01))
    one.run(steps=10)
    moment = one.state()
    one.set(lr=0.003, beta1=0.8)
    one.run(steps=10)
    other = trainer(optimizer=nn.Adam(lr=0.003, beta1=0.8))
    other.restore(replace(moment, optimizer=other.optimizer))
    other.run(steps=10)
    assert same(one, other)


@pytest.mark.parametrize("change", [{"l1": 0.01}, {"l2": 0.01}, {"clip_norm": 0.1}, {"clip_value": 0.01}])
def test_penalties_and_clipping_come_and_go_while_running(change: dict[str, float]) -> None:
    """Turned on at step 10 they act, as in a trainer made with them; turned off again the run is as without them."""
    one, other = trainer(), trainer(**change)
    one.run(steps=10)
    moment = one.state()
    one.set(**change)
    assert one.step == 10
    one.run(steps=5)
    other.restore(replace(moment, settings=other.settings))
    other.run(steps=5)
    assert same(one, other)
    plain = trainer()
    plain.restore(moment)
    plain.run(steps=5)
    assert not same(one, plain)
    one.restore(replace(moment, settings=one.settings))
    one.set(**dict.fromkeys(change, 0.0))
    one.run(steps=5)
    assert same(one, plain)


def test_a_restored_moment_brings_its_settings_back() -> None:
    """Going back to before a change undoes the change as well."""
    made = trainer()
    made.run(steps=5)
    moment = made.state()
    made.set(lr=0.5, l2=0.1)
    made.run(steps=5)
    made.restore(moment)
    assert made.optimizer.values["lr"] == 0.01
    assert made.settings.l2 == 0
    made.run(steps=5)
    plain = trainer()
    plain.run(steps=10)
    assert same(made, plain)


def test_a_refused_change_changes_nothing() -> None:
    """A wrong value among several leaves all of them as they were."""
    made = trainer()
    with pytest.raises(InputError, match="momentums"):
        made.set(momentums=0.5, l2=0.1)
    with pytest.raises(InputError, match="not a number ≥ 0"):
        made.set(l2=0.1, lr=math.nan)
    assert made.settings.l2 == 0
    assert made.optimizer.values["lr"] == 0.01


def test_an_edited_network_keeps_the_weights_that_fit() -> None:
    """A layer added behind the first one leaves that one's weights and the step; what is new is named."""
    made = trainer()
    made.run(steps=10)
    kept = made.parameters()["0.weight"].copy()
    other, fresh = nn.remake(made, network=nn.Network("linear 8, tanh, linear 4, tanh, linear 2", seed=0))
    assert np.array_equal(other.parameters()["0.weight"], kept)
    assert "0.weight" not in fresh
    assert {"2.weight", "4.weight"} <= set(fresh)
    assert (other.step, other.epoch) == (10, 2)
    other.run(steps=5)
    assert other.step == 15


def test_a_new_batch_size_keeps_all_weights() -> None:
    """Only the tape changes: weights, optimizer state, step and curves stay."""
    made = trainer()
    made.run(epochs=2)
    before = made.machine.state().copy()
    other, fresh = nn.remake(made, batch_size=16)
    assert fresh == []
    assert np.array_equal(other.machine.state(), before)
    assert other.history is made.history
    other.run(epochs=1)
    assert other.epoch == 3


def test_renaming_layers_keeps_their_weights() -> None:
    """A name given, changed or taken away makes nothing anew; a named layer is found again where it was moved to."""
    made = trainer(nn.load_dataset("iris").split(seed=0), "linear 8, tanh, linear 8 name=b, tanh, linear 3")
    made.run(epochs=1)
    for text in (
        "linear 8 name=a, tanh, linear 8, tanh, linear 3 name=c",
        "linear 8 name=x, tanh, linear 8 name=b, linear 3",
    ):
        other, fresh = nn.remake(made, network=nn.Network(text, seed=9))
        assert fresh == []
        for old, new in zip(made.parameters().values(), other.parameters().values(), strict=True):
            assert np.array_equal(old, new)
