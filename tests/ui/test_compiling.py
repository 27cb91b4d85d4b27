"""What the screen says while kernels are compiled: keys are answered at once, though what they ask for comes later."""

from __future__ import annotations

from dataclasses import replace

from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from tests.ui.fake_backend import FakeBackend
from tests.ui.playing import text_of
from tests.ui.waiting import until


class Compiling(FakeBackend):
    """Kernels are compiled until `ready`; what is asked of the training meanwhile is remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.compiling, self.wish = "compiling kernels, once: 3 of 12", False

    @property
    def will_run(self) -> bool:
        return self.wish

    def run(self) -> None:
        self.wish = True

    def pause(self) -> None:
        self.wish = False

    def ready(self) -> None:
        """They are compiled."""
        self.compiling = ""
        self.snapshot = replace(self.snapshot, running=self.wish)


async def test_space_while_kernels_are_compiled_says_what_will_be() -> None:
    """The line and the footer say that training will start; a second space takes it back; ready, it starts."""
    backend = Compiling()
    app = Playground(backend, Look())  # type: ignore[arg-type]
    sentence = "compiling kernels, once: 3 of 12; training starts as soon as they are ready, space cancels"
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "3 of 12" in text_of(app, "#message-line"))
        assert "press space: the loss" in text_of(app, "#curves")
        await pilot.press("space")
        assert sentence in text_of(app, "#message-line")
        assert "training starts soon: the loss" in text_of(app, "#curves")
        assert "space pause" in text_of(app, "#footer")
        backend.compiling = "compiling kernels, once: 4 of 12"
        await until(pilot, lambda: sentence.replace("3", "4") in text_of(app, "#message-line"))
        await pilot.press("space")
        assert "starts" not in text_of(app, "#message-line")
        assert "press space: the loss" in text_of(app, "#curves")
        assert "space run" in text_of(app, "#footer")
        await pilot.press("space")
        backend.ready()
        await until(pilot, lambda: "▶" in text_of(app, "#header"))
        assert "compiling" not in text_of(app, "#message-line")
        assert "press space" not in text_of(app, "#message-line")
