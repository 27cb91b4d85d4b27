"""The inspector's screen over a real run: what keys and mouse do, and what is seen of the numbers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.config import RunConfig
from nnplay.play.backend import PlaygroundBackend
from nnplay.play.inspection import View
from nnplay.tui.app import Playground
from nnplay.tui.cells import Cells
from nnplay.tui.header import HeaderLine
from nnplay.tui.inspector.asking import AskText, Compare, Reading
from nnplay.tui.inspector.detail_view import DetailView
from nnplay.tui.inspector.head_line import HeadLine
from nnplay.tui.inspector.keys import KEYS
from nnplay.tui.inspector.rows_list import RowsList
from nnplay.tui.inspector.screen import InspectorScreen
from nnplay.tui.look import Look
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.said import Said
from nnplay.tui.scrub import Scrub

RUN = {
    "data": {"name": "moons", "samples": 200},
    "layers": ["linear 6", "relu", "linear 2"],
    "optimizer": {"name": "sgd", "lr": 0.05},
}


class Visit:
    """The inspector open over a run of 30 steps."""

    def __init__(self, pilot: Pilot[int], backend: PlaygroundBackend) -> None:
        self.pilot, self.backend = pilot, backend

    @property
    def screen(self) -> InspectorScreen:
        """The inspector, which may lie under a dialog."""
        return next(screen for screen in self.pilot.app.screen_stack if isinstance(screen, InspectorScreen))

    @property
    def view(self) -> View:
        """What is shown."""
        assert self.screen.view is not None
        return self.screen.view

    async def until(self, holds: Callable[[], object]) -> None:
        """Waits for something that another thread does; fails after some seconds."""
        for _ in range(1500):
            await self.pilot.pause(0.02)
            if holds():
                return
        raise AssertionError("it did not come about")

    async def settled(self) -> None:
        """Waits until the newest question has been answered."""
        await self.pilot.pause()
        await self.until(lambda: self.view.ticket == self.screen.inspecting._newest)

    async def press(self, *keys: str) -> View:
        """Presses keys, one after the other, each answered."""
        for key in keys:
            await self.pilot.press(key)
            await self.settled()
        return self.view

    async def type(self, text: str) -> None:
        """Answers the dialog that is open."""
        await self.pilot.pause()
        self.pilot.app.screen.query_one(Input).value = text
        await self.pilot.press("enter")
        await self.pilot.pause()

    def text(self, kind: type[Cells]) -> str:
        """The plain text of a widget."""
        return self.screen.query_one(kind).plain_text


@asynccontextmanager
async def inspecting(
    size: tuple[int, int] = (120, 40),
    look: Look | None = None,
    running: bool = False,
    steps: int = 30,
    run: dict[str, Any] = RUN,
) -> AsyncIterator[Visit]:
    """The playground with the inspector open, after some steps."""
    backend = PlaygroundBackend(RunConfig.from_dict(run))
    app = Playground(backend, look or Look())
    try:
        _train(backend, steps)
        async with app.run_test(size=size) as pilot:
            visit = Visit(pilot, backend)
            if running:
                await pilot.pause(0.3)  # the first pictures have been asked for by then
                backend.run()
                await visit.until(lambda: backend.snapshot.running)
            await pilot.press("i")
            await visit.until(lambda: isinstance(app.screen, InspectorScreen) and app.screen.view is not None)
            yield visit
    finally:
        backend.stop()


def _train(backend: PlaygroundBackend, steps: int) -> None:
    """Takes some steps, before there is a screen."""
    backend.run_for(steps=steps)
    end = time.monotonic() + 120
    while backend.snapshot.step < steps or backend.snapshot.running:
        assert time.monotonic() < end, "the run did not come that far"
        time.sleep(0.005)


async def test_opens_with_the_rows_of_the_next_step_by_phase() -> None:
    """`i` shows the next step's rows under data, forward, loss, backward, update, with the first one marked."""
    async with inspecting() as visit:
        text = visit.text(RowsList)
        places = [text.index(f"{phase} ") for phase in ("data", "forward", "loss", "backward", "update")]
        assert places == sorted(places)
        assert "▶ next batch" in text
        assert (visit.view.step, visit.view.at) == (30, 0)
        assert "step 31" in visit.text(HeadLine)


async def test_a_running_training_pauses_and_goes_on() -> None:
    """Opening pauses a running training at a step; leaving goes on from there."""
    async with inspecting(running=True) as visit:
        assert not visit.backend.snapshot.running
        step = visit.view.step
        await visit.pilot.press("escape")
        await visit.until(lambda: visit.backend.snapshot.running and visit.backend.snapshot.step > step)
        assert isinstance(visit.pilot.app.screen, MainScreen)


async def test_rows_run_one_by_one_and_back_across_steps() -> None:
    """`n` runs rows into the next step, which is trained; `p` undoes them back into the step before."""
    async with inspecting() as visit:
        view = await visit.press(*"nn")
        assert (view.step, view.at) == (30, 2)
        view = await visit.press("N", "N", "N", "N")
        assert (view.step, view.at) == (31, 0) or view.rows[view.at].phase == "update"
        while view.at:
            view = await visit.press("n")
        assert (view.step, view.latest) == (31, 31)
        view = await visit.press("p")
        assert (view.step, view.at) == (30, len(view.rows) - 1)
        assert view.latest == 31


async def test_steps_and_epochs_back_and_forth() -> None:
    """`,` and `.` go by steps, `<` and `>` by epochs, home and end to the ends; nothing known is lost."""
    async with inspecting() as visit:
        assert (await visit.press("comma", "comma")).step == 28
        assert (await visit.press("full_stop")).step == 29
        per_epoch = visit.view.batches
        assert (await visit.press("less_than_sign")).step == 29 // per_epoch * per_epoch
        assert (await visit.press("home")).step == 0
        assert (await visit.press("greater_than_sign")).step == per_epoch
        view = await visit.press("end")
        assert (view.step, view.latest) == (30, 30)


async def test_the_worked_element_follows_the_arrows() -> None:
    """Arrows choose an element; its formula, numbers and value are those of the run's own tensors."""
    async with inspecting() as visit:
        await visit.press("n", "down", "down", "right")
        worked = visit.view.detail.worked
        assert worked is not None
        assert worked.index == (2, 1)
        assert worked.value == pytest.approx(worked.result, rel=1e-5)
        text = visit.text(DetailView)
        assert "y[2,1] = x[2,0]·weight[0,1] + x[2,1]·weight[1,1] + bias[1]" in text
        assert f"= {worked.value:.6g}" in text
        weight = next(operand for operand in visit.view.detail.operands if operand.name == "weight")
        assert weight.touched[:, 1].all()
        assert not weight.touched[:, 0].any()


async def test_forms_of_an_operand() -> None:
    """`t` turns colours into numbers with headings and into a histogram; `c` shows the lines of NumPy."""
    async with inspecting() as visit:
        await visit.press("n", "t")
        result = visit.view.detail.result
        assert f"{result.values[0, 0]:.4f}" in visit.text(DetailView)
        await visit.press("t")
        assert visit.view.detail.result.statistics.histogram is not None
        assert "█" in visit.text(DetailView)
        await visit.press("c")
        assert "lambda x, weight, bias: x @ weight + bias" in visit.text(DetailView)


async def test_an_update_shows_parameter_gradient_and_change() -> None:
    """In the update, `]` goes through the parameters, and before, after and difference are told apart."""
    async with inspecting() as visit:
        view = await visit.press("end", "j")
        while view.detail.row.number < len(view.rows) - 1:
            view = await visit.press("j")
        assert view.detail.parameter == "0.weight"
        worked, result = view.detail.worked, view.detail.result
        assert worked is not None
        assert result.before is not None
        assert worked.result != worked.before
        gradient = next(operand for operand in view.detail.operands if operand.name == "gradients")
        assert np.allclose(result.before - 0.05 * gradient.values, result.values, atol=1e-6)
        view = await visit.press("right_square_bracket")
        assert view.detail.parameter == view.detail.parameters[1]
        assert view.at == 0


async def test_a_weight_is_edited_in_place_and_taken_back() -> None:
    """`e` gives a weight another value, which the journal knows; `z` brings the old one back, bit for bit."""
    async with inspecting() as visit:
        await visit.press("n", "shift+tab", "shift+tab")
        trainer = visit.backend.worker.trainer
        assert trainer is not None
        before = trainer.parameters()["0.weight"].copy()
        await visit.pilot.press("e")
        await visit.type("2.5")
        await visit.until(lambda: visit.view.journal)
        assert trainer.parameters()["0.weight"][0, 0] == 2.5
        assert visit.view.journal == ((30, "0.weight[0,0] = 2.5"),)
        await visit.press("z")
        await visit.until(lambda: np.array_equal(trainer.parameters()["0.weight"], before))
        assert visit.view.journal[1:] == ((30, "taken back: 0.weight[0,0] = 2.5"),)


async def test_an_input_is_edited_for_this_step() -> None:
    """An edited input stands in the head until the step is taken, and its step is in the journal then."""
    async with inspecting() as visit:
        await visit.pilot.press("e")
        await visit.type("7")
        await visit.until(lambda: visit.view.overrides)
        assert "what if: input[0,0] = 7" in visit.text(HeadLine)
        view = await visit.press("n")
        assert view.detail.operands[0].values[0, 0] == 7
        view = await visit.press("N", "N", "N", "N", "N")
        await visit.until(lambda: visit.view.step == 31)
        assert visit.view.overrides == ()
        assert visit.view.journal == ((31, "step 31 with input[0,0] = 7"),)


async def test_a_unit_is_silenced_and_a_layer_frozen_beyond_the_inspector() -> None:
    """`s` makes a unit's output 0 and `W` keeps a layer's weights, also in training; the journal knows, `z` undoes."""
    async with inspecting() as visit:
        await visit.press("n", "n", "right", "s")
        assert visit.view.held == ("unit 1 of layer 1 silent",)
        assert "unit 1 of layer 1 silent" in visit.text(HeadLine)
        assert visit.view.journal == ((30, "silent 1:1"),)
        await visit.press("s")
        assert visit.view.held == ()
        await visit.press("s", "p", "W")
        assert visit.view.held == ("unit 1 of layer 1 silent", "layer 0 frozen")
        trainer = visit.backend.worker.trainer
        assert trainer is not None
        before = trainer.parameters()["0.weight"].copy()
        await visit.pilot.press("escape")
        visit.backend.run_for(steps=25)
        await visit.until(lambda: visit.backend.snapshot.step == 55 and not visit.backend.snapshot.running)
        assert np.array_equal(trainer.parameters()["0.weight"], before)
        assert not trainer.forward(trainer.split.train.x[:9], ["check 1.output"])["check 1.output"][:, 1].any()
        await visit.until(lambda: "layer 0 frozen" in visit.pilot.app.screen.query_one(HeaderLine).plain_text)
        assert visit.backend.settings.training["frozen"] == "0"
        await visit.pilot.press("z")
        await visit.until(lambda: visit.backend.snapshot.held == ("unit 1 of layer 1 silent",))


async def test_what_a_layer_does_not_have_cannot_be_held() -> None:
    """Freezing a layer without weights, or a unit where none is chosen, is refused in words."""
    async with inspecting() as visit:
        await visit.press("n", "n")
        await visit.pilot.press("W")
        await visit.pilot.pause()
        assert "layer 1 has no weights" in visit.screen.query_one(Said).text
        await visit.press("N", "N")
        await visit.pilot.press("s")
        await visit.pilot.pause()
        assert "look at a row of a layer first" in visit.screen.query_one(Said).text


async def test_the_gradient_check_agrees() -> None:
    """`H` checks all weights of the row's layer in float64: backpropagation and differences agree."""
    async with inspecting() as visit:
        await visit.press("n", "H")
        await visit.until(lambda: len(visit.view.check) == 2)
        assert all(line.worst < 1e-5 for line in visit.view.check)
        assert "gradient check" in visit.text(DetailView)


async def test_predict_first_counts_hits() -> None:
    """With `x` on, a row asks before it shows its numbers, and right answers are counted."""
    async with inspecting() as visit:
        await visit.pilot.press("x")
        await visit.pilot.press("n")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, AskText))
        assert "= ?" in visit.text(DetailView)
        await visit.type("32×6")
        assert "guessed 1 of 1" in visit.text(HeadLine)
        await visit.pilot.press("n")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, AskText))
        worked = visit.view.detail.worked
        assert worked is not None
        await visit.type("-" if worked.result >= 0 else "+")
        assert "guessed 1 of 2" in visit.text(HeadLine)


async def test_a_breakpoint_stops_at_a_row_of_the_next_step() -> None:
    """`B` with row runs on to the row that is looked at, in the next step if it has passed here."""
    async with inspecting() as visit:
        await visit.press("n", "n", "n")
        await visit.press("k", "k")
        await visit.pilot.press("B")
        await visit.pilot.pause()
        await visit.pilot.press("enter")
        await visit.until(lambda: visit.view.step == 31)
        assert visit.view.at == 1


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


async def test_the_scrub_bar_goes_where_it_is_clicked() -> None:
    """A click on the bar's begin goes to the first step; the later ones are kept."""
    async with inspecting() as visit:
        bar = visit.screen.query_one(Scrub)
        await visit.pilot.click(bar, offset=(bar._begin, 0))
        await visit.until(lambda: visit.view.step == 0)
        assert visit.view.latest == 30
        assert bar.step_at(bar._begin + bar._length - 1) == 30


LSTM = {"data": {"name": "adding", "samples": 200, "length": 9}, "layers": ["lstm 3", "linear 1"]}


@pytest.mark.parametrize("look", [Look(), Look(colours="none", ascii=True)], ids=["colours", "ascii"])
async def test_gates_are_bars_at_each_time_step(look: Look) -> None:
    """An LSTM's row draws each gate, cell and state of the chosen unit over time; backwards the gradient shrinks."""
    async with inspecting(run=LSTM, look=look) as visit:
        await visit.press("j", "j", "right")
        lines = visit.text(DetailView).splitlines()
        assert any("unit 1 in batch row 0, step by step" in line for line in lines)
        (chart,) = visit.view.detail.charts
        for column, name in enumerate(("i", "f", "g", "o", "c", "h")):
            line = next(line for line in lines if line.startswith(f" {name} "))
            assert line.rstrip().endswith(f"{chart.values[0, column]:.4f}")
        back = next(row.number for row in visit.view.rows if row.name == "lstm back through time")
        while visit.view.detail.row.number < back:
            await visit.press("j")
        text = visit.text(DetailView)
        assert ("|dstate|" if look.ascii else "‖dstate‖") in text
        assert "it becomes" in text


async def test_operands_without_room_are_named() -> None:
    """On a small screen what finds no room is named, and `tab` brings it."""
    run = {**RUN, "layers": ["linear 16", "relu", "linear 2"]}
    async with inspecting(size=(80, 24), run=run) as visit:
        weight = next(row.number for row in visit.view.rows if row.name == "gradient of weight")
        while visit.view.detail.row.number < weight:
            await visit.press("j")
        assert "tab leads to x" in visit.text(DetailView)
        await visit.press("tab")
        assert "tab leads to x" not in visit.text(DetailView)


async def test_help_names_all_keys_and_terms_of_the_row() -> None:
    """`?` explains every key and the terms that the row speaks of."""
    async with inspecting() as visit:
        await visit.press("n")
        await visit.pilot.press("question_mark")
        await visit.pilot.pause()
        assert isinstance(visit.pilot.app.screen, Reading)
        text = visit.pilot.app.screen._text.plain
        assert "bias\n" in text
        assert all(key.help in text for key in KEYS)


@pytest.mark.parametrize("size", [(80, 24), (110, 32), (200, 60), (40, 12), (12, 5)])
async def test_every_row_is_drawn_at_every_size(size: tuple[int, int]) -> None:
    """All rows of a step, in all forms, are drawn at large and at tiny sizes."""
    async with inspecting(size) as visit:
        for _ in range(len(visit.view.rows)):
            await visit.press("j")
        await visit.press("t", "k", "t", "k", "d", "a", "f", "c")
        assert visit.view.detail.row.number == len(visit.view.rows) - 3


@pytest.mark.parametrize("look", [Look(ascii=True), Look(colours="none"), Look(colours="16")])
async def test_few_colours_and_plain_characters(look: Look) -> None:
    """Without colours the tensors are drawn as glyphs; `--ascii` marks rows and steps with plain characters."""
    async with inspecting(look=look) as visit:
        await visit.press("n", "n")
        marks = visit.text(RowsList) + visit.text(Scrub)
        if look.ascii:
            assert ">" in marks
            assert not set("▶✓●━─") & set(marks)
        assert "x 32" in visit.text(DetailView)
