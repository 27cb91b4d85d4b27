"""Other ways to an action: the command line, the palette, help, hints, keys of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from nnplay.tui.app import Playground
from nnplay.tui.commands import keymap
from nnplay.tui.dialogs.command_line import CommandLine
from nnplay.tui.dialogs.help import Help
from nnplay.tui.panes.base import Pane
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.hint_line import HintLine
from tests.ui.fake_backend import FakeBackend
from tests.ui.playing import asked, main, make, text_of, type_line
from tests.ui.waiting import until

PLAIN = Look(colours="none", ascii=True)


async def test_command_line_sets_goes_and_explains() -> None:
    """:set, :layers, :goto and a plain action work; a wrong name is said with the nearest one."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await type_line(pilot, "set rate 0.003")
        assert app._backend.settings.optimizer.values["lr"] == 0.003
        await type_line(pilot, "layers linear 4, tanh, linear 2")
        assert app._backend.settings.layer_texts == ("linear 4", "tanh", "linear 2")
        await type_line(pilot, "goto step 500")
        assert asked(app)[-1] == ("goto", "step", 500)
        await type_line(pilot, "rewind")
        assert asked(app)[-1] == ("rewind",)
        await type_line(pilot, "rewimd")
        assert "rewind" in text_of(app, "#message-line")
        await type_line(pilot, "set rate fast")
        assert "number" in text_of(app, "#message-line")


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


async def test_hints_stand_below_the_picture_and_go_when_done() -> None:
    """The first start begins with a hint, which covers nothing and makes way once space was pressed; `?` brings it."""
    app = make(fresh=True, first_start=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        hint = main(app).query_one(HintLine)
        assert app.screen is main(app)
        assert "learns to distinguish orange and blue from x1 and x2. Press [space]" in " ".join(
            text_of(app, "#hint-line").split()
        )
        assert not any(hint.region.overlaps(pane.region) for pane in main(app).query(Pane) if pane.display)
        await pilot.press("space")
        assert hint.text.startswith("2/5")
        await pilot.press("escape")
        assert not hint.display
        await pilot.press("question_mark", "escape")
        assert hint.display
        assert hint.text.startswith("2/5")
        await pilot.press("full_stop", "3", "j", "right", "i", "p", "escape")
        assert not hint.display
        await pilot.press("question_mark", "escape")
        assert hint.text.startswith("1/5")


@pytest.mark.parametrize(
    ("size", "look"),
    [
        ((80, 24), Look()),
        ((60, 20), PLAIN),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [((120, 40), Look()), ((60, 20), Look()), ((120, 40), PLAIN), ((80, 24), PLAIN)]
        ),
    ],
)
async def test_hints_are_shown_whole_and_with_the_keys_of_the_user(size: tuple[int, int], look: Look) -> None:
    """Each hint fits its rows at each size, in ASCII too, and names the key that the user gave the action."""
    app = Playground(FakeBackend(), look, keymap={"run": "B"}, first_start=True)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        hint = main(app).query_one(HintLine)
        for place, action in enumerate(("toggle_run", "train_batch", "adjust(1)", "inspect", "pick")):
            await pilot.pause()
            shown = "".join(hint.plain_text.replace("▌", "").replace("| ", "").split())
            assert shown == "".join(hint.text.split())
            assert not look.ascii or hint.plain_text.isascii()
            assert place > 1 or "B" in hint.text
            app.hints.note(action)
        assert not hint.text


async def test_keymap_changes_keys_and_footer() -> None:
    """A user's key for run works, is shown in the footer, and the old one no longer runs."""
    app = make(fresh=True, keymap={"run": "B"})
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("B")
        await pilot.press("space")
        await pilot.pause()
        assert asked(app) == [("run",)]
        assert "B pause" in text_of(app, "#footer") or "B run" in text_of(app, "#footer")


async def test_palette_offers_the_same_actions() -> None:
    """ctrl+p finds an action by its title and runs it."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"rewind")
        await app.workers.wait_for_complete()
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: ("rewind",) in asked(app))


async def test_a_key_of_the_user_wins_over_the_key_of_a_pane(tmp_path: Path) -> None:
    """`h` for run starts the run where the focus is on a form, whose own `h` gives way; ← still nudges the value."""
    (tmp_path / "keymap.toml").write_text('[keys]\nrun = "h"\n')
    app = make(fresh=True, keymap=keymap.load(tmp_path / "keymap.toml"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1", "j", "j", "h")
        assert asked(app) == [("run",)]
        await pilot.press("left")
        assert asked(app)[-1][0] == "apply"
