"""Forks of a run: made in the inspector, laid into one plot, saved, stopped and dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnplay.timeline.fork_run import ForkRun
from nnplay.tui.inspector.asking import Compare
from nnplay.tui.inspector.screen import InspectorScreen
from nnplay.tui.inspector.widgets.head_line import HeadLine
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.picker.screen import Picker
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.timeline_bar import TimelineBar
from tests.ui.visit import inspecting


async def test_a_fork_lays_two_curves_into_one_plot() -> None:
    """`F` runs a second branch with another rate as far as the run, and shows both losses."""
    async with inspecting() as visit:
        await visit.press("home")
        await visit.pilot.press("F")
        await visit.type("lr 0.5")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, Compare))
        fork = visit.view.forks[0]
        assert (fork.words, fork.step, fork.done) == ("lr 0.5", 0, 1)
        run = visit.view.run
        assert run is not None
        assert fork.losses.steps[-1] >= 30
        assert run.last[0] == fork.losses.last[0]
        assert run.last[5] != fork.losses.last[5]
        plot = visit.pilot.app.screen.query_one(CurveView)
        assert plot._x is not None
        assert plot._x.high <= 1.5 * fork.losses.steps[-1]  # the lines fill the plot
        await visit.pilot.press("escape")
        await visit.press("full_stop")
        assert isinstance(visit.pilot.app.screen, InspectorScreen)


async def test_a_fork_is_saved_and_shown_again_after_opening(tmp_path: Path) -> None:
    """A fork is part of the session: after opening, `C` lays both curves into one plot, and so does the curves pane."""
    async with inspecting() as visit:
        await visit.press("home")
        await visit.pilot.press("F")
        await visit.type("lr 0.5")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, Compare))
        losses = visit.view.forks[0].losses.last.copy()
        await visit.pilot.press("escape", "end", "escape")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, MainScreen))
        visit.backend.save(str(tmp_path / "forked.nnplay"))
        visit.backend.rewind()
        visit.backend.open(str(tmp_path / "forked.nnplay"))
        await visit.until(lambda: "fork.0.lr.0.5" in visit.backend.snapshot.curves)
        visit.pilot.app.refresher.draw_frame(pictures=True)  # type: ignore[attr-defined]
        curves = visit.pilot.app.screen.query_one(CurvesPane)

        def forks_are_shown() -> bool:  # opening puts the saved view back, with its own family, at a moment of its own
            if curves.family != "forks":
                curves.turn(1)
            return "lr 0.5" in curves.plain_text

        await visit.until(forks_are_shown)
        await visit.pilot.press("i")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, InspectorScreen) and visit.screen.view)
        await visit.pilot.press("C")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, Compare))
        fork = visit.view.forks[0]
        assert (fork.words, fork.step) == ("lr 0.5", 0)
        assert np.array_equal(fork.losses.last, losses)


async def test_a_fork_is_stopped_and_dropped() -> None:
    """`X` stops a fork on its way and keeps its curve so far; pressed again it drops it."""
    async with inspecting() as visit:
        await visit.press("home")
        visit.screen.inspecting.requests.worker.timeline.latest = 10**8  # type: ignore[union-attr]
        await visit.pilot.press("F")
        await visit.type("lr 0.5")
        await visit.until(lambda: "X stops it" in visit.screen.query_one(MessageLine).text)
        await visit.press("X")
        await visit.until(lambda: visit.view.forks)
        assert "stopped at step" in visit.screen.query_one(MessageLine).text
        assert len(visit.view.forks[0].losses.steps) > 0
        await visit.press("X")
        await visit.until(lambda: not visit.view.forks)
        assert "discarded: lr 0.5" in visit.screen.query_one(MessageLine).text


async def test_a_fork_on_its_way_is_ended_by_the_thread_that_trains_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """`T` while a fork runs ends it in the training thread, never beside it, and lists how far it has come."""
    ended_by: list[str] = []

    def finish(fork: ForkRun, finish: Callable[[ForkRun], None] = ForkRun.finish) -> None:
        ended_by.append(threading.current_thread().name)
        finish(fork)

    monkeypatch.setattr(ForkRun, "finish", finish)
    async with inspecting() as visit:
        await visit.press("home")
        timeline = visit.backend.worker.timeline
        assert timeline is not None
        timeline.latest = 10**8
        await visit.pilot.press("F")
        await visit.type("lr 0.5")
        await visit.until(lambda: timeline.branches and timeline.branches[0].latest > 0)
        assert ended_by == []
        await visit.pilot.press("T")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, Picker))
        assert "trained to step 0" not in visit.backend.branches()[0][1]
        await visit.until(lambda: ended_by)
        assert ended_by == [visit.backend.worker.thread.name]


async def test_a_fork_is_trained_on_and_z_goes_back() -> None:
    """`T` makes the fork the run, its rate and steps; the branch before is a curve beside it, `z` goes back to it."""
    async with inspecting() as visit:
        await visit.press("home")
        await visit.pilot.press("F")
        await visit.type("lr 0.5")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, Compare))
        await visit.pilot.press("T")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, Picker))
        await visit.pilot.press("enter")
        await visit.until(lambda: visit.view.branch == "lr 0.5 from step 0" and visit.view.step == visit.view.latest)
        assert visit.view.latest == 500
        assert visit.view.lr == 0.5
        assert "T or z goes back" in visit.screen.query_one(MessageLine).text
        assert [(fork.words, fork.step) for fork in visit.view.forks] == [("lr 0.05", 0)]
        assert "branch lr 0.5 from step 0" in visit.text(HeadLine)
        await visit.press("full_stop")
        assert visit.view.latest == 501
        await visit.pilot.press("z")
        await visit.until(lambda: visit.view.branch == "lr 0.05 from step 0")
        assert (visit.view.latest, visit.view.lr) == (30, 0.05)
        assert [fork.words for fork in visit.view.forks] == ["lr 0.5"]


async def test_another_branch_is_trained_by_a_command_on_the_main_screen() -> None:
    """`:branch lr 0.5` trains on from that fork; `:branch` lists what there is; another name is refused in words."""
    async with inspecting() as visit:
        await visit.press("home")
        await visit.pilot.press("F")
        await visit.type("lr 0.5")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, Compare))
        await visit.pilot.press("escape", "escape")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, MainScreen))
        app = visit.pilot.app
        await visit.pilot.press("colon")
        await visit.type("branch lr 0.7")
        await visit.until(lambda: "lr 0.7" in app.screen.query_one(MessageLine).text)
        await visit.pilot.press("colon")
        await visit.type("branch lr 0.5")
        await visit.until(lambda: visit.backend.snapshot.step == 500)
        await visit.until(lambda: visit.backend.settings.optimizer.values["lr"] == 0.5)
        await visit.pilot.press("colon")
        await visit.type("branch")
        await visit.until(lambda: isinstance(app.screen, Picker))
        await visit.pilot.press("enter")
        await visit.until(lambda: visit.backend.snapshot.latest == 30)


async def test_after_opening_the_timeline_bar_reaches_the_first_step(tmp_path: Path) -> None:
    """A session that was saved and opened again: `home` goes to step 0, and the bar begins there."""
    async with inspecting() as visit:
        await visit.pilot.press("escape")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, MainScreen))
        first = visit.backend.worker.ask(lambda run: run.timeline and run.timeline.checkpoints[0].value)
        visit.backend.save(str(tmp_path / "run"))
        visit.backend.open(str(tmp_path / "run.nnplay"))
        bar = visit.pilot.app.screen.query_one(TimelineBar)
        await visit.until(lambda: bar.latest == 30)
        assert bar.first == 0
        await visit.pilot.click(TimelineBar, offset=(3, 0))
        await visit.until(lambda: visit.backend.snapshot.step == 0)
        again = visit.backend.worker.ask(lambda run: run.trainer and run.trainer.state())
        assert first is not None
        assert again is not None
        assert first.memory.tobytes() == again.memory.tobytes()  # type: ignore[union-attr]
