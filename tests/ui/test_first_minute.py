"""The run that opens when none is named: it ends by itself, and then says what to try next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nnplay.cli.commands.playground import _first
from nnplay.run.playground import FIRST, PlaygroundBackend
from nnplay.run.speed_limit import EASED, FULL
from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import main, text_of
from tests.ui.waiting import until


@pytest.fixture
def backend() -> Iterator[PlaygroundBackend]:
    """The first run."""
    made = PlaygroundBackend()
    yield made
    made.stop()


async def test_the_first_run_stops_at_the_epochs_of_its_preset_and_says_what_to_try(backend: PlaygroundBackend) -> None:
    """`nnplay`, space: 300 epochs, begun slowly, then three keys."""
    assert backend.settings.epochs == backend.preset(FIRST).epochs == _first()["epochs"] == 300
    assert backend.worker.controls.speed_limit == EASED
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        backend.limit_speed(FULL)
        await until(pilot, lambda: not backend.compiling)
        await pilot.press("space")
        await until(pilot, lambda: backend.snapshot.finished)
        assert backend.snapshot.epoch == 300
        await until(pilot, lambda: "stopped at epoch 300; next: i looks inside" in text_of(app, "#message-line"))
        await until(pilot, lambda: "R restarts" in text_of(app, "#message-line"))  # the line takes a second row
        assert "p offers other experiments" in text_of(app, "#message-line")


async def test_what_to_try_next_names_the_keys_of_the_user() -> None:
    """With another key for the inspector, that one is named."""
    done = replace(train_run(6600, running=False), finished=True, message="stopped at epoch 300")
    app = Playground(FakeBackend(done), Look(), keymap={"inspect": "I"})  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "next: I looks inside one step" in text_of(app, "#message-line"))
        assert main(app) is app.screen


async def test_the_first_hint_speaks_of_the_data_that_are_there() -> None:
    """Of a file of the user's, not of the spiral."""
    backend = FakeBackend()
    backend.task = lambda: "mine.csv: the network learns to predict price from size and age"  # type: ignore[method-assign]
    app = Playground(backend, Look(), first_start=True)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "mine.csv: the network learns to predict price from size and age. Press [space]" in " ".join(
            text_of(app, "#hint-line").split()
        )
