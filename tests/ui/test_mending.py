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
            said = "removed layer 3: softmax; all weights were kept (z: undo)"
            await until(pilot, lambda: said in text_of(app, "#message-line"))
            await pilot.press("z")
            await until(pilot, lambda: "softmax before" in text_of(app, "#health"))
    finally:
        backend.stop()


async def test_the_header_has_dashes_until_another_network_is_scored() -> None:
    """After an edit of the network neither the old losses stand there nor "nan"; after its first epoch, its own do."""
    backend = PlaygroundBackend(RunConfig.from_dict({**RUN, "layers": ["linear 6", "relu", "linear 2"]}))
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            backend.run_for(steps=12)
            await until(pilot, lambda: "acc" in text_of(app, "#header") and backend.snapshot.step == 12)
            backend.apply(backend.changed(layers=("linear 3", "relu", "linear 2")))
            await until(pilot, lambda: "batch loss      – valid      – " in text_of(app, "#header"))
            backend.run_for(steps=1)
            await until(
                pilot, lambda: "valid      – " in text_of(app, "#header") and "step 13" in text_of(app, "#header")
            )
            assert "acc" not in text_of(app, "#header")
            backend.run_for(epochs=1)
            await until(pilot, lambda: "acc" in text_of(app, "#header"))
            assert "nan" not in text_of(app, "#header")
    finally:
        backend.stop()
