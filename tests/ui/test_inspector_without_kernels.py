"""The inspector while kernels are compiled: rows are shown, steps wait, and nothing holds it up."""

from __future__ import annotations

from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.widgets.message_line import MessageLine
from tests.held_compiler import HeldCompiler
from tests.ui.visit import Visit, inspecting


def message(visit: Visit) -> str:
    """What stands in the inspector's line for messages."""
    return visit.screen.query_one(MessageLine).text


async def test_rows_are_shown_before_the_kernels_are_there(held_compiler: HeldCompiler) -> None:
    """Rows run by their definitions, up to one that is looked at, too; the end of the step waits, says for what, and
    comes once kernels are there."""
    async with inspecting(steps=0) as visit:
        view = await visit.press("n", "n", "n")
        assert (view.step, view.at) == (0, 3)
        assert visit.text(DetailView).strip()
        await visit.press("j", "j")
        await visit.pilot.press("B")
        await visit.pilot.pause()
        await visit.pilot.press("enter")
        await visit.until(lambda: visit.view.at == 5)
        await visit.press("full_stop")
        assert "steps can run once their kernels are compiled; compiling kernels" in message(visit)
        assert visit.view.step == 0
        held_compiler.let()
        await visit.until(lambda: not visit.backend.compiling)
        view = await visit.press("full_stop")
        assert view.step == 1


async def test_a_gradient_check_that_waits_for_kernels_is_broken_off_by_any_move(held_compiler: HeldCompiler) -> None:
    """While float64 kernels are compiled the count moves and keys are answered; asked again, it comes to its end."""
    held_compiler.let()
    async with inspecting() as visit:
        await visit.press("n")
        held_compiler.hold()
        await visit.pilot.press("H")
        await visit.until(lambda: "float64 for the gradient check: compiling kernels, once: 0 of" in message(visit))
        held_compiler.let(1)
        await visit.until(lambda: "compiling kernels, once: 1 of" in message(visit))
        view = await visit.press("n")
        assert view.at == 2
        assert not view.check
        await visit.press("p")
        held_compiler.let()
        await visit.pilot.press("H")
        await visit.until(lambda: len(visit.view.check) == 2)
        assert all(line.worst < 1e-5 for line in visit.view.check)


async def test_a_fork_that_waits_for_kernels_can_be_stopped(held_compiler: HeldCompiler) -> None:
    """A fork with another optimizer says how far its kernels are; `X` stops it, and then it can be begun anew."""
    held_compiler.let()
    async with inspecting() as visit:
        held_compiler.hold()
        await visit.pilot.press("F")
        await visit.type("optimizer rmsprop")
        await visit.until(lambda: "optimizer rmsprop: compiling kernels" in message(visit))
        await visit.press("X")
        await visit.until(lambda: "optimizer rmsprop: stopped at step 30" in message(visit))
        held_compiler.let()
        await visit.pilot.press("F")
        await visit.type("optimizer rmsprop")
        await visit.until(lambda: "optimizer rmsprop: at step 530" in message(visit))


async def test_a_gradient_check_asks_a_compiler_that_failed_once_more(held_compiler: HeldCompiler) -> None:
    """It says why there are no kernels; asked again, it comes to its end."""
    held_compiler.let()
    async with inspecting() as visit:
        await visit.press("n")
        held_compiler.hold()
        held_compiler.fail("the compiler was ended by SIGKILL")
        await visit.pilot.press("H")
        await visit.until(lambda: "ended by SIGKILL" in message(visit))
        held_compiler.let()
        await visit.pilot.press("H")
        await visit.until(lambda: len(visit.view.check) == 2)


async def test_a_fork_whose_kernels_cannot_be_compiled_ends(held_compiler: HeldCompiler) -> None:
    """It says why, and nothing is left that would have to be stopped; the next one is compiled anew."""
    held_compiler.let()
    async with inspecting() as visit:
        held_compiler.hold()
        held_compiler.fail("the compiler was ended by SIGKILL")
        await visit.pilot.press("F")
        await visit.type("optimizer rmsprop")
        await visit.until(lambda: "ended by SIGKILL" in message(visit))
        assert visit.backend.worker.ask(lambda run: run.running) is False
        held_compiler.let()
        await visit.pilot.press("F")
        await visit.type("optimizer rmsprop")
        await visit.until(lambda: "optimizer rmsprop: at step 530" in message(visit))
