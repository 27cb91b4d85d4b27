"""`?` on anything selected: sentences from the run's own numbers, and enter leads to the inspector at that place."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.pilot import Pilot

from nnplay.config import RunConfig
from nnplay.explain.confusion_cell import ConfusionCell
from nnplay.explain.explanation import Explanation
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import View
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.dialogs.help import Help
from nnplay.tui.explaining import ExplanationText
from nnplay.tui.inspector.screen import InspectorScreen
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.health import Findings
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.terminal import textual_private
from nnplay.tui.theme.look import Look
from nnplay.views.kinds.confusion import Confusion
from tests.ui.visit import RUN, inspecting, train
from tests.ui.waiting import until

_STEPS = 30


@asynccontextmanager
async def _playing(
    run: dict[str, Any] = RUN, steps: int = _STEPS
) -> AsyncIterator[tuple[Pilot[int], PlaygroundBackend]]:
    """The playground over a run of some steps."""
    backend = PlaygroundBackend(RunConfig.from_dict(run))
    app = Playground(backend, Look())
    try:
        train(backend, steps)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            yield pilot, backend
    finally:
        backend.stop()


async def _explained(pilot: Pilot[Any]) -> str:
    """The text of the explanation that is on the screen, once it has been worked out."""
    await until(pilot, lambda: any(text.explained is not None for text in pilot.app.screen.query(ExplanationText)))
    return str(pilot.app.screen.query_one(ExplanationText).content)


async def _found(pilot: Pilot[Any], backend: PlaygroundBackend) -> None:
    """Waits until the health pane shows all that was found, which its next poll brings: until then `?` is its help."""
    pane = pilot.app.screen.query_one(Findings)
    await until(pilot, lambda: backend.snapshot.health and pane._findings == backend.snapshot.health)


async def _inspected(pilot: Pilot[Any], step: int) -> View:
    """What the inspector shows, once it is open at a step."""

    def arrived() -> bool:
        screen = pilot.app.screen
        return isinstance(screen, InspectorScreen) and screen.view is not None and screen.view.step == step

    await until(pilot, arrived)
    screen = pilot.app.screen
    assert isinstance(screen, InspectorScreen)
    assert screen.view is not None
    return screen.view


async def test_from_nothing_selected_to_the_whole_story_of_a_weight_in_three_keys() -> None:
    """`2 w ?`: a weight of the network, and why it changed in the last step; enter shows that in the inspector."""
    async with _playing() as (pilot, backend):
        weights = backend.snapshot.weights["0.weight"]
        await pilot.press("2", "w", "question_mark")
        text = await _explained(pilot)
        assert text.startswith("0.weight[0,0]\n")
        assert f"in step {_STEPS}" in text
        assert "this batch's gradient (" in text
        assert "of the batch pushed most" in text
        await pilot.press("enter")
        view = await _inspected(pilot, _STEPS - 1)
        worked = view.detail.worked
        assert worked is not None
        assert (view.detail.parameter, worked.index) == ("0.weight", (0, 0))
        assert worked.result == float(weights[0, 0])
        assert worked.result != worked.before


async def test_enter_may_come_before_the_answer() -> None:
    """Keys typed at once, as from a script, arrive where they would arrive typed slowly."""
    async with _playing() as (pilot, _):
        await pilot.press("2", "w", "question_mark", "enter")
        view = await _inspected(pilot, _STEPS - 1)
        assert view.detail.parameter == "0.weight"


async def test_leaving_the_place_of_an_explanation_leaves_the_run_where_it_stood() -> None:
    """The step that is looked at lies in the past; who only looks at it loses nothing."""
    async with _playing() as (pilot, backend):
        await pilot.press("2", "w", "question_mark", "enter")
        await _inspected(pilot, _STEPS - 1)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, MainScreen) and backend.snapshot.step == _STEPS)
        assert backend.snapshot.latest == _STEPS


async def test_nothing_selected_is_the_help_of_the_pane() -> None:
    """Without a selection `?` shows the keys and terms of the pane alone, and the footer calls it help."""
    async with _playing() as (pilot, _):
        assert "? help" in _footer(pilot)
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, Help)
        assert not pilot.app.screen.query(ExplanationText)
        await pilot.press("escape", "2", "w")
        await pilot.pause()
        assert "? explain" in _footer(pilot)


def _footer(pilot: Pilot[Any]) -> str:
    app = pilot.app
    assert isinstance(app, Playground)
    return app._main.query_one("#footer").plain_text  # type: ignore[attr-defined, no-any-return]


async def test_a_unit_and_its_bias() -> None:
    """A unit: its values over the batch, how often it is off, what feeds it most, and its bias."""
    async with _playing() as (pilot, _):
        await pilot.press("2", "right", "question_mark")
        text = await _explained(pilot)
        for words in ("Layer 0 unit 0 is", "It is off, and passes no gradient, in", "feeds it most", "0.bias[0]"):
            assert words in text


async def test_a_step_of_the_curve() -> None:
    """The cursor of the curves: batch, loss against its neighbours, and the rows with the largest losses."""
    async with _playing() as (pilot, _):
        await pilot.press("5", "left", "question_mark")
        text = await _explained(pilot)
        for words in (" took batch ", "Its loss is", "The gradient norm is", "of the training part"):
            assert words in text
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, InspectorScreen) and pilot.app.screen.view is not None)


async def test_a_finding_shows_its_numbers() -> None:
    """A finding: the numbers that its rule looked at."""
    async with _playing(steps=200) as (pilot, backend):
        await _found(pilot, backend)
        await pilot.press("6", "question_mark")
        text = await _explained(pilot)
        assert "The smoothed loss was" in text


async def test_the_inspector_explains_the_chosen_element() -> None:
    """`?` in the inspector begins with why the element under the cursor is as it is, in the step that is walked."""
    async with inspecting() as visit:
        row = next(row.number for row in visit.view.rows if row.operands[-1].slot == "d0.weight")
        await visit.press(*"j" * row, "down", "right", "question_mark")
        text = await _explained(visit.pilot)
        assert text.startswith("0.weight[1,1]\n")
        assert "will" in text
        assert f"in step {_STEPS + 1}" in text


def test_the_weights_of_a_convolution_meet_windows() -> None:
    """Their gradient is a product of the windows of the input, side by side, and the gradient of what comes out."""
    layers = ["conv2d 4 k3 groups=2", "flatten", "linear 5"]
    run = RunConfig.from_dict({"data": {"name": "shapes", "samples": 60}, "layers": ["conv2d 6 k2", *layers]})
    inspector = Inspector(run.trainer())
    views = inspector.views()
    found = {view.path: view.product for view in views if view.product.startswith("dweight = (windows")}
    n, side = inspector.n, inspector.trainer.split.feature_shape[0]
    lines = n * (side - 1) ** 2, n * (side - 3) ** 2
    channels = inspector.trainer.split.feature_shape[2]
    why = "since each weight meets every window of every row at its own place"
    assert found["0"] == f"dweight = (windows of x)ᵀ·dy: ({4 * channels}×{lines[0]})·({lines[0]}×6), {why}"
    assert found["1"] == f"dweight = (windows of x)ᵀ·dy: (27×{lines[1]})·({lines[1]}×2) in each group, {why}"


async def test_a_backward_row_says_where_its_transpose_comes_from() -> None:
    """The gradients of a linear layer are products of matrices, told with the shapes of this batch."""
    async with inspecting(steps=2) as visit:
        n = visit.view.rows[0].operands[0].shape[0]
        rows = {row.operands[-1].slot: row for row in visit.view.rows if row.phase == "backward"}
        assert rows["d1.output"].product == (
            f"dx = dy·weightᵀ: ({n}×2)·(2×6), since each input collects from all outputs"
        )
        assert rows["d0.weight"].product.startswith(f"dweight = xᵀ·dy: (2×{n})·({n}×6), since")
        await visit.press(*"j" * rows["d1.output"].number)
        assert f"({n}×2)·(2×6)" in visit.text(DetailView)


async def test_a_cell_of_the_confusion_matrix() -> None:
    """The cell under the cursor: how many rows, of how many, and of which the network is surest."""
    async with _playing(steps=5) as (pilot, backend):
        app = pilot.app
        assert isinstance(app, Playground)
        pane = app._main.query_one(OutputPane)
        pane.choose("confusion matrix")
        await until(pilot, lambda: pane.subject == ConfusionCell(0, 0))
        await pilot.press("right")
        await until(pilot, lambda: pane.subject == ConfusionCell(0, 1))
        shown = backend.snapshot.output
        assert isinstance(shown, Confusion)
        await pilot.press("question_mark")
        text = await _explained(pilot)
        assert f"Of {shown.matrix[0].sum()} rows that are {shown.labels[0]}, {shown.matrix[0, 1]} w" in text
        found = re.search(r"In the batch of step 5 .* enter shows row (\d+)", text)
        assert found is not None, text
        await pilot.press("enter")
        worked = (await _inspected(pilot, 4)).detail.worked
        assert worked is not None
        assert worked.index == (int(found[1]), 1)


async def test_a_convolution_shows_its_window_and_its_kernel_in_full() -> None:
    """For the element under the cursor: the numbers in the window, those of the kernel, and their products."""
    layers = ["conv2d 2", "relu", "flatten", "linear 10"]
    run = {**RUN, "data": {"name": "digits"}, "layers": layers}
    async with inspecting(run=run, steps=2) as visit:
        row = next(row.number for row in visit.view.rows if row.name == "x∗w + b")
        view = await visit.press(*"j" * row, "down", "right")
        patch, worked = view.detail.patch, view.detail.worked
        assert patch is not None
        assert worked is not None
        bias = next(operand for operand in view.detail.operands if operand.name == "bias").values[0, patch.filter]
        assert (patch.seen * patch.kernel).sum() + bias == pytest.approx(worked.value, rel=1e-6)
        lines = visit.text(DetailView).splitlines()
        first = next(k for k, line in enumerate(lines) if f"the kernel of filter {patch.filter}" in line) + 1
        shown = [[float(word) for word in line.split() if word not in "×="] for line in lines[first : first + 3]]
        parts = (patch.seen[..., 0], patch.kernel[..., 0], (patch.seen * patch.kernel)[..., 0])
        assert np.array(shown) == pytest.approx(np.hstack(parts), rel=0.05)


async def test_which_step_broke_first() -> None:
    """`6 ?` in a run that has diverged: the step whose gradient first left the range of those before it."""
    run = {**RUN, "optimizer": {"name": "sgd", "lr": 30.0}}
    async with _playing(run, steps=0) as (pilot, backend):
        backend.run_for(steps=_STEPS)
        await until(pilot, lambda: backend.snapshot.error)
        await _found(pilot, backend)
        await pilot.press("6", "question_mark")
        text = await _explained(pilot)
        assert "The gradient broke out first in step 4" in text
        await pilot.press("enter")
        await _inspected(pilot, 3)


_DIGITS = {**RUN, "data": {"name": "digits"}, "layers": ["conv2d 2", "relu", "flatten", "linear 10"]}
_NORMED = {**RUN, "layers": ["linear 6", "batch_norm", "relu", "linear 2"]}
_LSTM = {**RUN, "data": {"name": "echo", "samples": 200, "symbols": 4, "delay": 10}, "layers": ["lstm 4", "linear 4"]}


@pytest.mark.parametrize(
    ("run", "keys", "view"),
    [
        pytest.param(_LSTM, ["g"], "gradient through time", id="does this LSTM's gradient fade"),
        pytest.param(_NORMED, ["g", "up"], "training against evaluation", id="what does batch norm change here"),
        pytest.param(_DIGITS, ["W"], "integrated gradients", id="which pixels made this answer"),
        pytest.param(_DIGITS, ["up"], "smallest change", id="what would change it"),
    ],
)
async def test_questions_are_answered_within_three_keys(run: dict[str, Any], keys: list[str], view: str) -> None:
    """From the screen that the program begins with, a view that answers the question is at most three keys away."""
    async with _playing(run, steps=3) as (pilot, backend):
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: backend.snapshot.shown.view == view)
        assert backend.snapshot.output is not None


class Asking(App[None]):
    """An explanation that is known at once, in a place that scrolls."""

    def compose(self) -> ComposeResult:
        """The one widget."""
        with VerticalScroll():
            yield ExplanationText(self._answer)

    def _answer(self, take: Callable[[Explanation], None]) -> None:
        explained = Explanation("a weight", ("It grew.", "It shrank."))
        threading.Thread(target=lambda: textual_private.call_in_loop(self, lambda: take(explained))).start()


async def test_an_explanation_that_is_there_at_once_has_room_for_all_its_lines() -> None:
    """The room is that of the sentences, not that of the line that stood there before."""
    async with Asking().run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.query_one(ExplanationText).size.height == 4)
