"""The inspector open over a real run, for tests that press its keys and read its widgets."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.config import RunConfig
from nnplay.inspector.messages import View
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.inspector.screen import InspectorScreen
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Cells
from tests.ui.waiting import until

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
        """Waits for something that another thread does."""
        await until(self.pilot, holds)

    async def settle(self) -> None:
        """Waits until the newest question has been answered."""
        await self.pilot.pause()
        await self.until(lambda: self.view.ticket == self.screen.inspecting.requests.newest)

    async def press(self, *keys: str) -> View:
        """Presses keys, one after the other, each answered."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()
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
        train(backend, steps)
        async with app.run_test(size=size) as pilot:
            visit = Visit(pilot, backend)
            if running:
                backend.run()
                await visit.until(lambda: backend.snapshot.running)
            await visit.until(lambda: backend.worker is not None and backend.worker.trainer is not None)
            await pilot.press("i")
            await visit.until(lambda: isinstance(app.screen, InspectorScreen) and app.screen.view is not None)
            yield visit
    finally:
        backend.stop()


def train(backend: PlaygroundBackend, steps: int) -> None:
    """Takes some steps, before there is a screen."""
    backend.run_for(steps=steps)
    end = time.monotonic() + 120
    while backend.snapshot.step < steps or backend.snapshot.running:
        assert time.monotonic() < end, "the run did not come that far"
        time.sleep(0.005)
