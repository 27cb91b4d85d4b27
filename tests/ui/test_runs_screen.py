"""The list of runs on the screen: marked, compared in each view, gone back to, restarted, and laid over the curves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.training_thread import TrainingThread
from nnplay.tui.app import Playground
from nnplay.tui.panes.curves import FORKS, CurvesPane
from nnplay.tui.runs.run_table import RunTable
from nnplay.tui.runs.screen import RunsPanel, RunsScreen
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.screen_head import ScreenHead
from tests.ui.playing import main
from tests.ui.settling import settle
from tests.ui.test_screens import grid
from tests.ui.waiting import until

RUN = {"data": {"name": "xor"}, "layers": ["linear 4", "tanh", "linear 2"], "training": {"batch_size": 32}}


def train(backend: PlaygroundBackend, steps: int) -> None:
    """Some steps, taken before it returns."""

    def advance(run: TrainingThread) -> None:
        assert run.trainer is not None
        assert run.timeline is not None
        run.trainer.run(steps=steps)
        run.timeline.note_progress()

    backend.worker.ask(advance)


@asynccontextmanager
async def listing(
    size: tuple[int, int] = (120, 40), look: Look | None = None
) -> AsyncIterator[tuple[Pilot[int], PlaygroundBackend]]:
    """The list of three runs: the first one, one that rewound it, and one with another rate from step 20."""
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    app = Playground(backend, look or Look())
    try:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: backend.worker.trainer is not None)
            train(backend, 60)
            backend.rewind()
            train(backend, 40)
            backend.goto("step", 20)
            backend.worker.ask(lambda run: None)
            backend.apply(backend.changed(optimizer={"lr": 0.2}))
            train(backend, 10)
            await settle(pilot)
            await pilot.press("C")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
            await settle(pilot)
            yield pilot, backend
    finally:
        backend.stop()


def text(pilot: Pilot[int], kind: type[RunTable] | type[RunsPanel] | type[CurveView]) -> str:
    """What a widget of the list shows."""
    return pilot.app.screen.query_one(kind).plain_text


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Keys, one after the other has been done."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_runs_are_listed_and_compared(size: tuple[int, int]) -> None:
    async with listing(size) as (pilot, _):
        table = text(pilot, RunTable)
        assert "first run" in table
        assert "rewind · of 1" in table
        assert "lr 0.2 from step 20 · of 2" in table
        await press(pilot, "up", "space", "down")
        assert "2 rewind" in text(pilot, CurveView)
        assert "3 lr 0.2" in text(pilot, CurveView)
        await press(pilot, "x", "x")
        assert pilot.app.screen.query_one(MessageLine).text == "by seconds of training"
        await pilot.click(ScreenHead, offset=(11, 1))  # the name of the second view
        await settle(pilot)
        rows = text(pilot, RunsPanel).splitlines()
        assert [row.split() for row in rows if "optimizer.lr" in row] == [["optimizer.lr", "0.01", "0.2"]]
        await press(pilot, "tab")
        await until(pilot, lambda: "same answer" in text(pilot, RunsPanel))
        assert "at step 30" in text(pilot, RunsPanel)
        assert "0.weight" in text(pilot, RunsPanel)
        await press(pilot, *["left"] * 10)
        await until(pilot, lambda: "100.0 % of validation rows" in text(pilot, RunsPanel))
        await press(pilot, "tab")
        await until(pilot, lambda: "step 40" in text(pilot, RunsPanel))
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: "map" not in text(pilot, RunsPanel).splitlines()[0])


async def test_a_run_is_named_gone_back_to_and_laid_over_the_curves() -> None:
    async with listing() as (pilot, backend):
        await press(pilot, "up", "N")
        pilot.app.screen.query_one(Input).value = "the calm one"
        await press(pilot, "enter")
        assert "the calm one · rewind · of 1" in text(pilot, RunTable)
        await press(pilot, "space", "escape")
        pane = main(pilot.app).query_one(CurvesPane)
        assert pane.family == FORKS
        assert "2 the calm one" in pane.query_one(CurveView).plain_text
        await press(pilot, "C", "up", "enter")
        await until(pilot, lambda: backend.snapshot.step == 40)
        assert backend.runs.find(2).present


async def test_a_run_is_restarted() -> None:
    async with listing() as (pilot, backend):
        await press(pilot, "up", "up", "n")
        await until(pilot, lambda: backend.snapshot.step == 0 and len(backend.runs.rows()) == 4)
        assert backend.runs.rows()[-1].label.words == "restart of run 1"


async def test_the_run_on_the_screen_is_not_gone_to() -> None:
    async with listing() as (pilot, _):
        await press(pilot, "enter")
        assert "on the screen" in pilot.app.screen.query_one(MessageLine).text


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(Look(ascii=True), id="ascii", marks=pytest.mark.slow),
        pytest.param(Look(colours="none", ascii=True), id="no-colours"),
    ],
)
async def test_the_list_needs_neither_blocks_nor_colours(look: Look) -> None:
    """Every view of it is made of plain characters, in which the runs are still told apart."""
    async with listing(look=look) as (pilot, _):
        await press(pilot, "space", "up", "space")
        for _ in range(4):
            shown = grid(pilot)
            assert shown.isascii(), sorted({letter for letter in shown if not letter.isascii()})
            await press(pilot, "tab")
        table = text(pilot, RunTable).splitlines()
        assert {line[6] for line in table[2:4]} == {"x", "*"}  # the marks of their curves


async def test_a_run_has_no_value_behind_its_end() -> None:
    """At the last step of the longest run the legend says of the others that they have ended."""
    async with listing() as (pilot, _):
        await press(pilot, "space", "up", "space", "up", "space", "left")
        legend = text(pilot, CurveView).splitlines()[0]
        assert legend.count("ended") == 2, legend
        assert "at 44" in legend  # the end of its second epoch
