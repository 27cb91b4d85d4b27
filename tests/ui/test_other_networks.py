"""A run of two networks on the screen: one key shows the other one, which can then be read and changed as the first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import nnplay as nn
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.forms.form import Form
from nnplay.tui.panes.layers import LayersPane
from nnplay.tui.panes.network import NetworkPane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.runs.run_table import RunTable
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.header import HeaderLine
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.network_view import NetworkView
from nnplay.views.plane import make_neuron_pictures
from tests.small_players import game
from tests.ui.playing import text_of
from tests.ui.waiting import until

RUN = game(networks={"generator": {"layers": "linear 3, tanh, linear 2", "noise": 2}})


@pytest.fixture
def backend() -> Iterator[PlaygroundBackend]:
    made = PlaygroundBackend(RUN)
    yield made
    made.stop()


async def test_a_key_shows_the_generator_and_changes_reach_it(backend: PlaygroundBackend) -> None:
    """Titles name it, its weights are drawn and set, its layers edited; the discriminator's stay as they are."""
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        main = app._main
        network, view, layers = main.query_one(NetworkPane), main.query_one(NetworkView), main.query_one(LayerList)
        await until(pilot, lambda: backend.snapshot.weights)
        assert str(network.border_title) == "2 Network · discriminator"
        header = main.query_one(HeaderLine).plain_text
        assert "nnplay points › discriminator " in header
        assert "loss sum" in header  # "train sum" once there is an epoch
        assert "valid real" in header
        await pilot.press("2", "O")
        await until(pilot, lambda: backend.snapshot.network == "generator" and not view.is_chain)
        titles = [str(main.query_one(pane).border_title) for pane in (NetworkPane, LayersPane)]
        assert titles == ["2 Network · generator", "Layers · generator"]
        assert layers.texts == ["linear 3", "tanh", "linear 2"]
        trainer = backend.worker.trainer
        assert trainer is not None
        assert np.array_equal(backend.snapshot.weights["2.weight"], trainer.parameters()["generator.2.weight"])
        before = float(backend.snapshot.weights["2.weight"][0, 0])
        await pilot.press("right", "right", "w", "K")
        await until(pilot, lambda: trainer.parameters()["generator.2.weight"][0, 0] != np.float32(before))
        assert trainer.parameters()["generator.2.weight"][0, 0] == pytest.approx(before + 0.1, abs=1e-6)
        await pilot.press("left", "+")
        await until(pilot, lambda: backend.settings.players.networks["generator"].layers[0].values["units"] == 4)
        assert backend.settings.layers == RUN.layers
        app.typed_line.run_command("network", "discriminator")
        assert layers.texts == ["linear 6", "tanh", "linear 1"]
        await pilot.press("colon", *"network", "space", *"critic", "enter")
        await until(pilot, lambda: any("unknown network 'critic'" in line for line in app.messages.printed))


def test_units_of_a_generator_are_drawn_over_its_noise() -> None:
    """Over the square of noise within 2.5 deviations, first row at the top: what its layers make of each place."""
    trainer = RUN.trainer()
    pictures = make_neuron_pictures(trainer, 4, "generator")
    place = np.array([[-2.5 + 1.25 / 2, 2.5 - 1.25 / 2]], np.float32)
    weights = {name: value for name, value in trainer.parameters().items() if name.startswith("generator")}
    hidden = place @ weights["generator.0.weight"] + weights["generator.0.bias"]
    made = np.tanh(hidden) @ weights["generator.2.weight"] + weights["generator.2.bias"]
    assert pictures[0, 1][0, 0] == pytest.approx(float(hidden[0, 1]), rel=1e-5)
    assert pictures[2, 0][0, 0] == pytest.approx(float(made[0, 0]), rel=1e-5)


async def test_each_player_has_a_heading_in_the_training_pane(backend: PlaygroundBackend) -> None:
    """Its rows stand below it under short names; the cursor passes headings over and keeps the first one in sight."""
    app = Playground(backend, Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        form = app._main.query_one("#training Form", Form)
        text = form.plain_text
        assert "problem" not in app._main.query_one("#data Form", Form).plain_text, "a game's rows have no class"
        headings = [line.split(" ─")[0] for line in text.splitlines() if "──" in line and "●" not in line]
        assert headings[:3] == ["discriminator", "discriminator + made", "generator"]
        assert re.search(r"\ngenerator ─+\n +layers +linear 3, tanh, .*\n +truncation .*1\n +every +1", text)
        await pilot.press(*["down"] * 7)
        assert form.entry is not None
        assert form.entry.key == "objectives.made.target"
        await pilot.press("up", "right")
        await until(pilot, lambda: backend.settings.players.factor > 1)
        while form.entry.key != "loss":
            await pilot.press("up")
        assert form.plain_text.startswith("discriminator ──")


def test_a_frozen_block_of_a_generator_leaves_the_scores_as_they_are() -> None:
    """No weight changes by it, so the header keeps its losses; another layer of the generator has none yet."""
    trainer = RUN.trainer()
    trainer.run(epochs=1)
    player = RUN.players.networks["generator"]
    for layer, since in ((replace(player.layers[0], frozen=True), 0), (nn.Linear(4), trainer.step)):
        networks = {"generator": replace(player, layers=(layer, *player.layers[1:]))}
        other, _ = nn.remake(trainer, players=replace(trainer.players, networks=networks))
        assert other.scored_since == since


async def test_the_list_of_runs_calls_numbers_as_the_header_does(backend: PlaygroundBackend) -> None:
    """In a game the training loss is a sum, the validation loss of real rows alone, and there is no accuracy."""
    backend.run_for(epochs=1)
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: backend.snapshot.epoch == 1)
        await pilot.press("C")
        await until(pilot, lambda: "valid real 0." in pilot.app.screen.query_one(RunTable).plain_text)
        shown = pilot.app.screen.query_one(RunTable).plain_text
        assert "train sum" in shown
        assert "accuracy" not in shown


@pytest.mark.parametrize(("width", "with_real"), [(120, True), (80, False)])
async def test_the_header_of_a_game_has_the_loss_of_the_other_player(
    backend: PlaygroundBackend, width: int, with_real: bool
) -> None:
    """It stays where the loss of real rows, which says less, finds no room."""
    backend.run_for(epochs=1)
    app = Playground(backend, Look())
    async with app.run_test(size=(width, 40)) as pilot:
        await until(pilot, lambda: re.search(r"train sum +\d", text_of(app, "#header")) is not None)
        shown = text_of(app, "#header")
        loss = backend.snapshot.player_losses["generator"]
        assert f"generator {loss:.4f}" in shown
        assert ("valid real" in shown) == with_real
        assert len(shown.rstrip()) <= width


async def test_the_heading_of_a_view_says_whose_answers_it_shows(backend: PlaygroundBackend) -> None:
    """Views of a game show the run's own network by its name, but for those of what the other one makes."""
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        pane = pilot.app.screen.query_one(OutputPane)
        await until(pilot, lambda: "generated points" in str(pane.border_title))
        assert "discriminator" not in str(pane.border_title)
        pane.choose("confusion matrix")
        await until(pilot, lambda: "discriminator: confusion matrix" in str(pane.border_title))
