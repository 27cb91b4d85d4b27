"""Claims about blocks in the network: each folds and unfolds by itself, and its layers are edited where they stand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Input, Static

from nnplay.errors import InputError
from nnplay.network.edit_layers import changed, put, swapped, twice, without
from nnplay.network.summary import ledger
from nnplay.timeline.branch_curves import parse_curve_name
from nnplay.tui import view
from nnplay.tui.app import Playground
from nnplay.tui.forms.folding import from_words, items, keep_unfolded, title, with_units_seen
from nnplay.tui.forms.network_title import network_title
from nnplay.tui.picker.screen import Picker
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.network_view import NetworkView
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.fake_settings import FakeCatalogue, fake_config
from tests.ui.playing import main, text_of
from tests.ui.waiting import until

BLOCK = "sum[identity | linear 8, sum[identity | tanh, linear 8]]"
TEXTS = ("linear 8", BLOCK, "relu", BLOCK, "linear 2")


class Backend(FakeBackend):
    """Has a network with blocks, costed by the real ledger."""

    def __init__(self) -> None:
        super().__init__(replace(train_run(9, running=False), weights={}))
        self.settings = fake_config(layers=TEXTS)

    def ledger(self, layers):  # type: ignore[no-untyped-def]
        return ledger(layers, (2,), ("x1", "x2"), ("a", "b"))


def make() -> Playground:
    """A playground over it."""
    return Playground(Backend(), Look())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "change", "inner"),
    [
        ((1, 1, 0), put("linear 9"), "sum[identity | linear 9, sum[identity | tanh, linear 8]]"),
        ((1, 1, 1, 1, 0), put("relu"), "sum[identity | linear 8, sum[identity | relu, linear 8]]"),
        ((1, 1, 1, 1, 0), put("relu", new=True), "sum[identity | linear 8, sum[identity | relu, tanh, linear 8]]"),
        ((1, 1, 0), without, "sum[identity | sum[identity | tanh, linear 8]]"),
        ((1, 1, 1, 1, 1), twice, "sum[identity | linear 8, sum[identity | tanh, linear 8, linear 8]]"),
        ((1, 1, 1, 1, 0), swapped(1), "sum[identity | linear 8, sum[identity | linear 8, tanh]]"),
        ((1, 1, 0), swapped(-1), BLOCK),
    ],
)
def test_a_layer_within_a_block_is_changed_alone(path, change, inner) -> None:  # type: ignore[no-untyped-def]
    """The change is made at the path, everything else keeps its text."""
    assert changed(TEXTS, path, change) == (TEXTS[0], inner, *TEXTS[2:])


def test_a_text_that_is_no_layer_is_refused_within_a_block() -> None:
    """Nothing is changed then."""
    with pytest.raises(InputError, match="unknown layer"):
        changed(TEXTS, (1, 1, 0), put("linnear 8"))


def test_ledger_knows_the_layers_of_blocks() -> None:
    """Shapes and parameters of inner layers are those that they have there, and add up to the block's."""
    block = ledger(TEXTS, (2,), ("x1", "x2"), ("a", "b")).lines[1]
    inner = [line for part in block.parts for line in part]
    assert [line.text for line in inner[:2]] == ["identity", "linear 8"]
    assert inner[1].shape == "8"
    assert sum(line.parameters for line in inner) == block.parameters


async def test_each_block_folds_by_itself_and_is_edited_inside() -> None:
    """v opens the block under the cursor only; its layers are changed, moved and taken out where they stand."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2", "down", "v")
        await pilot.pause()
        layers = main(app).query_one(LayerList)
        shown = text_of(app, "#layers")
        assert shown.count("▽ sum, 6 layers") == 1
        assert shown.count("▷ sum, ") == 2
        assert "├0 identity" in shown
        await pilot.press("down", "down", "F")
        assert app._backend.settings.layer_texts[1].startswith("sum[identity | linear 8 frozen")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        app.screen.query_one(Input).value = "linear 8"
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts == TEXTS
        assert layers.path == (1, 1, 0)
        await pilot.press("v")
        await pilot.pause()
        assert layers.path == (1,)
        assert "├" not in text_of(app, "#layers")


async def test_unfolded_blocks_stay_so_when_layers_before_them_change() -> None:
    """A layer taken out above moves the block, and it stays open; the session's view keeps which are open."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2", "down", "down", "down", "v")
        layers = main(app).query_one(LayerList)
        assert view.capture_view(main(app))["unfolded"] == ["3"]
        await pilot.press("up", "d")
        await pilot.pause()
        assert layers.unfolded == {(2,)}
        app._backend.view = {"unfolded": ["1", "1.1.1", 7, "x"]}
        app.refresher.tick()
        await pilot.pause()
        assert layers.unfolded == {(1,), (1, 1, 1), (7,)}
        assert main(app).query_one(NetworkView).unfolded == layers.unfolded


async def test_the_chain_in_the_network_pane_folds_too() -> None:
    """↓ goes through the chain, enter unfolds a block, ← from within folds it again."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "down", "enter")
        await pilot.pause()
        network = main(app).query_one(NetworkView)
        assert "├0 identity" in network.plain_text
        await pilot.press("down", "down")
        await pilot.pause()
        assert "▸ ├1 linear 8" in network.plain_text
        await pilot.press("left")
        await pilot.pause()
        assert "├" not in network.plain_text
        assert network.row == 1
        await pilot.press("w", "K", "escape")


async def test_a_click_on_the_sign_of_a_block_folds_it() -> None:
    """The mouse opens a block without editing it."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.click(main(app).query_one(LayerList), offset=(2, 1))
        await pilot.pause()
        assert main(app).query_one(LayerList).unfolded == {(1,)}
        assert app.screen is main(app)


def test_paths_of_a_session_that_are_none_are_passed_over() -> None:
    """Words, signs that only look like digits, and numbers with thousands of digits leave the others as they are."""
    assert from_words(["3", "3.1.0", "x", "²", "-1", "", "1..2", "9" * 5000, 7]) == {(3,), (3, 1, 0), (7,)}


def test_a_curve_whose_name_has_no_step_begins_at_the_first() -> None:
    """The name of a fork's curve comes from a session: what is no step counts as none."""
    assert parse_curve_name("fork.40.lr.0.1") == (40, "lr 0.1")
    assert parse_curve_name(f"fork.{'9' * 5000}.lr.0.1")[0] == 0
    assert parse_curve_name("fork.².lr.0.1")[0] == 0


def test_a_network_that_is_one_block_begins_unfolded() -> None:
    """Or there would be nothing to see; one that was folded stays so while its layers are edited."""
    pair = "ensemble[linear 4, relu, linear 1 | linear 4, relu, linear 1]"
    assert keep_unfolded((), [], [pair]) == {(0,)}
    assert keep_unfolded((), ["linear 2", "linear 1"], [pair]) == {(0,)}
    assert keep_unfolded((), [pair], [pair.replace("4", "5")]) == frozenset()
    assert keep_unfolded((), [], [pair, "relu"]) == keep_unfolded((), [], ["linear 1"]) == frozenset()


def test_networks_side_by_side_are_counted_and_told_once_at_the_top() -> None:
    """The line of the block says how many; the title of the network what each is, if all are alike."""
    look, branch = Look(), "linear 4, relu, linear 1"
    for text, name, shape in (
        (f"ensemble[{branch} | {branch}]", "▷ ensemble of 2", "2 × 3·4·1"),
        (f"ensemble[{branch} | linear 1]", "▷ ensemble of 2", "3·1"),
        (f"sum[{branch} | linear 1]", "▷ sum, 4 layers", "3·1"),
    ):
        found = ledger((text,), (3,), ("a", "b", "c"), ("y",))
        assert title(next(items(found.lines, ())), (), look) == name
        assert network_title(found, look) == shape


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("linear 16 xavier_uniform", 24, "linear 16 xavier_uniform"),
        ("linear 16 xavier_uniform", 16, "linear 16 …"),
        ("linear 16 xavier_uniform", 9, "linear 16"),
        ("linear 16 xavier_uniform", 8, "line… 16"),
        ("conv_transpose2d 64 4 stride=2", 12, "conv_tra… 64"),
        ("leaky_relu 0.2", 11, "leaky_relu"),
        ("global_avg_pool", 12, "global_avg_pool"),
    ],
)
def test_units_are_seen_where_a_text_finds_no_room(text: str, room: int, shown: str) -> None:
    """What is behind them goes first, then the end of the kind; a text without units is left to be cut."""
    assert with_units_seen(text, room) == shown


async def test_the_picker_shows_a_block_by_its_beginning_and_its_own_settings() -> None:
    """Enter on a block whose text is long: its kind in the list, that it has branches, and how its text begins."""
    app = make()
    branch = ", ".join(["linear 8, relu"] * 4)
    app._backend.settings = fake_config(layers=(f"sum[{branch} | {branch}]", "linear 2"))  # type: ignore[misc]
    app._backend.catalogue = FakeCatalogue(layers={**FakeCatalogue().layers, "sum": ()})  # type: ignore[misc,assignment]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "2", "enter")
        await until(pilot, lambda: isinstance(app.screen, Picker) and app.screen.query_one(Input).cursor_position == 0)
        assert isinstance(app.screen, Picker)
        assert app.screen.query_one(Input).value.startswith("sum[linear 8")
        chosen = app.screen.chosen
        assert chosen is not None
        assert chosen.value == "sum"
        settings = str(app.screen.query_one("#settings", Static).content)
        assert settings.startswith("[ … | … ]")
        assert "units" not in settings
