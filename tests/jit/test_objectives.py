"""Several objectives in one run: heads on a trunk, networks trained in turn, each with its own loss and optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay.errors import DivergedError, InputError
from nnplay.tape.machines.interpreter import InterpretedMachine
from tests.records import same_bits

Array = NDArray[Any]
ROWS = 22
RANDOM = np.random.default_rng(5)
ARRAYS: dict[str, Array] = {
    "x": RANDOM.normal(size=(ROWS, 4)),
    "kind": RANDOM.integers(0, 3, ROWS),
    "size": RANDOM.normal(size=(ROWS, 1)),
    "noise": RANDOM.normal(size=(ROWS, 2)),
    "real": RANDOM.normal(size=(ROWS, 3)),
    "ones": np.ones(ROWS, np.int64),
    "zeros": np.zeros(ROWS, np.int64),
}


def heads(**more: Any) -> nn.ObjectiveTrainer:
    """Two heads on one trunk, which both train; the second every other step, with an optimizer that counts updates."""
    networks = {
        "trunk": nn.Network("linear 6, tanh, dropout 0.2", seed=1),
        "species": nn.Network("linear 3", seed=2),
        "length": nn.Network("linear 4, silu, linear 1", seed=3),
    }
    objectives = [
        nn.Objective(
            "a", ("trunk", "species"), nn.CrossEntropy(), ("trunk", "species"), nn.SGD(lr=0.1, momentum=0.9),
            input="x", target="kind",
        ),
        nn.Objective(
            "b", ("trunk", "length"), nn.MSE(), ("trunk", "length"), nn.Adam(lr=0.01), every=2,
            input="x", target="size",
        ),
    ]  # fmt: skip
    return nn.ObjectiveTrainer(networks, objectives, ARRAYS, **{"batch_size": 8, "seed": 3, "threads": 1, **more})


def rivals(**more: Any) -> nn.ObjectiveTrainer:
    """A maker and a critic: the critic learns what is real and what is made, the maker to pass for real."""
    networks = {
        "maker": nn.Network("linear 5, tanh, linear 3", seed=1),
        "critic": nn.Network("linear 4, tanh, linear 1"),
    }
    loss = nn.BinaryCrossEntropyLogits()
    objectives = [
        nn.Objective("real", ("critic",), loss, ("critic",), nn.Adam(lr=0.01), input="real", target="ones"),
        nn.Objective("made", ("maker", "critic"), loss, ("critic",), nn.Adam(lr=0.01), input="noise", target="zeros"),
        nn.Objective("maker", ("maker", "critic"), loss, ("maker",), nn.SGD(lr=0.1), 2, input="noise", target="ones"),
    ]
    return nn.ObjectiveTrainer(networks, objectives, ARRAYS, **{"batch_size": 8, "seed": 3, "threads": 1, **more})


BOTH = pytest.mark.parametrize("make", [heads, rivals])


@BOTH
@pytest.mark.parametrize("settings", [{}, {"l2": 0.1, "clip_norm": 0.2, "clip_value": 0.1}], ids=["plain", "limited"])
def test_the_loop_trains_stages_as_the_interpreter_does(make: Any, settings: dict[str, float]) -> None:
    """Seven steps over shuffled batches, the last of an epoch shorter: state and losses of all stages agree."""
    compiled = make(dtype="float64", **settings)
    plain = make(dtype="float64", machine=InterpretedMachine, **settings)
    found, wanted = compiled.run(7), plain.run(7)
    assert compiled.machine.clock == plain.machine.clock
    assert np.allclose(compiled.machine.state(), plain.machine.state(), rtol=0, atol=1e-10)
    for name, losses in wanted.items():
        assert np.allclose(found[name], losses, rtol=0, atol=1e-10, equal_nan=True), name
    last = list(found)[-1]
    assert np.isnan(found[last]).tolist() == [False, True] * 3 + [False]


@BOTH
def test_gradients_of_every_stage_are_differences_of_its_loss(make: Any) -> None:
    """What each stage sends back through all its networks agrees with central differences, and only what it trains."""
    made = make(dtype="float64")
    machine = made.machine
    machine.shuffle()
    table = machine.current_batch
    parameters = made.parameters()
    for stage in machine.tape.stages:
        first, loss = stage.rows.first, machine.view(stage.named["loss"])
        last = next(k for k, row in enumerate(table.rows) if k > first and row.phase == "backward")
        machine.run_table(table, stage.rows.update_at, first)
        found = {name: machine.view(slot).copy() for name, slot in stage.gradients.items()}
        assert {name.partition(".")[0] for name in found} == set(stage.objective.trains)
        for name, gradient in found.items():
            values = parameters[name].reshape(-1)
            for place in range(0, values.size, 3):
                ends = []
                for shift in (1e-5, -1e-5):
                    kept, values[place] = values[place], values[place] + shift
                    machine.run_table(table, last, first)
                    ends.append(float(loss[0]))
                    values[place] = kept
                difference = (ends[0] - ends[1]) / 2e-5
                assert gradient.reshape(-1)[place] == pytest.approx(difference, abs=1e-8), (name, place)


@BOTH
def test_stepped_is_run_and_threads_change_nothing(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bits in one call, step by step, and with rows shared among two threads."""
    monkeypatch.setattr("nnplay.tape.machines.shares.SHARE", 64)
    run, stepped, shared = make(), make(), make(threads=2)
    run.run(9)
    shared.run(9)
    for _ in range(9):
        stepped.run(1)
    assert any(row.parts > 1 for row in run.machine.tape.train)
    assert same_bits(run.machine.state(), stepped.machine.state()).all()
    assert same_bits(run.machine.state(), shared.machine.state()).all()


def test_networks_that_share_nothing_train_as_each_does_alone() -> None:
    """Two networks in one run get the bits of two runs; one that takes every other step counts its own updates."""
    texts = {"one": "linear 5, tanh, linear 1", "two": "linear 3, relu, linear 1"}
    networks = {name: nn.Network(text, seed=4) for name, text in texts.items()}
    adam = nn.Adam(lr=0.02)
    objectives = [
        nn.Objective("first", ("one",), nn.MSE(), ("one",), adam, input="x", target="size"),
        nn.Objective("second", ("two",), nn.MSE(), ("two",), adam, every=2, input="noise", target="size"),
    ]
    settings: dict[str, Any] = {"batch_size": "all", "shuffle": False, "threads": 1}
    alone = {
        name: nn.Trainer(networks[name], nn.Dataset(ARRAYS[inputs], ARRAYS["size"]), "mse", adam, **settings)
        for name, inputs in (("one", "x"), ("two", "noise"))
    }
    one, two = (trainer.split.train for trainer in alone.values())  # a split deals the rows in an order of its own
    together = nn.ObjectiveTrainer(networks, objectives, {"x": one.x, "noise": two.x, "size": one.y}, **settings)
    together.run(10)
    for name, steps in (("one", 10), ("two", 5)):
        alone[name].run(steps=steps)
        for parameter, values in alone[name].parameters().items():
            assert same_bits(together.parameters()[f"{name}.{parameter}"], values).all(), (name, parameter)


def test_a_stage_moves_only_what_it_trains() -> None:
    """The maker's stage leaves the critic alone, though its gradient passes through; a step it sits out, the maker."""
    made = rivals()
    made.run(1)
    maker, critic = (
        {k: v.copy() for k, v in made.parameters().items() if k.startswith(n)} for n in ("maker", "critic")
    )
    made.run(1)
    assert all(np.array_equal(made.parameters()[name], values) for name, values in maker.items())
    assert not any(np.array_equal(made.parameters()[name], values) for name, values in critic.items())
    stage = made.machine.tape.stages[2]
    written = {slot.name for row in made.machine.tape.train[stage.rows.first : stage.rows.end] for slot in row.writes}
    assert not any(name.startswith(("dcritic", "critic.0.weight")) for name in written)


def test_losses_fall_and_answers_are_given() -> None:
    """Both heads learn their rows; each objective is evaluated and asked by its name."""
    made = heads(batch_size="all")
    before = [made.evaluate("a", ARRAYS["x"], ARRAYS["kind"]), made.evaluate("b", ARRAYS["x"], ARRAYS["size"])]
    losses = made.run(300)
    after = [made.evaluate("a", ARRAYS["x"], ARRAYS["kind"]), made.evaluate("b", ARRAYS["x"], ARRAYS["size"])]
    assert after[0] < 0.5 * before[0]
    assert after[1] < 0.5 * before[1]
    assert len(losses["a"]) == 300
    assert made.predict("a", ARRAYS["x"]).shape == (ROWS, 3)
    assert made.predict("b", ARRAYS["x"][:2]).shape == (2, 1)


def test_a_later_stage_that_diverges_puts_the_state_of_the_step_back() -> None:
    """Where the second stage meets what is not finite, the first one's update of that step is taken back too."""
    made = heads(dtype="float64")
    made.run(2)
    before = made.machine.state().copy()
    made.parameters()["length.0.weight"][...] = np.inf
    before[np.isinf(made.machine.state())] = np.inf
    with pytest.raises(DivergedError, match=r"in step 3: the loss .* weights after 2 steps were kept"):
        made.run(3)
    assert np.array_equal(made.machine.state(), before)
    assert made.step == 2


def objective(name: str = "a", forward: Any = ("net",), trains: Any = ("net",), **more: Any) -> nn.Objective:
    """One objective of a small network."""
    given: dict[str, Any] = {"input": "x", "target": "size", **more}
    return nn.Objective(name, forward, nn.MSE(), trains, nn.SGD(lr=0.1), **given)


def test_settings_that_do_not_apply_are_refused() -> None:
    """A setting that objectives do not have is named, instead of being passed over."""
    with pytest.raises(InputError, match="schedule"):
        heads(schedule="cosine")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"every": 0}, "every is 0"),
        ({"every": 1.5}, "every is 1.5"),
        ({"forward": "net"}, "list of network names"),
        ({"trains": "net"}, "list of network names"),
        ({"loss": nn.MSE}, "is not a loss"),
        ({"optimizer": "adam"}, "'adam' is not a loss or optimizer"),
    ],
)
def test_an_objective_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    """Losses and optimizers without settings, a text for several names, and counts that are none are told."""
    given = {"name": "a", "forward": ("net",), "loss": nn.MSE(), "trains": ("net",), "optimizer": nn.SGD(lr=0.1)}
    with pytest.raises(InputError, match=message):
        nn.Objective(**{**given, **wrong})


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ([], "no objective"),
        ([objective(), objective()], "cannot name"),
        ([objective(name="Ä")], "cannot name"),
        ([objective(forward=("net", "other"))], "no network 'other'"),
        ([objective(forward=("net", "net"))], "each network once"),
        ([objective(trains=("else",))], "its own forward pass"),
        ([objective(trains=())], "its own forward pass"),
        ([objective(target="nothing")], "no array 'nothing'"),
        ([objective(target="x")], "rows of 4 where 1 are needed"),
        ([objective(), objective(name="b", input="noise")], "rows of"),
    ],
)
def test_what_does_not_fit_is_refused(objectives: list[nn.Objective], message: str) -> None:
    """Objectives that do not fit networks, arrays or each other are refused in words, before anything is laid out."""
    with pytest.raises(InputError, match=message):
        nn.ObjectiveTrainer({"net": nn.Network("linear 1"), "spare": nn.Network("linear 1")}, [
            *objectives, objective("last", ("spare",), ("spare",)),
        ] if objectives else [], ARRAYS)  # fmt: skip


@pytest.mark.parametrize("name", ["", "net"])
def test_layers_that_are_fitted_to_the_rows_of_a_run_are_refused(name: str) -> None:
    """Whatever the network is called: arrays have no training rows."""
    with pytest.raises(InputError, match="is fitted to the training rows"):
        nn.ObjectiveTrainer(
            {name: nn.Network("piecewise_linear 4, linear 1")}, [objective(forward=(name,), trains=(name,))], ARRAYS
        )
