"""The inspector's screen over a real run: what keys and mouse do, and what is seen of the numbers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import pytest

from nnplay.inspector.messages import View
from nnplay.timeline.timeline import Timeline
from nnplay.tui.app import Playground
from nnplay.tui.dialogs.reading import Reading
from nnplay.tui.inspector.keys import KEYS
from nnplay.tui.inspector.screen import InspectorScreen
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.inspector.widgets.head_line import HeadLine
from nnplay.tui.inspector.widgets.rows_list import RowsList
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.timeline_bar import TimelineBar
from tests.ui.test_key_order import type_at_once
from tests.ui.visit import inspecting
from tests.ui.waiting import PATIENCE


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
        await visit.until(lambda: not visit.backend.snapshot.running)  # the view may come before that is published
        step = visit.view.step
        assert step == visit.backend.snapshot.step
        await visit.pilot.press("escape")
        await visit.until(lambda: visit.backend.snapshot.running and visit.backend.snapshot.step > step)
        assert isinstance(visit.pilot.app.screen, MainScreen)


async def test_rows_run_one_by_one_and_back_across_steps() -> None:
    """`n` runs rows into the next step, which is trained; `p` undoes them back into the step before."""
    async with inspecting() as visit:
        view = await visit.press(*"nn")
        assert (view.step, view.at) == (30, 2)
        view = await visit.press("N", "N", "N", "N")
        assert (view.step, view.at, view.latest) == (31, 0, 31)
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


async def test_another_size_breaks_no_way_through_the_past_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is made smaller while the run goes back asks nothing: only keys cancel a long way."""
    on_its_way, resized = threading.Event(), threading.Event()
    go_to = Timeline.go_to

    def go_slowly(timeline: Timeline, step: int, progress: Callable[[int, int], bool] | None = None) -> None:
        on_its_way.set()
        resized.wait(60)
        if progress is None or not progress(0, 1):
            go_to(timeline, step, progress)

    async with inspecting() as visit:
        monkeypatch.setattr(Timeline, "go_to", go_slowly)
        visit.screen.inspecting.moves.go(23)
        await visit.until(on_its_way.is_set)
        await visit.pilot.resize_terminal(80, 24)
        resized.set()
        await visit.until(lambda: visit.view.step == 23)


async def test_another_size_leaves_what_was_said() -> None:
    """A view that is shown again in another room, as right after the first one, does not wipe the answer to a key."""
    async with inspecting() as visit:
        await visit.press("n")
        visit.screen.say("what a key has answered")
        before = visit.view
        await visit.pilot.resize_terminal(110, 36)
        await visit.until(lambda: visit.view is not before)
        assert visit.text(MessageLine).strip() == "what a key has answered"
        await visit.press("n")
        assert visit.text(MessageLine).strip() == ""


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


async def test_the_timeline_bar_goes_where_it_is_clicked() -> None:
    """A click on the bar's begin goes to the first step; the later ones are kept."""
    async with inspecting() as visit:
        bar = visit.screen.query_one(TimelineBar)
        await visit.pilot.click(bar, offset=(bar._begin, 0))
        await visit.until(lambda: visit.view.step == 0)
        assert visit.view.latest == 30
        assert bar.step_at(bar._begin + bar._length - 1) == 30


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


async def test_keys_wait_for_the_first_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed while the run is still asked for its step is done on it; a key that leaves does not wait."""

    async def come(there: Callable[[], object]) -> None:
        """Waits as a user does, and not until all keys have been done."""
        async with asyncio.timeout(PATIENCE):
            while not there():
                await asyncio.sleep(0.005)

    async with inspecting() as visit:
        app = visit.pilot.app
        assert isinstance(app, Playground)
        await visit.pilot.press("escape")
        views: list[tuple[InspectorScreen, View]] = []
        show = InspectorScreen._queue_view
        monkeypatch.setattr(InspectorScreen, "_queue_view", lambda self, view: views.append((self, view)))

        def held(count: int) -> bool:
            """Whether the screen on top was given a view, and so many keys are held back for it."""
            return any(screen is app.screen for screen, _ in views) and app.key_queue._held == count

        done: list[str] = []
        begin = app.key_queue._begins
        monkeypatch.setattr(app.key_queue, "_begins", lambda event: (done.append(event.key), begin(event)))
        for leave in ("escape", None):  # by a key, and as the mouse does
            type_at_once(app, "izz.")
            await come(lambda: held(3))
            type_at_once(app, "\x1b") if leave else visit.screen.leave()
            await come(lambda: isinstance(app.screen, MainScreen))
            type_at_once(app, "2")
            await come(lambda: done[-1:] == ["2"] and not app.key_queue._waiting)
            assert done == ["i", *filter(None, [leave]), "2"]
            done.clear()
        type_at_once(app, "ijj")
        await come(lambda: held(2))
        show(*views[-1])
        await come(lambda: visit.screen._walk.wish.row == 2)
