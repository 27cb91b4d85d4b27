"""A run that cannot work is said on the screen before it starts, and one key mends it."""

from __future__ import annotations

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from tests.ui.playing import text_of
from tests.ui.waiting import until

RUN = {"data": {"name": "moons", "samples": 200}, "layers": ["linear 6", "relu", "linear 2", "softmax"]}


async def test_enter_in_health_mends_a_run_that_cannot_work() -> None:
    """With softmax twice the health pane says so at step 0; 6 and enter take it out, and z puts it back."""
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "softmax before" in text_of(app, "#health"))
            assert backend.snapshot.step == 0
            await pilot.press("6", "enter")
            await until(pilot, lambda: "softmax before" not in text_of(app, "#health"))
            assert backend.settings.layer_texts == ("linear 6", "relu", "linear 2")
            await pilot.press("z")
            await until(pilot, lambda: "softmax before" in text_of(app, "#health"))
    finally:
        backend.stop()
