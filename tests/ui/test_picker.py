"""Claims about the picker: one screen for data, layers, activations, losses, optimizers, schedules and presets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from nnplay.data.catalogue import dataset_records
from nnplay.errors import InputError
from nnplay.network.notation import example_layer
from nnplay.presets.catalogue import preset_records
from nnplay.records.registry import layer_records, loss_records, optimizer_records, schedule_records
from nnplay.tui.app import Playground
from nnplay.tui.commands.picking import KINDS
from nnplay.tui.draw.sketch import Sketch
from nnplay.tui.picker import shelves
from nnplay.tui.picker.choice import Choice, matching
from nnplay.tui.picker.screen import Picker
from nnplay.tui.picker.tabs import ShelfTabs
from nnplay.tui.picker.thumbnail import ThumbnailView
from nnplay.tui.theme.look import Look
from nnplay.tui.thumbnails.curves import draw_loss
from nnplay.tui.thumbnails.optimizer_path import best_path
from nnplay.tui.widgets.cells import Row, row_width
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.network_view import NetworkView
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import main, make, text_of, type_line
from tests.ui.waiting import until

LOOKS = {"full": Look(), "plain": Look(colours="none"), "ascii": Look(colours="none", ascii=True)}
ALL: dict[str, Callable[[], list[Choice]]] = {
    "preset": lambda: shelves.preset_choices(tuple(preset_records())),
    "data": lambda: shelves.data_choices(tuple(dataset_records())),
    "layer": lambda: shelves.layer_choices(tuple(layer_records())),
    "activation": shelves.activation_choices,
    "loss": lambda: shelves.loss_choices(tuple(loss_records())),
    "optimizer": lambda: shelves.optimizer_choices(tuple(optimizer_records())),
    "schedule": lambda: shelves.schedule_choices(("none", *schedule_records())),
}


def text(rows: list[Row]) -> str:
    return "\n".join("".join(part for part, _ in row) for row in rows)


def picker(app: Playground) -> Picker:
    assert isinstance(app.screen, Picker)
    return app.screen


def content(app: Playground, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


async def type_over(pilot: Pilot[int], words: str) -> None:
    """Replace what stands in the line."""
    pilot.app.screen.query_one(Input).value = words
    await pilot.pause()


# What is shown


@pytest.mark.parametrize("kind", KINDS)
def test_every_choice_says_what_it_is_and_when_to_use_it(kind: str) -> None:
    """Two lines, whose text comes from the record."""
    choices = ALL[kind]()
    assert choices
    assert all(choice.what and choice.when for choice in choices)


@pytest.mark.parametrize(
    ("look", "every"),
    [
        pytest.param(LOOKS["full"], slice(0, None, 2), id="half of them"),
        pytest.param(LOOKS["ascii"], slice(1, None, 2), id="the other half, ascii"),
        *(pytest.param(look, slice(None), id=name, marks=pytest.mark.slow) for name, look in LOOKS.items()),
    ],
)
@pytest.mark.parametrize("kind", ALL)
def test_every_choice_has_a_thumbnail_in_every_look(kind: str, look: Look, every: slice) -> None:
    """It shows something, keeps to its room, and under `--ascii` has nothing else than ASCII."""
    for choice in ALL[kind]()[every]:
        assert choice.thumbnail is not None
        rows = choice.thumbnail(41, 9, look)
        assert 0 < len(rows) <= 9, choice.value
        assert all(row_width(row) <= 42 for row in rows), choice.value
        assert text(rows).strip() or look.blocks, choice.value
        assert not look.ascii or text(rows).isascii(), choice.value


def test_the_curve_of_a_loss_is_its_definition() -> None:
    """Squared error is lowest in the middle and even; cross-entropy falls towards the right class."""
    squared = text(draw_loss(loss_records()["mse"], 41, 12, LOOKS["ascii"])).split("\n")
    assert squared[-1][20] == "*" or squared[-2][20] == "*"
    top = next(line for line in squared if "*" in line)
    assert top.index("*") + top.rindex("*") == pytest.approx(40, abs=2)
    falling = text(draw_loss(loss_records()["cross_entropy"], 41, 12, LOOKS["ascii"])).split("\n")
    columns = [line.index("*") for line in falling if "*" in line]
    assert columns == sorted(columns)


ALIKE = ("adam", "adamw", "sgd", "asgd")


@pytest.mark.parametrize("name", optimizer_records())
def test_the_path_of_an_optimizer_leads_down(name: str) -> None:
    """It ends nearer to the lowest place than it began, and is that optimizer's own; ASGD's average does not show."""
    path = best_path(name)
    assert np.linalg.norm(path[-1]) < 0.5 * np.linalg.norm(path[0])
    others = [best_path(other) for other in optimizer_records() if other not in (name, *ALIKE)]
    assert all(np.abs(path - other).max() > 1e-3 for other in others)


def test_a_sketch_leaves_gaps_where_there_is_no_number() -> None:
    """NaN ends a line, which goes on behind it; what lies outside of the ranges is not drawn."""
    sketch = Sketch(9, 3, (0.0, 8.0), (-1.0, 1.0), LOOKS["ascii"])
    sketch.line(range(9), [0, 0, 0, float("nan"), float("nan"), 0, 0, 9e9, 0], LOOKS["ascii"].series(0))
    assert text(sketch.rows()).split("\n")[1].startswith("***  **")


def test_typing_finds_by_start_part_letters_and_description() -> None:
    """The start of a name comes first; descriptions count where no name fits."""
    choices = [Choice("batch_norm", what="deep"), Choice("relu"), Choice("prelu"), Choice("reshape", when="axes")]
    assert [choice.value for choice in matching(choices, "re")] == ["relu", "reshape", "prelu"]
    assert [choice.value for choice in matching(choices, "bn")] == ["batch_norm"]
    assert [choice.value for choice in matching(choices, "AXES")] == ["reshape"]
    assert matching(choices, "ee") == []


def test_the_example_of_a_layer_can_be_typed() -> None:
    """It has the numbers that the layer needs."""
    for name, record in layer_records().items():
        if not (record.joins or record.contains):
            assert example_layer(record).split()[0] == name


# Keys and mouse


@pytest.mark.parametrize(
    ("size", "card"), [((120, 40), True), pytest.param((80, 24), True, marks=pytest.mark.slow), ((60, 14), False)]
)
async def test_one_key_opens_all_kinds_and_tab_goes_through_them(size: tuple[int, int], card: bool) -> None:
    """p begins at the presets; each kind has choices, with a picture and two lines where there is room."""
    app = make()
    async with app.run_test(size=size) as pilot:
        await pilot.press("p")
        await pilot.pause()
        for kind in KINDS:
            assert picker(app).shelf.name == kind
            assert app.screen.query_one(OptionList).option_count > 1
            assert app.screen.has_class("-card") == card
            if card:
                await until(pilot, lambda: app.screen.query_one(ThumbnailView).plain_text.strip())
                assert content(app, "#what")
            frame = app.screen.query_one("#frame")
            assert app.screen.query_one(".keys").region.bottom <= frame.content_region.bottom
            assert frame.region.bottom <= size[1]
            await pilot.press("tab")
            await pilot.pause()
        assert picker(app).shelf.name == KINDS[0]
        await pilot.press("shift+tab")
        assert picker(app).shelf.name == KINDS[-1]
        await pilot.press("escape")
        assert app.screen is main(app)


async def test_a_kind_is_filtered_and_taken() -> None:
    """:pick loss opens there; typing narrows, enter takes, and the cursor begins on what is in force."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await type_line(pilot, "pick loss")
        chosen = picker(app).chosen
        assert chosen is not None
        assert chosen.value == "cross_entropy"
        await pilot.press(*"hub", "enter")
        await pilot.pause()
        assert app._backend.settings.loss.record.name == "huber"
        await type_line(pilot, "pick lozz")
        assert "loss" in text_of(app, "#message-line")


async def test_a_kind_is_reached_and_taken_by_clicks() -> None:
    """A click on a tab shows its kind, one in the list takes the choice; letters still go to the line afterwards."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("p")
        await pilot.pause()
        tabs = app.screen.query_one(ShelfTabs)
        await pilot.click(tabs, offset=(tabs.plain_text.index("optimizer"), 0))
        await pilot.pause()
        assert picker(app).shelf.name == "optimizer"
        await pilot.press("a", "d")
        assert picker(app)._typed == "ad"
        await pilot.click(app.screen.query_one(OptionList), offset=(1, 0))
        await pilot.pause()
        assert app.screen is main(app)
        assert app._backend.settings.optimizer.record.name == "adam"


async def test_the_activation_of_all_layers_is_set_in_one_place() -> None:
    """By the picker, by ← → on the line of the training pane, and by :set; undo takes it back."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3", "j", "j", "j")
        entry = app._main.focused.entry  # type: ignore[union-attr]
        assert (entry.name, entry.value) == ("activation", "tanh")
        await pilot.press("enter")
        await pilot.pause()
        assert picker(app).shelf.name == "activation"
        await pilot.press(*"relu", "enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts == ("linear 8", "relu", "linear 8", "relu", "linear 2")
        await pilot.press("right")
        changed = app._backend.settings.layer_texts
        assert changed[1] == changed[3] != "relu"
        await type_line(pilot, "set activation sigmoid")
        assert app._backend.settings.layer_texts[1] == "sigmoid"
        await pilot.press("z")
        assert app._backend.settings.layer_texts == changed


# Layers


async def test_several_layers_are_typed_at_once() -> None:
    """a takes `linear 6, relu` and shows what both would make of the network; they land behind the chosen layer."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        await type_over(pilot, "linear 6, relu")
        assert content(app, "#outcome").startswith("8→6")
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts[:4] == ("linear 8", "linear 6", "relu", "tanh")


async def test_a_name_without_its_number_asks_for_it() -> None:
    """Enter on `lin` completes the name and says what is missing, with an example; the number then adds the layer."""
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", *"lin", "enter")
        await pilot.pause()
        assert picker(app)._typed == "linear "
        assert "linear needs 'units' (number of outputs), for example linear" in content(app, "#outcome")
        await pilot.press("6", "enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts[1] == "linear 6"


async def test_the_layer_under_the_cursor_completes_the_last_word() -> None:
    """Arrows choose for the word behind the last comma; → writes it, enter takes all."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        await type_over(pilot, "linear 4, re")
        app.screen.query_one(Input).cursor_position = 99
        await pilot.press("right")
        await pilot.pause()
        assert picker(app)._typed == "linear 4, relu"
        await type_over(pilot, "linear 4, t")
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts[1:3] == ("linear 4", "tanh")


async def test_a_layer_is_exchanged_by_arrows() -> None:
    """Enter on a layer shows all kinds with its own under the cursor; another one takes its place."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2", "down", "enter")
        await pilot.pause()
        shelf = picker(app)
        assert shelf.chosen is not None
        assert shelf.chosen.value == "tanh"
        values = [choice.value for choice in shelf.shelf.choices]
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts[1] == values[values.index("tanh") + 1]


async def test_plus_and_minus_change_what_is_under_the_cursor() -> None:
    """In the list units, on its last line hidden layers; in the graph the chosen unit's layer, else hidden layers."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2", "plus", "plus", "minus")
        assert app._backend.settings.layer_texts[0] == "linear 9"
        await pilot.press("up")
        assert main(app).query_one(LayerList).item is None
        await pilot.press("minus")
        assert app._backend.settings.layer_texts == ("linear 9", "tanh", "linear 2")
        await pilot.press("plus")
        assert app._backend.settings.layer_texts == ("linear 9", "tanh", "linear 9", "tanh", "linear 2")
        await pilot.press("z", "z", "2", "right", "plus")
        assert main(app).query_one(NetworkView).chosen == (1, 0)
        assert app._backend.settings.layer_texts[0] == "linear 10"
        await pilot.press("escape", "minus")
        assert app._backend.settings.layer_texts == ("linear 10", "tanh", "linear 2")


async def test_plus_says_why_it_does_nothing() -> None:
    """tanh has no units, the inputs are not the network's, and the last hidden layer can only go once."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2", "down", "plus")
        assert "tanh has no number of units" in text_of(app, "#message-line")
        await pilot.press("2", "right", "left", "plus")
        assert "features" in text_of(app, "#message-line")
        await pilot.press("escape", "minus", "minus", "minus")
        assert "no hidden layer to remove" in text_of(app, "#message-line")


async def test_a_picture_that_cannot_be_drawn_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set whose file is damaged is told in its place; it can be chosen all the same."""

    def refuse(name: str, width: int, height: int, look: Look) -> list[Row]:
        raise InputError("the file is damaged")

    monkeypatch.setattr(shelves, "draw_data", refuse)
    app = Playground(FakeBackend(train_run()), Look())  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await type_line(pilot, "pick data")
        await until(pilot, lambda: "damaged" in app.screen.query_one(ThumbnailView).plain_text)


async def test_a_filter_that_nothing_fits_says_so() -> None:
    """It names another kind that has the word, and enter does nothing that is not said."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("p")
        await pilot.pause()
        await type_over(pilot, "adam")
        assert content(app, "#outcome") == "no preset fits 'adam'; optimizer has adam (tab)"
        await pilot.press("enter")
        assert isinstance(app.screen, Picker)
        await type_over(pilot, "qqqq")
        assert content(app, "#outcome") == "no preset fits 'qqqq'"
        await type_over(pilot, "spiral")
        assert not app.screen.query_one("#outcome").display
