"""The Python interface line by line, and what a trainer promises: the same bits however a run is cut or resumed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay.errors import DivergedError, InputError
from nnplay.trainer import Trainer

Array = NDArray[Any]


def spiral(samples: int = 200, **more: Any) -> nn.Split:
    """A small split of the spiral."""
    return nn.load_dataset("spiral", samples=samples, noise=0.1, seed=0).split(0.7, 0.15, 0.15, seed=0, **more)


def trainer(
    data: nn.Split | nn.Dataset | None = None, layers: str = "linear 8, tanh, linear 2", **more: Any
) -> Trainer:
    """A small trainer; 140 rows in batches of 32 leave an incomplete last batch of 12."""
    arguments: dict[str, Any] = {"loss": "cross_entropy", "optimizer": nn.Adam(lr=0.01), "batch_size": 32, "seed": 0}
    return nn.Trainer(nn.Network(layers, seed=0), data or spiral(), **{**arguments, **more})


def weights(of: Trainer) -> Array:
    """All parameters in one vector, copied."""
    return np.concatenate([array.ravel().copy() for array in of.parameters().values()])


def same(one: Trainer, other: Trainer) -> bool:
    """Whether two runs stand at the same step with the same bits."""
    return one.step == other.step and np.array_equal(one.machine.state(), other.machine.state())


# -- the contract --------------------------------------------------------------------------------------------------


def test_the_interface_of_the_readme_works_line_by_line() -> None:
    """Every name of the Python interface exists, takes what it should take, and gives the documented shapes."""
    data = nn.load_dataset("spiral", samples=1000, noise=0.1, seed=0)
    split = data.split(train=0.7, validation=0.15, test=0.15, seed=0)
    assert split.train.x.shape == (700, 2)
    assert split.train.y.shape == (700,)
    net = nn.Network([nn.Linear(8), nn.Tanh(), nn.Linear(2)], seed=0)
    trainer = nn.Trainer(net, split, loss="cross_entropy", optimizer=nn.Adam(lr=0.01), batch_size=32, seed=0)
    trainer.run(epochs=20)
    assert trainer.step == 20 * 22
    trainer.run(steps=100)
    assert trainer.step == 20 * 22 + 100
    scores = trainer.evaluate("test")
    assert {"loss", "accuracy"} <= scores.keys()
    assert trainer.predict(split.test.x).shape == (150, 2)
    parameters = trainer.parameters()
    assert {name: array.shape for name, array in parameters.items()} == {
        "0.weight": (2, 8),
        "0.bias": (8,),
        "2.weight": (8, 2),
        "2.bias": (2,),
    }
    assert len(trainer.history["loss"]) == trainer.step
    assert len(trainer.history["validation_loss"]) == trainer.epoch


def test_a_dataset_of_arrays_is_all_training_data() -> None:
    """A trainer takes a Dataset made from arrays, unscaled, with integer labels."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    data = nn.Dataset(x, (x[:, 0] > 0).astype(int))
    made = trainer(data, batch_size=10)
    assert np.array_equal(made.split.train.x, x[made.split.indices.train])
    assert len(made.split.train) == 50
    made.run(epochs=60)
    assert made.evaluate("train")["accuracy"] > 0.9
    with pytest.raises(InputError, match="no test part"):
        made.evaluate("test")


@pytest.mark.parametrize("optimizer", ["sgd", "adam", nn.SGD(0.1, momentum=0.9), nn.AdamW, nn.Lion(lr=1e-3)])
def test_optimizers_are_given_by_name_class_or_value(optimizer: Any) -> None:
    """All three ways of naming one are taken."""
    made = trainer(optimizer=optimizer)
    before = weights(made)
    made.run(steps=3)
    assert not np.array_equal(weights(made), before)


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "cross_entropy", "hinge", None])
def test_losses_are_given_by_name(loss: str | None) -> None:
    """Names of losses are taken, and none means the usual one."""
    made = trainer(layers="linear 8, tanh, linear 1" if loss == "hinge" else "linear 8, tanh, linear 2", loss=loss)
    made.run(steps=3)
    assert math.isfinite(made.evaluate("test")["loss"])


# -- shapes of a run -----------------------------------------------------------------------------------------------


def test_parameters_are_live_and_writable() -> None:
    """What is written into a parameter is what the next prediction and the next step use."""
    made = trainer()
    for array in made.parameters().values():
        array[...] = 0
    assert not made.predict(made.split.train.x).any()
    made.parameters()["2.bias"][...] = (1, 2)
    assert np.array_equal(made.predict(made.split.train.x[:3]), [[1, 2]] * 3)
    made.run(steps=1)
    assert made.parameters()["2.bias"][0] != 1


def test_an_incomplete_last_batch_is_used() -> None:
    """Five batches an epoch: four of 32 and one of 12; every row of the epoch moves the weights once."""
    made = trainer()
    assert (len(made.split.train), made.batches) == (140, 5)
    made.run(epochs=1)
    assert (made.step, made.epoch, made.batch) == (5, 1, 0)


def test_the_mean_of_an_incomplete_batch_is_over_its_own_rows() -> None:
    """With batches of 3 of 4 rows, the second step's loss is that of the one row that was left."""
    data = nn.Dataset(np.zeros((4, 1), np.float32), np.array([1.0, 2.0, 3.0, 4.0], np.float32))
    made = trainer(data, "linear 1 init=zeros", loss="mse", optimizer=nn.SGD(lr=0.0), batch_size=3, shuffle=False)
    made.run(epochs=1)
    squares = made.split.train.y.ravel() ** 2
    assert made.history["loss"].last.tolist() == pytest.approx([squares[:3].mean(), squares[3]])


def test_a_full_batch_is_one_step_an_epoch() -> None:
    """Batch size "all" is gradient descent on all training rows."""
    made = trainer(batch_size="all")
    assert (made.batches, made.batch_rows) == (1, 140)
    made.run(epochs=7)
    assert (made.step, made.epoch) == (7, 7)


def test_full_batch_gradient_descent_is_the_formula() -> None:
    """One step of SGD on a linear model equals w − lr·∂/∂w of the mean squared error, worked in NumPy."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    made = trainer(nn.Dataset(x, y), "linear 1", loss="mse", optimizer=nn.SGD(lr=0.1), batch_size="all", real="float64")
    w, b = made.parameters()["0.weight"].copy(), made.parameters()["0.bias"].copy()
    x = made.split.train.x.astype(np.float64)
    y = made.split.train.y.astype(np.float64)
    error = x @ w + b - y
    made.run(steps=1)
    np.testing.assert_allclose(made.parameters()["0.weight"], w - 0.1 * 2 / 40 * x.T @ error, rtol=1e-12)
    np.testing.assert_allclose(made.parameters()["0.bias"], b - 0.1 * 2 / 40 * error.sum(axis=0), rtol=1e-12)


# -- the same bits -------------------------------------------------------------------------------------------------


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


def test_a_stored_moment_is_restored_exactly() -> None:
    """From a stored moment in the middle of an epoch the run goes on as if nothing had happened in between."""
    made = trainer(optimizer=nn.SGD(0.05, momentum=0.9))
    made.run(steps=13)
    moment = made.state()
    made.run(steps=20)
    wanted = made.state()
    made.run(steps=5)
    made.restore(moment)
    assert made.step == 13
    made.run(steps=20)
    assert np.array_equal(made.state().memory, wanted.memory)
    assert np.array_equal(made.state().clock, wanted.clock)
    assert made.state().running == wanted.running


def test_a_moment_of_one_trainer_serves_another_made_alike() -> None:
    """A stored moment holds everything: a fresh trainer that restores it goes on with the same bits."""
    one, other = trainer(), trainer()
    one.run(steps=8)
    other.restore(one.state())
    one.run(steps=9)
    other.run(steps=9)
    assert same(one, other)


# -- changes while running -----------------------------------------------------------------------------------------


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
    other.restore(replace(moment, setup=other.setup))
    other.run(steps=5)
    assert same(one, other)
    plain = trainer()
    plain.restore(moment)
    plain.run(steps=5)
    assert not same(one, plain)
    one.restore(replace(moment, setup=one.setup))
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
    assert made.setup.l2 == 0
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
    assert made.setup.l2 == 0
    assert made.optimizer.values["lr"] == 0.01


def test_an_edited_network_keeps_the_weights_that_fit() -> None:
    """A layer added behind the first one leaves that one's weights and the step; what is new is named."""
    made = trainer()
    made.run(steps=10)
    kept = made.parameters()["0.weight"].copy()
    other, fresh = made.remade(network=nn.Network("linear 8, tanh, linear 4, tanh, linear 2", seed=0))
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
    other, fresh = made.remade(batch_size=16)
    assert fresh == []
    assert np.array_equal(other.machine.state(), before)
    assert other.history is made.history
    other.run(epochs=1)
    assert other.epoch == 3


# -- answers -------------------------------------------------------------------------------------------------------


def test_renaming_layers_keeps_their_weights() -> None:
    """A name given, changed or taken away makes nothing anew; a named layer is found again where it was moved to."""
    made = trainer(nn.load_dataset("iris").split(seed=0), "linear 8, tanh, linear 8 name=b, tanh, linear 3")
    made.run(epochs=1)
    for text in (
        "linear 8 name=a, tanh, linear 8, tanh, linear 3 name=c",
        "linear 8 name=x, tanh, linear 8 name=b, linear 3",
    ):
        other, fresh = made.remade(network=nn.Network(text, seed=9))
        assert fresh == []
        for old, new in zip(made.parameters().values(), other.parameters().values(), strict=True):
            assert np.array_equal(old, new)


def test_evaluating_and_predicting_leave_the_run_alone() -> None:
    """A run that is looked at between its steps has the same bits as one that is not."""
    watched, alone = trainer(), trainer()
    for _ in range(12):
        watched.run(steps=1)
        watched.evaluate("validation")
        watched.predict(watched.split.test.x)
    alone.run(steps=12)
    assert same(watched, alone)


def test_the_loss_of_a_part_is_the_mean_over_its_rows() -> None:
    """Evaluation equals the formula worked in NumPy from the predictions, for a part of more than one batch."""
    made = trainer(spiral(2000), real="float64")
    made.run(steps=50)
    part = made.split.train
    z = made.predict(part.x)
    logs = z - z.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    scores = made.evaluate("train")
    assert scores["loss"] == pytest.approx(-logs[np.arange(len(part)), part.y].mean(), rel=1e-9)
    assert scores["accuracy"] == pytest.approx((z.argmax(axis=1) == part.y).mean())


def test_regression_is_scored_in_the_target_s_own_units() -> None:
    """Scaled targets are scaled back before errors are measured."""
    data = nn.load_dataset("diabetes")
    split = data.split(seed=0)
    made = trainer(split, "linear 1", loss="mse", optimizer=nn.Adam(lr=0.05))
    made.run(epochs=60)
    raw = data.y[split.indices.test].ravel()
    predicted = split.scaler.inverse_target(made.predict(split.test.x)).ravel()
    scores = made.evaluate("test")
    assert scores["mae"] == pytest.approx(np.abs(predicted - raw).mean(), rel=1e-5)
    assert scores["rmse"] == pytest.approx(np.sqrt(((predicted - raw) ** 2).mean()), rel=1e-5)
    assert scores["r2"] > 0.3


@pytest.mark.parametrize("rows", [1, 2, 255, 256, 257, 700])
def test_predictions_do_not_depend_on_how_many_are_asked_for(rows: int) -> None:
    """Each row's answer is the same alone and in company."""
    made = trainer()
    x = np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32)
    answers = made.predict(x)
    assert answers.shape == (rows, 2)
    np.testing.assert_allclose(made.predict(x[-1]), answers[-1:], rtol=1e-6, atol=1e-7)


def test_the_validation_curve_is_what_evaluation_gives() -> None:
    """The loop's own evaluation after an epoch equals `evaluate` at that moment."""
    made = trainer()
    made.run(epochs=4)
    scores = made.evaluate("validation")
    assert float(made.history["validation_loss"].last[-1]) == pytest.approx(scores["loss"], rel=1e-6)
    assert float(made.history["validation_accuracy"].last[-1]) == pytest.approx(scores["accuracy"])


def test_the_training_curve_of_an_epoch_is_the_mean_of_its_steps() -> None:
    """An epoch's training loss is the mean over its rows of the losses of its steps."""
    made = trainer()
    made.run(epochs=1)
    steps = made.history["loss"].last.astype(float)
    rows = np.array([32, 32, 32, 32, 12])
    wanted = [(steps * rows).sum() / 140, steps.mean()]
    found = float(made.history["train_loss"].last[-1])
    assert min(abs(found - value) for value in wanted) < 1e-6


# -- divergence ----------------------------------------------------------------------------------------------------


def exploding() -> Trainer:
    """A regression whose learning rate is far too large."""
    data = nn.load_dataset("plane", samples=100)
    return trainer(data.split(seed=0), "linear 4, linear 1", loss="mse", optimizer=nn.SGD(lr=1e4), batch_size=10)


def test_divergence_keeps_the_last_good_weights() -> None:
    """A run that explodes ends with a sentence, exit code 3, and finite weights of the step that it names."""
    made = exploding()
    with pytest.raises(DivergedError) as caught:
        made.run(epochs=100)
    assert caught.value.exit_code == 3
    for words in ("diverged at step", "learning rate 10000", "were kept", "try a learning rate"):
        assert words in str(caught.value)
    assert f"the weights of step {made.step:,} were kept" in str(caught.value)
    assert np.isfinite(made.machine.state()).all()


def test_a_run_goes_on_after_it_diverged() -> None:
    """With a smaller learning rate, training continues from the weights that were kept."""
    made = exploding()
    with pytest.raises(DivergedError):
        made.run(epochs=100)
    made.rewind()
    made.set(lr=0.01)
    made.run(epochs=20)
    assert made.evaluate("train")["loss"] < 0.1


def test_divergence_is_noticed_within_the_step() -> None:
    """Stepping one at a time, no number in the state is ever seen that is not finite, to the step that refuses."""
    made = exploding()

    def step() -> None:
        made.run(steps=1)
        assert np.isfinite(made.machine.state()).all()

    def walk() -> None:
        for _ in range(1000):
            step()

    with pytest.raises(DivergedError):
        walk()
    assert np.isfinite(made.machine.state()).all()


# -- numbers and schedules -----------------------------------------------------------------------------------------


def test_float64_is_the_same_run_with_more_digits() -> None:
    """Ten steps in double precision agree with single precision to its accuracy."""
    single, double = trainer(real="float32"), trainer(real="float64")
    single.run(steps=10)
    double.run(steps=10)
    assert weights(double).dtype == np.float64
    np.testing.assert_allclose(weights(single), weights(double), rtol=1e-3, atol=1e-5)


def test_a_schedule_multiplies_the_learning_rate() -> None:
    """The rates that the run used are those of the schedule's formula, however the run was cut."""
    made = trainer(schedule="cosine")
    for count in (3, 4, 5):
        made.run(steps=count)
    assert made.setup.schedule is not None
    factors = made.setup.schedule.record.factor(made.setup.schedule.values, np.arange(12, dtype=np.float64))
    np.testing.assert_allclose(made.history["lr"].last, 0.01 * factors, rtol=1e-6)


def test_stopping_from_within_a_run() -> None:
    """The run ends after the stretch in which its watcher says so."""
    made = trainer()
    made.run(steps=10_000_000, after=lambda trainer: trainer.step >= 50)
    assert 50 <= made.step < 10_000_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give either epochs or steps"),
        ({"epochs": 1, "steps": 1}, "give either epochs or steps"),
        ({"epochs": -1}, "'-1' is not an integer ≥ 0"),
        ({"steps": 1.5}, "'1.5' is not an integer"),
        ({"steps": math.inf}, "'inf' is not an integer"),
        ({"epochs": True}, "'True' is not an integer"),
    ],
)
def test_how_long_to_run_is_checked(arguments: dict[str, Any], message: str) -> None:
    """Counts that make no sense are refused before the first step."""
    made = trainer()
    with pytest.raises(InputError, match=message.replace("(", "\\(")):
        made.run(**arguments)
    assert made.step == 0


def test_rows_of_another_width_cannot_be_predicted() -> None:
    """The message gives both shapes."""
    with pytest.raises(InputError, match=r"rows of shape \(3,\) where the network takes \(2,\)"):
        trainer().predict(np.zeros((4, 3)))
