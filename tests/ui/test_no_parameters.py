"""A network that learns nothing, as of a tanh alone: the playground and its inspector go through it like any other."""

from __future__ import annotations

from typing import Any

import pytest

from nnplay.timeline import checkpoint_spacing
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.visit import inspecting

RUN: dict[str, Any] = {"data": {"name": "xor", "samples": 100}, "layers": ["tanh"], "optimizer": {"name": "sgd"}}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, marks=pytest.mark.slow),
        {"optimizer": {"name": "adam"}, "training": {"clip_norm": 1.0, "l2": 0.1}},
    ],
)
async def test_every_row_is_looked_at(more: dict[str, Any]) -> None:
    """All rows of its step, those that update nothing too, in each form; steps, moves and the loss are there."""
    async with inspecting(run={**RUN, **more}, steps=5) as visit:
        for _ in range(len(visit.view.rows)):
            await visit.press("j", "t", "down", "right")
        await visit.press("tab", "a", "f", "c", "[", "]", "d", "d", "N", "N", "n", "p", "full_stop", "comma")
        assert visit.view.error == ""


async def test_its_gradient_check_is_a_sentence() -> None:
    """There is no gradient to check, and G and H say so."""
    async with inspecting(run=RUN, steps=5) as visit:
        for key in ("G", "H"):
            visit.screen.say("")
            await visit.press(key)
            assert visit.screen.query_one(MessageLine).text == "this network has no parameters to check"


async def test_it_is_trained_saved_and_followed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The playground shows it while it trains; its session, with checkpoints that take no bytes, opens again."""
    monkeypatch.setattr(checkpoint_spacing, "SOON", 0.0)  # as on a machine that is busy
    async with inspecting(run=RUN, steps=5) as visit:
        for key in ("escape", "1", "2", "2", "5", "6", "4", "v", "z"):
            await visit.pilot.press(key)
        message = visit.backend.save(str(tmp_path / "none"))
        assert "saved to" in message
        assert "opened" in visit.backend.open(str(tmp_path / "none.nnplay"))
