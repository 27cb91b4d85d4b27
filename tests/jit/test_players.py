"""Runs of several networks and losses: the same rules hold as for one, through every part of the program."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.inspector.gradient_check import Checker
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.players import player_of
from nnplay.inspector.step_text import element_text, step_text
from nnplay.tape.machines.interpreter import InterpretedMachine
from nnplay.timeline.timeline import Timeline
from nnplay.training.players.made_rows import fixed_noise, generator_of, make_rows, scores
from nnplay.training.remake import remake
from tests.small_players import game, objectives
from tests.small_trainer import same

RIVALS = {
    "logits": {},
    "turns": {"objective": {"every": 3}},
    "turns of the other": {"objectives": objectives(every=3)},
    "minimax": {"objectives": objectives(target=0, factor=-1.0)},
    "wasserstein": {
        "loss": "wasserstein",
        "objective": {"clamp": 0.05},
        "objectives": [{**item, "target": target} for item, target in zip(objectives(), (-1, 1), strict=True)],
    },
    "hinge": {"loss": "hinge", "objectives": objectives(loss="wasserstein")},
}
GAMES = pytest.mark.parametrize("name", RIVALS)


@GAMES
def test_the_loop_trains_players_as_the_interpreter_does(name: str) -> None:
    """Nine steps: state, losses of both players, and the mean loss of the epochs agree."""
    config = game(**RIVALS[name], training={"batch_size": 16, "threads": 1, "real": "float64"})
    compiled, plain = config.trainer(), config.trainer(machine=InterpretedMachine)
    compiled.run(steps=9)
    plain.run(steps=9)
    assert np.allclose(compiled.machine.state(), plain.machine.state(), rtol=0, atol=1e-10)
    for curve in ("loss", "train_loss", "generator_loss", "generator_lr"):
        one, other = compiled.history[curve], plain.history[curve]
        assert one.steps.tolist() == other.steps.tolist()
        assert np.allclose(one.last, other.last, rtol=0, atol=1e-6)
    if name == "turns":
        assert compiled.history["loss"].steps.tolist() == [1, 4, 7]
        assert compiled.history["generator_loss"].steps.tolist() == list(range(1, 10))


OTHERS: dict[str, dict[str, Any]] = {
    "variational autoencoder": {
        "layers": "linear 6, tanh, linear 4 name=code, gaussian_sample, linear 6, tanh, linear 2",
        "objective": {"name": "autoencoder"},
        "objectives": [
            {
                "name": "kl",
                "at": "autoencoder.code",
                "target": 0,
                "loss": "gaussian_kl",
                "factor": 0.1,
                "adds_to": "autoencoder",
            },
        ],
    },
    "heads of one trunk": {
        "layers": "linear 6, tanh, linear 2",
        "objective": {"name": "classifier", "trains": ["head"]},
        "networks": {"head": {"layers": "linear 3, tanh, linear 2"}},
        "objectives": [
            {
                "name": "copy",
                "at": "classifier.1",
                "path": ["head"],
                "target": "input",
                "loss": "mse",
                "factor": 2.0,
                "adds_to": "classifier",
            },
        ],
    },
}


@pytest.mark.parametrize("name", OTHERS)
def test_losses_within_one_pass_are_added_and_saved(name: str, tmp_path: Path) -> None:
    """A second loss at a layer, by itself or through a head: gradients are right, and a session keeps the bits."""
    autoencoder = name == "variational autoencoder"
    data = {"name": "plane"} if autoencoder else {"name": "circle"}
    table = {
        "data": {**data, "samples": 60},
        "optimizer": {"name": "adam", "lr": 0.01},
        "training": {"batch_size": 16, "threads": 1},
        **OTHERS[name],
    }
    if autoencoder:
        table["layers"] = table["layers"].removesuffix("2") + "1"
    config = RunConfig.from_dict(table)
    assert RunConfig.from_dict(config.to_dict()) == config
    trainer = config.trainer()
    trainer.run(steps=3)
    checker = Checker(trainer)
    for parameter in trainer.parameters():
        found = checker.check(parameter, elements=6)
        assert found.worst < 1e-5 or np.abs(found.computed - found.measured).max() < 1e-10, parameter
    with nn.Session.new(tmp_path / "run.nnplay", config.to_dict()) as session:
        session.trainer.run(steps=3)
        session.save()
    with nn.Session.open(tmp_path / "run.nnplay") as session:
        assert same(trainer, session.trainer)


@GAMES
def test_gradients_of_both_players_are_differences_of_their_losses(name: str) -> None:
    """Each parameter's gradient agrees with central differences of the loss that its own objective lowers."""
    trainer = game(**RIVALS[name]).trainer()
    trainer.run(steps=2)
    checker = Checker(trainer)
    names = list(trainer.parameters())
    assert "generator.0.weight" in names
    for parameter in names:
        found = checker.check(parameter, elements=8)
        apart = np.abs(found.computed - found.measured).max()
        assert found.worst < 1e-5 or apart < 1e-10, parameter  # the parts of a hinge cancel to nothing


@pytest.mark.parametrize("at", [4, *(pytest.param(at, marks=pytest.mark.slow) for at in (1, 7))])
def test_a_run_in_the_middle_of_a_turn_goes_on_bit_for_bit(at: int, tmp_path: Path) -> None:
    """Restored, copied, saved and opened, replayed and forked at any step of a turn: the bits of the run itself."""
    config = game(**RIVALS["turns"])
    whole = config.trainer()
    whole.run(steps=at)
    state = whole.state()
    twin = copy.deepcopy(whole)
    whole.run(steps=12)
    twin.run(steps=12)
    assert same(whole, twin)
    again = config.trainer()
    again.restore(state)
    again.run(steps=12)
    assert same(whole, again)
    with nn.Session.new(tmp_path / "game.nnplay", config.to_dict()) as session:
        session.trainer.run(steps=at)
        session.save()
    with nn.Session.open(tmp_path / "game.nnplay") as session:
        session.trainer.run(steps=12)
        assert same(whole, session.trainer)
        assert np.array_equal(session.trainer.history["generator_loss"].last, whole.history["generator_loss"].last)
    timeline = Timeline(trainer := config.trainer())
    timeline.advance(at)
    while trainer.step < at:
        timeline.advance(at - trainer.step)
    there = trainer.machine.state().copy()
    while trainer.step < at + 12:
        timeline.advance(at + 12 - trainer.step)
    assert same(whole, trainer)
    timeline.go_to(at)
    assert np.array_equal(trainer.machine.state(), there)
    timeline.go_to(at + 12)
    assert same(whole, trainer)


PENALTY = {"name": "penalty", "path": ["discriminator"], "factor": 10, "adds_to": "discriminator"}
STRAIGHT = "linear 6, leaky_relu 0.2, linear 1"
GAN_LOSSES: dict[str, dict[str, Any]] = {
    **RIVALS,
    "least squares": {"loss": "mse", "objectives": [{**objectives()[0], "target": -1}, objectives()[1]]},
    "wasserstein with penalty": {
        "loss": "wasserstein",
        "layers": STRAIGHT,
        "objectives": [
            {**objectives()[0], "target": -1},
            {**PENALTY, "gradient_norm": 1, "between": "made"},
            objectives()[1],
        ],
    },
    "slope at real points": {
        "layers": STRAIGHT,
        "objectives": [objectives()[0], {**PENALTY, "gradient_norm": 0}, objectives()[1]],
    },
    "spectral norm": {"layers": "linear 6 parametrization=spectral_norm, tanh, linear 1"},
    **{
        shape: {"data": {"name": "points", "samples": 100, "shape": shape}}
        for shape in ("line", "ring", "grid", "disjoint", "spiral")
    },
}


@pytest.mark.parametrize("silent", ["generator.0:1", "0:2 generator.0"])
def test_parts_of_both_networks_are_silent_and_frozen(silent: str) -> None:
    """Frozen layers of a generator keep their bits while others train, and its silent units are 0 in what it makes."""
    training = {"batch_size": 16, "threads": 1, "frozen": "generator.3", "silent": silent, "real": "float64"}
    config = game(training=training)
    trainer, plain = config.trainer(), config.trainer(machine=InterpretedMachine)
    before = {name: value.copy() for name, value in trainer.parameters().items()}
    trainer.run(steps=4)
    plain.run(steps=4)
    assert np.allclose(trainer.machine.state(), plain.machine.state(), rtol=0, atol=1e-10)
    now = trainer.parameters()
    assert (now["generator.3.weight"] == before["generator.3.weight"]).all()
    assert (now["generator.0.weight"][:, 1] == before["generator.0.weight"][:, 1]).all()
    assert (now["0.weight"] != before["0.weight"]).any()
    generator = generator_of(trainer)
    assert generator is not None
    noise = fixed_noise(trainer, generator, 4)
    made = make_rows(trainer, generator, noise)
    zero = noise @ now["generator.0.weight"] + now["generator.0.bias"]
    zero[:, 1 if ":1" in silent else slice(None)] = 0
    assert np.allclose(made, np.tanh(zero) @ now["generator.3.weight"] + now["generator.3.bias"])


def test_a_layer_of_a_generator_has_a_rate_of_its_own() -> None:
    """A tenth of the learning rate moves that layer a tenth as far in the first step, and all others as before."""
    moved = []
    for groups in ("", "generator.0 lr_factor=0.1"):
        trainer = game(training={"batch_size": 16, "threads": 1, "real": "float64", "groups": groups}).trainer()
        before = {name: value.copy() for name, value in trainer.parameters().items()}
        trainer.run(steps=1)
        moved.append({name: value - before[name] for name, value in trainer.parameters().items()})
    for name, step in moved[0].items():
        factor = 0.1 if name.startswith("generator.0.") else 1.0
        assert np.allclose(moved[1][name], factor * step, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", GAN_LOSSES)
def test_two_turns_of_every_game_walked_are_run(name: str) -> None:
    """Each loss and each shape of the data set makes a game whose rows, one by one, give the bits of two steps."""
    config = game(**GAN_LOSSES[name])
    run, walked = config.trainer(), config.trainer()
    run.run(steps=2)
    inspector = Inspector(walked)
    while walked.step < 2:
        inspector.phase_end()
    assert same(run, walked)
    assert np.isfinite(run.machine.state()).all()


@pytest.mark.parametrize("settings", [{}, {"resting": "generator"}, {"resting": "discriminator"}], ids=str)
def test_walked_row_by_row_is_run(settings: dict[str, Any]) -> None:
    """The inspector leads through each turn to the same bits, past objectives that sit a step out or rest."""
    config = game(**RIVALS["turns"], training={"batch_size": 16, "threads": 1, **settings})
    run, walked = config.trainer(), config.trainer()
    inspector = Inspector(walked)
    for _ in range(7):
        run.run(steps=1)
        seen = []
        step = walked.step
        while walked.step == step:
            seen.append(player_of(inspector, inspector.at))
            inspector.values(inspector.at)
            inspector.phase_end()
        assert same(run, walked)
        assert "generator" in seen
        assert ("discriminator" in seen) == (step % 3 == 0)


def test_a_step_is_told_without_the_rows_that_it_does_not_run() -> None:
    """`trace` and the step as text leave out objectives that sit it out; the text says which, and of their weights."""
    trainer = game(**RIVALS["turns"]).trainer()
    told = {}
    for step in range(2):
        inspector = Inspector(trainer)
        text = step_text(inspector)
        assert sum(line.startswith("row ") for line in text) == sum(map(inspector.runs, range(len(inspector.rows))))
        assert ("discriminator sits it out" in text[0]) == (step == 1)
        weight = element_text(inspector, "0.weight", (0, 0))
        assert ("its objective sits this step out or rests, so there is no update" in weight) == (step == 1)
        told[step] = len(list(nn.trace(trainer)))
    assert told[1] < told[0] == len(trainer.machine.tape.train)


def test_a_resting_player_stays_as_it_is_and_the_other_trains() -> None:
    """Only the weights of the player that does not rest move; its loss is followed all the same."""
    trainer = game().trainer()
    for resting, still in (("generator", "generator."), ("discriminator", "")):
        trainer.set(resting=resting)
        before = {name: values.copy() for name, values in trainer.parameters().items()}
        steps = trainer.step
        trainer.run(steps=3)
        for name, values in trainer.parameters().items():
            own = name.startswith("generator.")
            assert np.array_equal(values, before[name]) == (own == bool(still)), (resting, name)
        assert trainer.history["generator_loss"].last.size == steps + 3
    with pytest.raises(InputError, match="every objective would rest"):
        trainer.set(resting="generator, discriminator")
    trainer.run(steps=1)


def test_what_is_made_follows_from_the_seed_and_is_measured_against_the_lumps() -> None:
    """The same noise at every step; lumps count as covered only where made rows lie."""
    trainer = game().trainer()
    generator = generator_of(trainer)
    assert generator is not None
    assert generator.name == "generator"
    noise = fixed_noise(trainer, generator, 50)
    assert np.array_equal(noise, fixed_noise(trainer, generator, 50))
    assert noise.shape == (50, 3)
    made = make_rows(trainer, generator, noise)
    assert made.shape == (50, 2)
    assert np.isfinite(made).all()
    assert 0 <= scores(trainer)["modes"] <= 2


@pytest.mark.parametrize("every", [1, 3])
def test_averages_of_both_players_are_their_definition(every: int) -> None:
    """Each player's average follows its own updates alone; made rows and scores are given with it."""
    training = {"batch_size": 16, "threads": 1, "real": "float64"}
    averaged = {"average": "ema", "ema_decay": 0.9, "use_average": True}
    config = game(objective={"every": every}, training={**training, **averaged})
    trainer, plain = config.trainer(), config.trainer(machine=InterpretedMachine)
    wanted: dict[str, Any] = {}
    for step in range(7):
        trainer.run(steps=1)
        plain.run(steps=1)
        for name, weights in trainer.parameters().items():
            if name.startswith("generator.") or step % every == 0:
                before = wanted.get(name, weights)
                wanted[name] = before + (1 - 0.9) * (weights - before)
    for name, average in trainer.averages().items():
        assert np.allclose(average, wanted[name], rtol=1e-13, atol=1e-15), name
    assert np.allclose(trainer.machine.state(), plain.machine.state(), rtol=0, atol=1e-10)
    generator = generator_of(trainer)
    assert generator is not None
    noise = fixed_noise(trainer, generator, 5)
    made, answers = make_rows(trainer, generator, noise), trainer.answers(made_of := noise[:, :2])
    for name, weights in trainer.parameters().items():
        weights[...] = wanted[name]
    trainer.set(use_average=False)
    assert np.allclose(made, make_rows(trainer, generator, noise), rtol=0, atol=1e-12)
    assert np.allclose(answers, trainer.answers(made_of), rtol=0, atol=1e-12)


def test_an_edit_keeps_both_players() -> None:
    """Another loss for the same networks: both keep weights and the state of their optimizers."""
    trainer = game().trainer()
    trainer.run(steps=5)
    other, fresh = remake(trainer, loss="hinge")
    assert not fresh
    for name, values in trainer.tensors().items():
        assert np.array_equal(other.tensors()[name], values), name
    other.run(steps=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": {"generator": {"layers": "linear 3", "noise": 2}}}, "'generator' gives 3, but .* takes 2"),
        ({"objectives": objectives(trains=[])}, "it trains nothing"),
        ({"objectives": objectives(name="made")}, "two objectives are called 'made'"),
        ({"objective": {"name": "generator", "target": 1}}, "two networks are called 'generator'"),
        ({"objectives": objectives(path=["maker", "discriminator"])}, "maker"),
        ({"objectives": objectives(trains=["discriminator"], path=["generator"])}, "which it does not run"),
        ({"objective": {"every": 2}, "objectives": objectives(every=2)}, "nothing is trained in some"),
        ({"objectives": objectives(target="nothing")}, "cannot be a target"),
        ({"objectives": objectives(target=7)}, "7 cannot be a target of binary_cross_entropy_logits"),
        ({"objectives": objectives(trains=["generator", "generator"])}, "its trains names 'generator' twice"),
        ({"objectives": objectives(path=["generator", "generator"])}, "its path names 'generator' twice"),
        ({"objectives": objectives(trains=[], adds_to="made")}, "itself added to 'discriminator'"),
        ({"objectives": objectives() * 30}, "more than 50 networks or objectives"),
        ({"objectives": objectives(pat=["generator"])}, "unknown key 'pat'.*path"),
        ({"networks": {"generator": {"layer": "linear 2", "noise": 2}}}, "unknown key 'layer'.*layers"),
        (
            {"networks": {"generator": {"layers": "linear 900000, linear 900000, linear 2"}}},
            "generator, layer 1, linear",
        ),
        ({"objectives": objectives(every=2), "training": {"average": "swa"}}, "which an objective may sit out"),
        ({"objective": {"trains": ["generator"]}, "training": {"average": "ema"}}, "two objectives train 'generator'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(changes: dict[str, Any], message: str) -> None:
    """Shapes that do not meet, objectives that train nothing, names that are taken: nothing is trained."""
    with pytest.raises(InputError, match=message):
        game(**changes).trainer()


def test_rows_that_are_all_real_have_no_scores_of_two_classes() -> None:
    """Precision, F1 and areas compare classes, and there is one: what is scored is the share that is taken for real."""
    trainer = game().trainer()
    trainer.run(steps=3)
    assert list(trainer.evaluate("validation")) == ["loss", "accuracy"]
    assert list(trainer.uncertainty("validation")) == ["accuracy"]


def test_a_run_with_players_is_read_back_as_it_was_written() -> None:
    """Every part of it, through a plain table."""
    for changes in RIVALS.values():
        config = game(**changes)
        assert RunConfig.from_dict(config.to_dict()) == config
    assert game(objectives=objectives(target=0.0123456789)).players.objectives[1].target == "0.0123456789"
