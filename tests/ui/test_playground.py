"""Claims about the playground as a whole, by keyboard and mouse, over a hand-made back end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, SelectionList

from nnplay.tempo import FULL, Tempo
from nnplay.tui.app import Playground
from nnplay.tui.cells import Cells
from nnplay.tui.curve_view import CurveView
from nnplay.tui.dialogs.choose import Choose, ChooseMany
from nnplay.tui.dialogs.command_line import CommandLine
from nnplay.tui.dialogs.help import Help
from nnplay.tui.dialogs.layer import AskLayer
from nnplay.tui.dialogs.log import Log
from nnplay.tui.dialogs.quit import AskQuit
from nnplay.tui.dialogs.tour import CARDS, Tour
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.form import Form
from nnplay.tui.layer_list import LayerList
from nnplay.tui.look import Look
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.said import Said
from tests.ui.fakes import FakeBackend, FakeFinding, trained

SIZES = [(120, 40), (80, 24), (60, 20), (200, 60)]


def make(*, fresh: bool = False, **more: object) -> Playground:
    """A playground over a trained, or a fresh, hand-made run."""
    return Playground(FakeBackend(None if fresh else trained()), Look(), **more)  # type: ignore[arg-type]


def asked(app: Playground) -> list[tuple[object, ...]]:
    """What the app asked of its back end."""
    backend = app._backend
    assert isinstance(backend, FakeBackend)
    return backend.asked


def main(app: Playground) -> MainScreen:
    """The main screen."""
    return app._main


def text_of(app: Playground, selector: str) -> str:
    """The plain text of a widget or pane."""
    return "\n".join(cells.plain_text for cells in main(app).query(f"{selector} , {selector} Cells").results(Cells))


async def type_line(pilot: Pilot[int], line: str) -> None:
    """Type a `:` line."""
    await pilot.press("colon")
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = line
    await pilot.press("enter")
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_opens_and_shows_the_run_at_every_size(size: tuple[int, int]) -> None:
    """Header counters, the footer's first key and the picture are there at each size."""
    app = make()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "epoch 124" in text_of(app, "#header")
        assert "2,745" in text_of(app, "#header")
        assert "space pause" in text_of(app, "#footer")
        assert "●" in text_of(app, "#output")


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("full_stop", "batch"),
        ("comma", "back"),
        ("greater_than_sign", "epoch"),
        ("r", "rewind"),
        ("R", "reseed"),
        ("s", "save"),
    ],
)
async def test_training_keys_reach_the_backend(key: str, what: str) -> None:
    """Each training key asks the back end for exactly its command."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert [call[0] for call in asked(app)] == [what]


async def test_space_starts_and_pauses_wherever_the_focus_is() -> None:
    """Space toggles the run from every pane, also from forms and lists."""
    app = make(fresh=True)
    async with app.run_test(size=(120, 40)) as pilot:
        for pane in ("1", "2", "2", "3", "4", "5", "6"):
            await pilot.press(pane, "space", "space")
        await pilot.pause()
        assert asked(app) == [("run",), ("pause",)] * 7


async def test_speed_has_steps_down_to_one_a_second() -> None:
    """Minus slows down to one step a second and stays there; plus goes back to full speed."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*["minus"] * 9)
        assert asked(app)[-1] == ("tempo", Tempo(1.0))
        await pilot.press(*["plus"] * 9)
        assert asked(app)[-1] == ("tempo", FULL)


async def test_new_snapshot_is_shown() -> None:
    """A snapshot published by the worker appears in header, curves and health without any key."""
    app = make(fresh=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "step 0" in text_of(app, "#header")
        app._backend.snapshot = trained(900)  # type: ignore[misc]
        app.follower.tick()
        app.follower.frame(pictures=True)
        await pilot.pause()
        assert "step 900" in text_of(app, "#header")
        assert "train" in text_of(app, "#curves")
        assert "overfitting" in text_of(app, "#health")


async def test_same_snapshot_draws_nothing() -> None:
    """While the snapshot stays the same no frame is built."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        frames: list[bool] = []
        app.follower._draw = lambda snapshot, pictures: frames.append(True)  # type: ignore[method-assign]
        app.follower.tick()
        app.follower.tick()
        assert frames == []


async def test_shut_gate_holds_frames_back() -> None:
    """While the terminal has not answered for the last frame, a new snapshot is not drawn."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.follower.gate.asks = True
        app.follower.gate.sent()
        app.follower._numbered_at = float("-inf")
        app._backend.snapshot = trained(99_999)  # type: ignore[misc]
        app.follower.tick()
        assert "99,999" not in text_of(app, "#header")
        app.follower.gate.answered()
        app.follower.tick()
        assert "99,999" in text_of(app, "#header")


async def test_form_is_changed_by_arrows_and_by_typing() -> None:
    """→ nudges the value, enter types one, a wrong one is refused with its range."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1", "j", "j", "l")
        await pilot.pause()
        assert app._backend.settings.dataset_fields["noise"] > 0.1
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, AskValue)
        app.screen.query_one(Input).value = "7"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, AskValue)
        assert "0.5" in app.screen.problem
        app.screen.query_one(Input).value = "0.3"
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.dataset_fields["noise"] == 0.3


async def test_choice_dialog_filters_and_takes() -> None:
    """Typing narrows the list, enter takes the first match."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1", "k", "j", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Choose)
        await pilot.press("m", "o")
        await pilot.pause()
        assert app.screen.query_one(OptionList).option_count == 1
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.dataset == "moons"


async def test_features_are_switched_in_a_list() -> None:
    """The features dialog switches with space and takes with enter."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1", "k", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ChooseMany)
        app.screen.query_one(SelectionList).focus()
        await pilot.press("down", "down", "space", "enter")
        await pilot.pause()
        assert app._backend.settings.features == ("x1", "x2", "x1^2")


async def test_undo_and_redo_of_settings() -> None:
    """z takes the last change back, Z makes it again."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3", "j", "j", "l")
        assert app._backend.settings.optimizer_fields["lr"] == 0.02
        await pilot.press("z")
        assert app._backend.settings.optimizer_fields["lr"] == 0.01
        await pilot.press("Z")
        assert app._backend.settings.optimizer_fields["lr"] == 0.02
        await pilot.press("z", "z")
        await pilot.pause()
        assert "nothing to take back" in text_of(app, "#said")


async def test_layers_are_edited_by_keys() -> None:
    """Wider, copy, move and delete change the list as they say."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2", "l")
        assert app._backend.settings.layers[0] == "linear 9"
        await pilot.press("c", "J", "d")
        await pilot.pause()
        assert (
            app._backend.settings.layers == ("linear 9", "tanh", "linear 8", "tanh", "linear 2")
            or len(app._backend.settings.layers) == 5
        )


async def test_quick_keys_all_count() -> None:
    """Keys that arrive in one burst each have their effect: three times wider is three units more."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2")
        layers = main(app).query_one(LayerList)
        for _ in range(3):
            layers.action_width(1)
        assert app._backend.settings.layers[0] == "linear 11"


async def test_layer_is_added_by_typing_and_checked_while_typed() -> None:
    """a opens the dialog; an unknown layer stays with its reason; a known one lands after the chosen layer."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        await pilot.pause()
        assert isinstance(app.screen, AskLayer)
        app.screen.query_one(Input).value = "linaer 4"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, AskLayer)
        assert "linaer" in app.screen.problem
        app.screen.query_one(Input).value = "dropout 0.2"
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.layers[1] == "dropout 0.2"
        assert main(app).query_one(LayerList).cursor == 1


async def test_curves_cursor_reads_values_and_scale_switches() -> None:
    """← puts a cursor that names its step, escape takes it away, g changes the scale, ] the family."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "left")
        await pilot.pause()
        view = main(app).query_one(CurveView)
        assert view.cursor_step is not None
        assert " at " in text_of(app, "#curves")
        await pilot.press("escape", "g")
        assert view.cursor is None
        assert not view.logarithmic
        await pilot.press("right_square_bracket")
        assert "accuracy" in str(main(app).pane("curves").border_title)


async def test_maximise_and_reset() -> None:
    """f gives the pane the whole screen, 0 shows all again."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "f")
        await pilot.pause()
        assert not main(app).pane("data").display
        assert main(app).pane("curves").size.width > 100
        await pilot.press("0")
        await pilot.pause()
        assert main(app).pane("data").display


async def test_tab_goes_through_all_panes_at_a_small_size() -> None:
    """tab visits every pane once and comes back; each is on the screen when it is current."""
    app = make()
    async with app.run_test(size=(60, 20)) as pilot:
        seen = []
        for _ in range(7):
            await pilot.press("tab")
            await pilot.pause()
            seen.append(main(app).current)
            assert main(app).pane(main(app).current).display
        assert sorted(seen) == sorted(["data", "training", "network", "layers", "output", "curves", "health"])


async def test_command_line_sets_goes_and_explains() -> None:
    """:set, :layers, :goto and a plain action work; a wrong name is said with the nearest one."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await type_line(pilot, "set rate 0.003")
        assert app._backend.settings.optimizer_fields["lr"] == 0.003
        await type_line(pilot, "layers linear 4, tanh, linear 2")
        assert app._backend.settings.layers == ("linear 4", "tanh", "linear 2")
        await type_line(pilot, "goto step 500")
        assert asked(app)[-1] == ("goto", "step", 500)
        await type_line(pilot, "rewind")
        assert asked(app)[-1] == ("rewind",)
        await type_line(pilot, "rewimd")
        assert "rewind" in text_of(app, "#said")
        await type_line(pilot, "set rate fast")
        assert "number" in text_of(app, "#said")


async def test_command_line_completes_with_tab_and_remembers() -> None:
    """Tab takes the first candidate, up brings the last line back."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon", "s", "e", "t", "tab", "r", "tab")
        await pilot.pause()
        assert app.screen.query_one(Input).value == "set lr "
        await pilot.press("1", "enter", "colon", "up")
        await pilot.pause()
        assert isinstance(app.screen, CommandLine)
        assert app.screen.query_one(Input).value == "set lr 1"


async def test_help_shows_the_focused_pane_and_searches() -> None:
    """? opens the page of the pane, / finds a term, escape goes back without quitting."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3", "question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        await pilot.press("slash", *"overfit")
        await pilot.pause()
        shown = app.screen.query_one("#page").render()
        assert "overfitting" in str(shown)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is main(app)


async def test_tour_has_five_cards_and_can_be_skipped() -> None:
    """The first start begins with the tour; enter goes through five cards; escape ends it at once."""
    app = make(first_start=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, Tour)
        await pilot.press(*["enter"] * len(CARDS))
        await pilot.pause()
        assert app.screen is main(app)
        app.action_tour()
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is main(app)


async def test_quit_asks_only_when_something_would_be_lost() -> None:
    """With unsaved steps q asks; escape stays; s saves and leaves."""
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        app._backend.unsaved_steps = True  # type: ignore[attr-defined]
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, AskQuit)
        await pilot.press("escape")
        await pilot.pause()
        assert app.is_running
        await pilot.press("q", "s")
        await pilot.pause()
    assert [call[0] for call in asked(app)] == ["save"]
    assert app.return_code == 0


async def test_printed_lines_land_in_the_log() -> None:
    """What anything prints is caught and shown by L, with control characters made visible."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        print("hello \x1b]0;title\x07 [/] there")
        await pilot.pause()
        await pilot.press("L")
        await pilot.pause()
        assert isinstance(app.screen, Log)
        assert any("hello ␛]0;title␇ [/] there" in line for line in app.printed)


async def test_theme_switches_every_picture() -> None:
    """T changes to the light theme, and pictures take the light colours."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("T")
        await pilot.pause()
        assert app.theme == "nnplay-light"
        assert not app.look.palette.dark


async def test_keymap_changes_keys_and_footer() -> None:
    """A user's key for run works, is shown in the footer, and the old one no longer runs."""
    app = make(fresh=True, keymap={"run": "B"})
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("B")
        await pilot.press("space")
        await pilot.pause()
        assert asked(app) == [("run",)]
        assert "B pause" in text_of(app, "#footer") or "B run" in text_of(app, "#footer")


@pytest.mark.parametrize("hostile", ["[/]", "[@click=app.quit]x[/]", "\x1b]52;c;aGk=\x07", "\x9b2J", "\u202eabc"])
async def test_hostile_text_is_shown_and_never_obeyed(hostile: str) -> None:
    """Markup and control sequences in names, findings and messages change nothing but the text."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        now = replace(trained(5), health=(FakeFinding("error", f"cell {hostile} bad"),), message=f"file {hostile}")
        app._backend.snapshot = now  # type: ignore[misc]
        app._backend.settings = replace(app._backend.settings, dataset=hostile)  # type: ignore[misc, type-var]
        app.refill()
        app.follower.pace.budget = 1e12
        app.follower.tick()
        await pilot.pause()
        assert app.is_running
        shown = text_of(app, "#health") + text_of(app, "#said") + text_of(app, "#header") + text_of(app, "#data")
        assert not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in shown)


@pytest.mark.parametrize("look", [Look(ascii=True), Look(colours="16"), Look(colours="none"), Look(colours="256")])
async def test_other_forms_draw(look: Look) -> None:
    """ASCII, 16, 256 and no colours: everything is drawn; under --ascii all live text is 7-bit but for names."""
    app = Playground(FakeBackend(trained()), look)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        if look.ascii:
            assert text_of(app, "#output").isascii()
            assert text_of(app, "#curves").isascii()


async def test_resize_storm() -> None:
    """From 1×1 to 500×200 nothing breaks and the layout is right at the end."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        for size in ((1, 1), (500, 200), (20, 6), (79, 19), (80, 24), (3, 50), (200, 3), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert main(app).pane("data").display
        assert not main(app).has_class("-single")


async def test_mouse_reaches_footer_form_and_layers() -> None:
    """A click on a footer key presses it; a click on a slider sets the value."""
    app = make(fresh=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.click("#footer", offset=(3, 0))
        await pilot.pause()
        assert asked(app)[0] == ("run",)
        form = main(app).query_one("#data Form", Form)
        await pilot.click(form, offset=(12, 2))
        await pilot.pause()
        assert app._backend.settings.dataset_fields["noise"] != 0.1
        assert main(app).query_one(Said)


async def test_palette_offers_the_same_actions() -> None:
    """ctrl+p finds an action by its title and runs it."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"rewind")
        await pilot.pause(0.5)
        await pilot.press("enter", "enter")
        await pilot.pause(0.2)
        assert ("rewind",) in asked(app)
