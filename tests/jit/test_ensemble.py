"""An ensemble at the end of a network: its branches learn apart, and their mean answers."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.cli.run_outline import objectives
from nnplay.config import RunConfig
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.step_text import step_text
from nnplay.network.fit_outputs import fit_outputs
from nnplay.network.hidden_layers import add_hidden_layer, common_activation, remove_hidden_layer, with_activation
from nnplay.network.notation import parse_layers, show_layer
from nnplay.session.summary_text import data_and_network
from nnplay.sweeps.change import changed_run
from nnplay.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("kernels")
PAIR = "ensemble[linear 4, relu, linear 1 | linear 4, relu, linear 1]"
RUN = {"data": {"name": "sine", "samples": 60}, "optimizer": "sgd lr=0.1", "training": {"batch_size": "all"}}


def trainer(layers: str, **changes: object) -> Trainer:
    return RunConfig.from_dict({**RUN, "layers": layers, **changes}).trainer()


def test_each_branch_takes_the_step_that_it_would_take_alone() -> None:
    """With half of the learning rate, as each loss is half of the run's; the other one is nothing to it."""
    both = trainer(PAIR)
    members = []
    for branch in (0, 1):
        alone = trainer("linear 4, relu, linear 1", optimizer="sgd lr=0.05")
        for name, values in alone.parameters().items():
            values[...] = both.parameters()[f"0.{branch}.{name}"]
        members.append(alone)
    answers = [alone.predict(alone.split.test.x) for alone in members]
    np.testing.assert_allclose(both.predict(both.split.test.x), np.mean(answers, axis=0), rtol=1e-5, atol=1e-6)
    for one in (both, *members):
        one.run(epochs=5)
    for branch, alone in enumerate(members):
        for name, values in alone.parameters().items():
            np.testing.assert_allclose(both.parameters()[f"0.{branch}.{name}"], values, rtol=1e-4, atol=1e-6)
    losses = [alone.history["train_loss"][-1].last for alone in members]
    assert both.history["train_loss"][-1].last == pytest.approx(np.mean(losses), rel=1e-4)


def test_with_an_optimizer_of_one_loss_the_mean_is_learned() -> None:
    """Levenberg-Marquardt sees the errors of the answer, and lowers them."""
    one = trainer("ensemble[linear 2, tanh, linear 1 | linear 2, tanh, linear 1]", optimizer="levenberg_marquardt")
    before = one.evaluate("train")["loss"]
    one.run(epochs=8)
    assert one.evaluate("train")["loss"] < before


def test_what_is_asked_of_the_hidden_layers_is_done_in_each_branch() -> None:
    """One layer more or less, another activation, another width, and as many outputs as a loss wants."""
    assert common_activation([PAIR]) == "relu"
    wider = add_hidden_layer([PAIR])
    assert wider == (PAIR.replace("relu, linear 1", "relu, linear 4, relu, linear 1"),)
    assert remove_hidden_layer(wider) == (PAIR,)
    assert with_activation([PAIR], "tanh") == (PAIR.replace("relu", "tanh"),)
    changed = changed_run(RunConfig.from_dict({**RUN, "layers": PAIR}), {"layers.width": 9})
    assert changed.layer_texts == (PAIR.replace("linear 4", "linear 9"),)
    form = next(fit_outputs(parse_layers(PAIR), 3, (1,)))
    assert [show_layer(layer) for layer in form] == [PAIR.replace("linear 1", "linear 3")]


def test_the_outline_says_whose_loss_is_lowered() -> None:
    """That of each branch, or of their mean where an optimizer has one loss only."""
    pair = RunConfig.from_dict({**RUN, "layers": PAIR, "loss": "mse"})
    assert objectives(pair)[-1].strip() == (
        "mse of each branch of network(data) against the data's targets, averaged over the branches"
    )
    alone = RunConfig.from_dict({**RUN, "layers": PAIR, "loss": "mse", "optimizer": "levenberg_marquardt"})
    assert objectives(alone)[-1].strip() == "mse of network(data) against the data's targets"


def test_rows_of_a_branch_say_which() -> None:
    """Targets and losses of branches are listed under the number by which their parameters are called."""
    inspector = Inspector(trainer(PAIR))
    rows = [inspector.view(number) for number in range(len(inspector.rows))]
    assert [row.branch for row in rows if row.name == "next targets"] == ["0.0", "0.1"]
    assert [row.branch for row in rows if row.name == "mean squared error"] == ["mean", "0.0", "0.1"]
    assert [row.branch for row in rows if row.name == "loss added to the sum"] == ["0.0", "0.1"]
    assert [row.branch for row in rows if row.name == "share of this loss"] == ["0.1", "0.0", "mean"]
    assert {row.branch for row in rows if row.path or row.phase == "update"} == {""}
    assert {row.player for row in rows} == {""}
    text = "\n".join(step_text(inspector, ("data", "loss")))
    assert "branch 0.1:  next targets" in text
    assert "branch 0.0:  mean squared error" in text
    assert "mean of branches:  mean squared error" in text


def test_a_list_of_runs_says_how_many_networks_an_ensemble_has() -> None:
    """And the units of the first."""
    for layers in (PAIR, [PAIR]):
        assert data_and_network({"data": {"name": "sine"}, "layers": layers}) == ("sine", "2 × 4·1")
    assert data_and_network({"data": {"file": "a/b.csv"}, "layers": ["linear 8", "relu", "linear 2"]})[1] == "8·2"
