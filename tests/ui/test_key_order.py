"""Claims about keys that come faster than they are done: none is lost, none goes to the wrong widget."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App
from textual.keys import _character_to_key

from nnplay.tui.dialogs.command_line import CommandLine
from nnplay.tui.widgets.line_input import join_lines
from tests.ui.playing import asked, main, make
from tests.ui.waiting import until


def type_at_once(app: App[int], text: str) -> None:
    """All keys are in the queue before the first one is looked at, as after one write to the terminal."""
    names = {"\r": "enter", "\x7f": "backspace", "\x1b": "escape", "\t": "tab"}
    for letter in text:
        plain = letter.isprintable()
        app.post_message(events.Key(_character_to_key(letter) if plain else names[letter], letter if plain else None))


@pytest.mark.parametrize(
    "typed", [":set lr 0.25\r", ":set lt\x7fr 0.2\x7f25\r", ":se\x1b:set lr 0.25\r", ":run 3 x\r:set lr 0.25\r"]
)
async def test_a_command_in_one_write_is_done(typed: str) -> None:
    """What opens the line, what is typed into it, corrections and return may all come at once, and twice."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        type_at_once(app, typed)
        await until(pilot, lambda: app._backend.settings.optimizer.values.get("lr") in (0.25, "0.25"))
        await until(pilot, lambda: not isinstance(app.screen, CommandLine))


async def test_keys_behind_a_command_go_to_the_screen_under_it() -> None:
    """Return closes the line; the keys behind it in the same write are the main screen's again."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        type_at_once(app, ":set lr 0.25\r .")
        await until(pilot, lambda: ("batch",) in asked(app))
        assert asked(app).index(("pause",)) < asked(app).index(("batch",))


async def test_a_field_is_opened_cleared_and_filled_in_one_write() -> None:
    """Return opens a dialog, backspaces empty it, digits fill it, return takes it."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1")
        form = main(app).query_one("#data Form")
        assert form.find("data.noise")  # type: ignore[attr-defined]
        type_at_once(app, "\r" + "\x7f" * 8 + "0.3\r")
        await until(pilot, lambda: float(app._backend.settings.data.values["noise"]) == 0.3)


async def test_a_paste_waits_for_the_keys_before_it() -> None:
    """What is pasted behind `:` lands in the line that `:` opens."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        type_at_once(app, ":")
        app.post_message(events.Paste("set lr 0.25"))
        type_at_once(app, "\r")
        await until(pilot, lambda: app._backend.settings.optimizer.values.get("lr") in (0.25, "0.25"))


@pytest.mark.parametrize(
    "pasted",
    [
        "linear 16\ntanh\nlinear 2\n",
        '    "linear 16",\n    "tanh",\r\n    "linear 2",\n',
        "linear 16, tanh\nlinear 2",
    ],
)
async def test_pasted_lines_behind_layers_are_one_network(pasted: str) -> None:
    """All lines are taken, as they stand or as a TOML file has them; not the first one alone."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        type_at_once(app, ":layers ")
        app.post_message(events.Paste(pasted))
        type_at_once(app, "\r")
        await until(pilot, lambda: app._backend.settings.layer_texts == ("linear 16", "tanh", "linear 2"))


def test_other_pasted_lines_are_words_of_one_line() -> None:
    """Behind another command lines are joined by blanks; brackets of a block get no comma of their own."""
    assert join_lines("my.csv\n target=y\n", "data ") == "my.csv target=y"
    assert join_lines("layers sum [\nlinear 4\n]\nlinear 2") == "layers sum [linear 4], linear 2"
    assert join_lines("linear 2", "layers ") == "linear 2"


async def test_a_widget_that_goes_does_not_hold_the_keys_up() -> None:
    """Escape takes the focused widget away with its queue; the keys behind it are still done."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        type_at_once(app, ":x\x1b?\x1b:\x1b .")
        await until(pilot, lambda: ("batch",) in asked(app))


async def test_a_choice_in_a_dialog_is_taken_before_the_next_key() -> None:
    """Return in the filter makes the list beside it select, which closes the dialog: the space behind is the app's."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        type_at_once(app, "p\r.")
        await until(pilot, lambda: ("batch",) in asked(app))
