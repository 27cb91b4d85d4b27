"""Claims about drawing an image and asking the network: by keys and mouse, at every size, while it may be training."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.catalogue import load_dataset
from nnplay.errors import InputError
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.dialogs.ask_image import AskImage, Sheet, Taken
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.views.asked_image import ask_image, askable_shape
from tests.ui.waiting import until


def config() -> RunConfig:
    """A small network on small digits."""
    return RunConfig.from_dict({"data": "digits", "layers": "flatten, linear 10", "epochs": 1})


def test_an_image_is_taken_for_what_it_is() -> None:
    """Ink from 0 to 1 becomes what the training images hold: a digit of the data is recognised as it was there."""
    trainer = config().trainer()
    trainer.run(epochs=15)
    assert askable_shape(trainer) == (8, 8)
    data = load_dataset("digits")
    ink = data.x[:200].reshape(-1, 8, 8) / data.x.max()
    right = sum(ask_image(trainer, one)[0][0] == str(label) for one, label in zip(ink, data.y[:200], strict=True))
    assert right > 180
    chances = ask_image(trainer, ink[0])
    assert [chance for _, chance in chances] == sorted((chance for _, chance in chances), reverse=True)
    with pytest.raises(InputError, match="images of this size"):
        ask_image(trainer, np.zeros((9, 8)))
    other = RunConfig.from_dict({"data": "xor", "layers": "linear 2"}).trainer()
    assert askable_shape(other) == (0, 0)


@pytest.mark.parametrize(
    ("size", "look"), [((80, 24), Look(ascii=True)), pytest.param((120, 40), Look(), marks=pytest.mark.slow)]
)
async def test_an_image_is_drawn_and_asked(size: tuple[int, int], look: Look) -> None:
    """With the pen down arrows draw; the answer follows; c clears; the mouse draws a line; esc leaves."""
    backend = PlaygroundBackend(config())
    app = Playground(backend, look)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: backend.worker.trainer is not None)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AskImage))
        sheet, taken = app.screen.query_one(Sheet), app.screen.query_one(Taken)
        await pilot.press("up", "space", "down", "down", "space", "down")
        assert sheet.ink[3:6, 4].tolist() == [1, 1, 1]
        assert sheet.ink.sum() == 3
        await until(pilot, lambda: len(taken.chances) > 1)
        assert f"untrained: {taken.chances[0][0]}" in taken.plain_text
        await pilot.press("c")
        assert not sheet.ink.any()
        await until(pilot, lambda: "draw something" in taken.plain_text)
        await pilot.mouse_down(sheet, offset=(0, 0))
        await pilot.hover(sheet, offset=(sheet.size.width - 1, 0))
        await pilot.mouse_up(sheet, offset=(sheet.size.width - 1, 0))
        assert sheet.ink[0, 0] == 1
        assert app.screen.query_one("#frame").region.bottom <= size[1]
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AskImage))
        app.exit(0)
    backend.stop()


async def test_other_networks_are_told_what_would_do() -> None:
    """A network that does not distinguish images says so, and names one that does."""
    backend = PlaygroundBackend()
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: backend.worker.trainer is not None)
        await pilot.press("A")
        await until(pilot, lambda: "does not distinguish images" in app._main.query_one(MessageLine).text)
        app.exit(0)
    backend.stop()
