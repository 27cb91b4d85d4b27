"""Claims about the playground as a whole, by keyboard and mouse, over a hand-made back end."""

from __future__ import annotations

import re

from nnplay.run.speed_limit import FULL, SpeedLimit
from nnplay.tui.dialogs.log import Log
from nnplay.tui.dialogs.quit import AskQuit, AskUnsaved
from nnplay.tui.forms.form import Form
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.fake_run import train_run
from tests.ui.playing import asked, main, make, text_of, type_line
from tests.ui.waiting import until

TRAINING_KEYS = {
    **{"full_stop": "batch", "comma": "back", "greater_than_sign": "epoch"},
    **{"r": "rewind", "R": "reseed", "s": "save"},
}


async def test_training_keys_reach_the_backend() -> None:
    """Each training key asks the back end for exactly its command."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        for key, what in TRAINING_KEYS.items():
            asked(app).clear()
            await pilot.press(key)
            await pilot.pause()
            assert [call[0] for call in asked(app)] == [what], key


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
        assert asked(app)[-1] == ("limit_speed", SpeedLimit(1.0))
        await pilot.press(*["plus"] * 9)
        assert asked(app)[-1] == ("limit_speed", FULL)


async def test_new_snapshot_is_shown() -> None:
    """A snapshot published by the worker appears in header, curves and health without any key."""
    app = make(fresh=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "step 0" in text_of(app, "#header")
        app._backend.snapshot = train_run(900)  # type: ignore[misc]
        app.refresher.tick()
        app.refresher.draw_frame(pictures=True)
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
        app.refresher._draw = lambda snapshot, pictures: frames.append(True)  # type: ignore[method-assign]
        app.refresher.tick()
        app.refresher.tick()
        assert frames == []


async def test_shut_gate_holds_frames_back() -> None:
    """While the terminal has not answered for the last frame, a new snapshot is not drawn."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.refresher.frame_gate.can_ask = True
        app.refresher.frame_gate.note_frame()
        app.refresher._numbers_drawn_at = float("-inf")
        app._backend.snapshot = train_run(99_999)  # type: ignore[misc]
        app.refresher.tick()
        assert "99,999" not in text_of(app, "#header")
        app.refresher.frame_gate.note_answer()
        app.refresher.tick()
        assert "99,999" in text_of(app, "#header")


async def test_curves_cursor_reads_values_and_scale_switches() -> None:
    """← puts a cursor that names its step, escape takes it away, g changes the scale, ] the family."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "left")
        await pilot.pause()
        view = main(app).query_one(CurveView)
        newest = app._backend.snapshot.step
        assert view.cursor_step is not None
        assert 0.9 * newest < view.cursor_step < newest
        found = re.search(r"\bat ([\d,]+)$", text_of(app, "#curves"), re.MULTILINE)
        assert found is not None
        assert 0.9 * newest < int(found[1].replace(",", "")) <= newest
        await pilot.press("escape", "g")
        assert view.cursor is None
        assert not view.logarithmic
        await pilot.press("right_square_bracket")
        assert "accuracy" in str(main(app).pane("curves").border_title)


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
    assert app.files.farewell == "saved to spiral.nnplay; nnplay open spiral.nnplay continues it"


async def test_opening_another_run_asks_as_quitting_does() -> None:
    """`:open`, and a run taken from the list, leave an unsaved run only after a question."""
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        app._backend.unsaved_steps = True  # type: ignore[attr-defined]
        await type_line(pilot, "open other.nnplay")
        await until(pilot, lambda: isinstance(app.screen, AskUnsaved))
        await pilot.press("escape")
        assert not asked(app)
        await type_line(pilot, "open other.nnplay")
        await until(pilot, lambda: isinstance(app.screen, AskUnsaved))
        await pilot.press("s")
        await until(pilot, lambda: len(asked(app)) == 2)
        assert [call[0] for call in asked(app)] == ["save", "open"]
        app.files._open_recovered(("/tmp/x.nnplay", True))
        await until(pilot, lambda: isinstance(app.screen, AskUnsaved))


async def test_printed_lines_land_in_the_log() -> None:
    """What anything prints is caught and shown by L, with control characters made visible."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        print("hello \x1b]0;title\x07 [/] there")
        await pilot.pause()
        await pilot.press("L")
        await pilot.pause()
        assert isinstance(app.screen, Log)
        assert any("hello ␛]0;title␇ [/] there" in line for line in app.messages.printed)


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
        assert app._backend.settings.data.values["noise"] != 0.1
        assert main(app).query_one(MessageLine)
