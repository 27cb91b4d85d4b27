"""Data, network and training are changed where they are shown: forms, lists, dialogs, undo."""

from __future__ import annotations

from textual import events
from textual.widgets import Input, OptionList, SelectionList

from nnplay.tui.dialogs.choose_many import ChooseMany
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.picker.screen import Picker
from nnplay.tui.widgets.layer_list import LayerList
from tests.ui.playing import main, make, text_of, type_line
from tests.ui.waiting import until


async def test_form_is_changed_by_arrows_and_by_typing() -> None:
    """→ nudges the value, enter types one, a wrong one is refused with its range."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1", "j", "j", "l")
        await pilot.pause()
        assert app._backend.settings.data.values["noise"] > 0.1
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
        assert app._backend.settings.data.values["noise"] == 0.3


async def test_choice_dialog_filters_and_takes() -> None:
    """Typing narrows the list, enter takes the first match."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1", "k", "j", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        await pilot.press("m", "o")
        await pilot.pause()
        assert app.screen.query_one(OptionList).option_count == 1
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.data.source == "moons"


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
        assert app._backend.settings.data.values["features"] == "x1, x2, x1^2"


async def test_undo_and_redo_of_settings() -> None:
    """z takes the last change back, Z makes it again."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3", "j", "j", "l")
        assert app._backend.settings.optimizer.values["lr"] == 0.02
        await pilot.press("z")
        assert app._backend.settings.optimizer.values["lr"] == 0.01
        await pilot.press("Z")
        assert app._backend.settings.optimizer.values["lr"] == 0.02
        await pilot.press("z", "z")
        await pilot.pause()
        assert "nothing to undo" in text_of(app, "#message-line")


async def test_layers_are_edited_by_keys() -> None:
    """Wider, copy, move and delete change the list as they say."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2", "l")
        assert app._backend.settings.layer_texts[0] == "linear 9"
        await pilot.press("c", "J", "d")
        await pilot.pause()
        assert app._backend.settings.layer_texts == ("linear 9", "tanh", "linear 8", "tanh", "linear 2")


async def test_quick_keys_all_count() -> None:
    """Keys that arrive in one burst each have their effect: three times wider is three units more."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2")
        for _ in range(3):
            app.post_message(events.Key("l", "l"))
        await until(pilot, lambda: app._backend.settings.layer_texts[0] == "linear 11")


async def test_layer_is_added_by_typing_and_checked_while_typed() -> None:
    """a opens the dialog; an unknown layer stays with its reason; a known one lands after the chosen layer."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        app.screen.query_one(Input).value = "linaer 4"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        assert "linaer" in app.screen.problem
        app.screen.query_one(Input).value = "dropout 0.2"
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts[1] == "dropout 0.2"
        assert main(app).query_one(LayerList).cursor == 1


async def test_a_preset_is_named_when_it_is_undone() -> None:
    """What chooses a preset tells the back end the words for undo and redo."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        words: list[str] = []
        apply = app._backend.apply
        app._backend.apply = lambda settings, **more: (words.append(more["words"]), apply(settings, **more))[1]  # type: ignore[method-assign, func-returns-value]
        await type_line(pilot, "preset circle")
        await until(pilot, lambda: words == ["preset circle"])
