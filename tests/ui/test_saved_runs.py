"""What the screen shows of files: recovered runs, the unsaved mark, read-only sessions, settings that come back."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList, Static

from nnplay.tui import view
from nnplay.tui.app import Playground
from nnplay.tui.dialogs.recovered import Recovered
from nnplay.tui.draw.picture import Picture
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.header import HeaderLine
from tests.ui.fake_settings import FakeRecent
from tests.ui.playing import asked, main, make, type_line
from tests.ui.waiting import until

HELD = [
    FakeRecent("/r/a.nnplay", "a", trained="12 epochs", loss=0.25, age=75.0, recovered=True),
    FakeRecent("/r/b.nnplay", "b", data="xor", trained="3 epochs", loss=0.5, age=7200.0, recovered=True),
    FakeRecent("/r/c.nnplay", "c", recovered=True, problem="weights are missing"),
]


def lines(screen: Recovered) -> list[str]:
    """The lines of the dialog."""
    options = screen.query_one(OptionList)
    return [str(options.get_option_at_index(at).prompt) for at in range(options.option_count)]


def lead(app: Playground) -> str:
    """What stands above the list."""
    return str(app.screen.query_one(".lead", Static).content)


async def test_the_start_lists_recovered_runs_with_age_epoch_and_loss() -> None:
    """At the start each run stands with data, epoch, loss and age, a damaged one with its fault; esc: later."""
    app = make()
    app._backend.saved = list(HELD)  # type: ignore[attr-defined]
    app.offers_recovered = True
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, Recovered)
        first, second, third = lines(app.screen)
        assert "12 epochs" in first
        assert "loss 0.25" in first
        assert "75 s ago" in first
        assert "xor" in second
        assert "damaged: weights are missing" in third
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is main(app)
        assert asked(app) == []


async def test_runs_that_are_not_listed_are_counted() -> None:
    """Where more runs are kept than are listed, the dialog says how many, and how to see them."""
    app = make()
    app._backend.saved, app._backend.older = list(HELD), 44  # type: ignore[attr-defined]
    async with app.run_test(size=(80, 24)) as pilot:
        await type_line(pilot, "recovered")
        assert "44 older ones also kept: nnplay recover --all lists them" in lead(app)
        await pilot.press("d", "escape")
        await pilot.pause()
        assert "44 older ones" in lead(app)


async def test_enter_resumes_and_c_opens_a_copy() -> None:
    """enter on the first goes on with it; c on the second opens a copy."""
    for keys, wanted in ((("enter",), ("open", "/r/a.nnplay")), (("down", "c"), ("open_copy", "/r/b.nnplay"))):
        app = make()
        app._backend.saved = list(HELD)  # type: ignore[attr-defined]
        async with app.run_test(size=(80, 24)) as pilot:
            await type_line(pilot, "recovered")
            await pilot.press(*keys)
            await until(pilot, lambda: asked(app)[-1:] == [wanted])  # noqa: B023


async def test_discarding_asks_first() -> None:
    """d asks, esc keeps; d and y deletes that one and shows the rest; when none is left the dialog closes."""
    app = make()
    app._backend.saved = list(HELD[:2])  # type: ignore[attr-defined]
    async with app.run_test(size=(80, 24)) as pilot:
        await type_line(pilot, "recovered")
        dialog = app.screen
        assert isinstance(dialog, Recovered)
        await pilot.press("down", "d")
        await pilot.pause()
        assert "Permanently delete xor" in lead(app)
        await pilot.press("escape", "y")
        await pilot.pause()
        assert asked(app) == []
        await pilot.press("d", "y")
        await pilot.pause()
        assert asked(app)[-1] == ("discard", "/r/b.nnplay")
        assert len(lines(dialog)) == 1
        await pilot.press("d", "y")
        await pilot.pause()
        assert asked(app)[-1] == ("discard", "/r/a.nnplay")
        assert app.screen is main(app)


async def test_y_and_enter_without_a_question_delete_nothing() -> None:
    """y alone does nothing; while it asks, enter does not go on with the run."""
    app = make()
    app._backend.saved = list(HELD)  # type: ignore[attr-defined]
    async with app.run_test(size=(80, 24)) as pilot:
        await type_line(pilot, "recovered")
        await pilot.press("y", "d", "enter")
        await app.workers.wait_for_complete()
        assert asked(app) == []
        await pilot.press("down")
        await pilot.pause()
        assert "stay here" in lead(app)


async def test_the_unsaved_mark_comes_and_goes() -> None:
    """The header marks a run that is not saved, in 80 columns too, and the mark goes when it is."""
    for width in (80, 160):
        app = make()
        async with app.run_test(size=(width, 40)) as pilot:
            header = main(app).query_one(HeaderLine)
            assert "●" not in header.plain_text
            app._backend.unsaved_steps = True  # type: ignore[attr-defined]
            await until(pilot, lambda: "●" in header.plain_text)  # noqa: B023
            assert ("unsaved" in header.plain_text) == (width == 160)
            app._backend.unsaved_steps = False  # type: ignore[attr-defined]
            await until(pilot, lambda: "●" not in header.plain_text)  # noqa: B023


async def test_a_read_only_session_is_marked() -> None:
    """A session that somebody else has open is marked so in the header for as long as it is."""
    app = make()
    app._backend.read_only = "anna on sun has had it open for 3 min"  # type: ignore[misc]
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "read only" in main(app).query_one(HeaderLine).plain_text)


async def test_the_screen_is_kept_with_the_run_and_put_back() -> None:
    """Pane, curves, scale, smoothing and switches go to the back end as they are set, and come back from a session."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("right_square_bracket", "m", "t", "x", "v", "5", "g", "f")
        await until(pilot, lambda: app._backend.view.get("full"))
        kept = dict(app._backend.view)
        assert kept["pane"] == "curves"
        assert kept["full"] is True
        assert kept["folded"] is True
    other = make()
    async with other.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: other._backend.view)
        assert dict(other._backend.view) != kept
        other._backend.view = given = dict(kept)
        await until(pilot, lambda: other._backend.view is not given)
        assert dict(other._backend.view) == kept
        assert main(other).current == "curves"
        assert main(other).query_one(CurvesPane).family == kept["curves"]
        assert main(other).query_one(CurveView).smoothing == 1
        assert main(other).query_one(Picture).discrete


async def test_a_hostile_view_changes_nothing() -> None:
    """Values of other types, unknown panes and huge degrees in a session's view leave the screen as it is."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._backend.view)
        before = dict(app._backend.view)
        hostile = {"pane": "nowhere", "full": 3, "curves": ["loss"], "smoothing": 10**9, "folded": "yes"}
        app._backend.view = hostile
        await until(pilot, lambda: app._backend.view is not hostile)
        assert dict(app._backend.view) == before


async def test_a_session_that_is_opened_while_the_screen_tells_its_view_is_shown_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Opened by another thread just as the screen says how it is set now: that is not taken for the session's view."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._backend.view)
        opened, capture = {**app._backend.view, "full": True}, view.capture_view

        def capture_late(screen: MainScreen) -> dict[str, object]:
            monkeypatch.setattr(view, "capture_view", capture)
            app._backend.view = opened
            return {**capture(screen), "full": False, "curves": "none"}

        monkeypatch.setattr(view, "capture_view", capture_late)
        app.refresher.tick()
        assert app._backend.view is opened
        await until(pilot, lambda: app._backend.view is not opened)
        assert app._backend.view == opened
