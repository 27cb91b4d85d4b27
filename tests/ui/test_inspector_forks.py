"""Forks of a run: made in the inspector, laid into one plot, saved, stopped and let go."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnplay.tui.inspector.asking import Compare
from nnplay.tui.inspector.screen import InspectorScreen
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.said import Said
from tests.ui.visit import inspecting


async def test_a_fork_lays_two_curves_into_one_plot() -> None:
    """`F` runs a second line with another rate as far as the run, and shows both losses."""
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
        visit.pilot.app.follower.frame(pictures=True)  # type: ignore[attr-defined]
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


async def test_a_fork_is_stopped_and_let_go() -> None:
    """`X` stops a fork on its way and keeps its curve so far; pressed again it lets it go."""
    async with inspecting() as visit:
        await visit.press("home")
        visit.screen.inspecting.worker.timeline.latest = 10**8  # type: ignore[union-attr]
        await visit.pilot.press("F")
        await visit.type("lr 0.5")
        await visit.until(lambda: "X stops it" in visit.screen.query_one(Said).text)
        await visit.press("X")
        await visit.until(lambda: visit.view.forks)
        assert "stopped at step" in visit.screen.query_one(Said).text
        assert len(visit.view.forks[0].losses.steps) > 0
        await visit.press("X")
        await visit.until(lambda: not visit.view.forks)
        assert "let go: lr 0.5" in visit.screen.query_one(Said).text
