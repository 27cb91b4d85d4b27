"""What the header keeps at every width."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import text_of


@pytest.mark.parametrize("width", [200, 120, 100, 80])
async def test_header_keeps_data_network_state_step_losses_and_speed(width: int) -> None:
    """At 80 columns as at 200: what is trained, whether it runs, the step, both losses, and the speed."""
    backend = FakeBackend(replace(train_run(2745, running=True), steps_per_second=1234.0))
    backend.unsaved_steps = True
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(width, 40)) as pilot:
        await pilot.pause()
        shown = text_of(app, "#header")
        for part in ("spiral › 2·8·8·2", "●", "▶", "step 2,745", "train 0.1321", "valid 0.1465", "1.23 k", "/s"):
            assert part in shown
        assert len(shown.rstrip()) <= width


async def test_a_long_title_is_cut_and_nothing_else() -> None:
    """The names of data and network give way, but never vanish."""
    backend = FakeBackend(replace(train_run(2_745_000, running=False), latest=9_000_000, held=("2 units silent",)))
    backend.settings = replace(backend.settings, data=replace(backend.settings.data, name="spiral", file="very " * 9))
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = text_of(app, "#header")
        for part in ("very", "…", "‖", "of 9,000,000", "train", "valid"):
            assert part in shown
