"""Does this gradient fade, and what does batch norm change here: three keys lead to the answer."""

from __future__ import annotations

from typing import Any

import pytest

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from tests.ui.playing import text_of
from tests.ui.waiting import until

ECHO = {"data": {"name": "echo", "samples": 60, "delay": 20}, "layers": ["rnn 5", "linear 4"]}
NORMED = {"data": {"name": "moons", "samples": 200}, "layers": ["linear 6", "batch_norm", "relu", "linear 2"]}


@pytest.mark.parametrize(
    ("run", "keys", "words"),
    [
        (ECHO, ["4", "g"], ["it shrinks", "per step", "over the run"]),
        (NORMED, ["4", "g", "up"], ["row 0 of the next batch of", "training", "evaluation", "input"]),
        (NORMED, ["4", "g", "g"], ["0.weight", "÷ weight"]),
    ],
)
async def test_three_keys_lead_from_the_beginning_to_the_answer(
    run: dict[str, Any], keys: list[str], words: list[str]
) -> None:
    """g in the output pane turns through the gradients; the view before them shows both modes."""
    backend = PlaygroundBackend(RunConfig.from_dict(run))
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: len(backend.snapshot.shown.views) > 3)
            for key in keys:
                await pilot.press(key)
            await until(pilot, lambda: all(word in text_of(app, "#output") for word in words))
    finally:
        backend.stop()
