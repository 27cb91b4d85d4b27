"""Blocks typed letter by letter over the real back end: with their branches they work, without they are a sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.picker.screen import Picker
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.playing import main
from tests.ui.waiting import until

RUN = {"data": {"name": "moons", "samples": 200}, "layers": ["linear 4", "tanh", "linear 2"]}


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Pilot[int], Playground, PlaygroundBackend]]:
    """A playground over a small network, its trainer made."""
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: backend.worker.trainer is not None)
            yield pilot, app, backend
    finally:
        backend.stop()


async def type_letters(pilot: Pilot[int], app: Playground, text: str) -> None:
    """Each letter as a key of its own, as a keyboard sends it."""
    for letter in text:
        app.post_message(events.Key(letter, letter))
        await pilot.pause()
    assert app.screen.query_one(Input).value == text


@pytest.mark.parametrize("block", ["sum", pytest.param("concat", marks=pytest.mark.slow), "sequential"])
async def test_a_block_without_branches_stays_in_its_dialog(block: str) -> None:
    """Its name alone is refused while it is typed, with an example; enter takes nothing."""
    async with playing() as (pilot, app, backend):
        await pilot.press("a")
        await pilot.pause()
        await type_letters(pilot, app, block)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        assert f"write {block}[" in app.screen.problem
        assert backend.settings.layer_texts == ("linear 4", "tanh", "linear 2")


@pytest.mark.parametrize(
    "block",
    [pytest.param("sequential[relu]", marks=pytest.mark.slow), "sum[identity | concat[linear 1 | linear 3]]"],
)
async def test_a_block_typed_with_its_branches_is_added(block: str) -> None:
    """Typed into the dialog letter by letter it lands behind the chosen layer, and the network trains."""
    async with playing() as (pilot, app, backend):
        await pilot.press("a")
        await pilot.pause()
        await type_letters(pilot, app, block)
        await pilot.press("enter")
        await until(pilot, lambda: backend.settings.layer_texts == ("linear 4", block, "tanh", "linear 2"))
        await pilot.press("full_stop")
        await until(pilot, lambda: backend.snapshot.step == 1)


async def test_blocks_in_the_layers_of_the_line() -> None:
    """`:layers` takes blocks with their branches; one without is said, and the network stays as it was."""
    async with playing() as (pilot, app, backend):
        await pilot.press("colon")
        await pilot.pause()
        await type_letters(pilot, app, "layers concat, linear 2")
        await pilot.press("enter")
        await until(pilot, lambda: "write concat[" in main(app).query_one(MessageLine).text)
        assert backend.settings.layer_texts == ("linear 4", "tanh", "linear 2")
        await pilot.press("colon")
        await pilot.pause()
        await type_letters(pilot, app, "layers concat[linear 3 | linear 4, relu], linear 2")
        await pilot.press("enter")
        await until(pilot, lambda: backend.settings.layer_texts == ("concat[linear 3 | linear 4, relu]", "linear 2"))
