"""What if: weights, inputs, units and layers are changed in the inspector, and numbers are guessed and checked."""

from __future__ import annotations

import numpy as np
import pytest
from textual.widgets import Input, Static

from nnplay.tui.inspector.asking import AskText
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.inspector.widgets.head_line import HeadLine
from nnplay.tui.widgets.header import HeaderLine
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.visit import inspecting


async def test_a_weight_is_edited_in_place_and_taken_back() -> None:
    """`e` gives a weight another value, which the list of changes has; `z` brings the old one back, bit for bit."""
    async with inspecting() as visit:
        await visit.press("n", "shift+tab", "shift+tab")
        trainer = visit.backend.worker.trainer
        assert trainer is not None
        before = trainer.parameters()["0.weight"].copy()
        await visit.pilot.press("e")
        await visit.type("2.5")
        await visit.until(lambda: visit.view.changes)
        assert trainer.parameters()["0.weight"][0, 0] == 2.5
        assert visit.view.changes == ((30, "0.weight[0,0] = 2.5"),)
        await visit.press("z")
        await visit.until(lambda: np.array_equal(trainer.parameters()["0.weight"], before))
        assert visit.view.changes[1:] == ((30, "undone: 0.weight[0,0] = 2.5"),)


async def test_an_input_is_edited_for_this_step() -> None:
    """An edited input stands in the head until the step is taken, and its step is among the changes then."""
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
        assert visit.view.changes == ((31, "step 31 with input[0,0] = 7"),)


async def test_a_unit_is_silenced_and_a_layer_frozen_beyond_the_inspector() -> None:
    """`s` makes a unit's output 0 and `W` keeps a layer's weights, also in training; `z` undoes both."""
    async with inspecting() as visit:
        await visit.press("n", "n", "right", "s")
        assert visit.view.held == ("unit 1 of layer 1 silent",)
        assert "unit 1 of layer 1 silent" in visit.text(HeadLine)
        assert visit.view.changes == ((30, "silent 1:1"),)
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
        assert not trainer.forward(trainer.split.train.x[:9], ["eval.1.output"])["eval.1.output"][:, 1].any()
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
        assert "layer 1 has no weights" in visit.screen.query_one(MessageLine).text
        await visit.press("N", "N")
        await visit.pilot.press("s")
        await visit.pilot.pause()
        assert "select a row of a layer first" in visit.screen.query_one(MessageLine).text


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
        assert "1 of 1 guessed right" in visit.text(HeadLine)
        await visit.pilot.press("n")
        await visit.until(lambda: isinstance(visit.pilot.app.screen, AskText))
        worked = visit.view.detail.worked
        assert worked is not None
        await visit.type("-" if worked.result >= 0 else "+")
        assert "1 of 2 guessed right" in visit.text(HeadLine)


async def test_e_on_a_gradient_edits_the_weight_with_the_weights_value() -> None:
    """On a row that gives a weight's gradient the dialog shows the weight and says so; enter alone leaves it."""
    async with inspecting() as visit:
        while visit.view.detail.result.slot != "d2.weight":
            await visit.press("n")
        while visit.screen.query_one(DetailView).operand is not visit.view.detail.result:
            await visit.press("tab")
        trainer = visit.backend.worker.trainer
        assert trainer is not None
        before = trainer.parameters()["2.weight"].copy()
        await visit.pilot.press("e")
        await visit.pilot.pause()
        dialog = visit.pilot.app.screen
        assert isinstance(dialog, AskText)
        assert "weight whose gradient this is" in "".join(str(line.render()) for line in dialog.query(Static))
        shown = float(dialog.query_one(Input).value)
        at = visit.view.detail.worked.index if visit.view.detail.worked is not None else ()
        assert shown == pytest.approx(float(before[at]), rel=1e-5)
        await visit.pilot.press("enter")
        await visit.until(lambda: visit.view.changes)
        assert np.allclose(trainer.parameters()["2.weight"], before, rtol=1e-5)


async def test_a_step_with_an_edited_input_in_the_past_keeps_the_later_steps() -> None:
    """The edit leads the run elsewhere; what came after it stays as a branch, and the line says so."""
    async with inspecting() as visit:
        visit.screen.inspecting.moves.go(20)
        await visit.until(lambda: visit.view.step == 20)
        await visit.pilot.press("e")
        await visit.type("7")
        await visit.until(lambda: visit.view.overrides)
        while visit.view.step == 20:
            await visit.press("N")
        assert (visit.view.step, visit.view.latest) == (21, 21)
        assert "new branch; 10 later steps kept" in visit.screen.query_one(MessageLine).text
        assert visit.backend.branches() == [("previous run from step 20", "trained to step 30")]
