"""The cursor in views: pixels, columns, tokens, weights and states are chosen by keys and mouse, and explained."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.explaining import ExplanationText
from nnplay.tui.outputs.field import Field, mark_cells, move_element
from nnplay.tui.outputs.widget import Answer
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import PLAIN
from nnplay.views.kinds.filters import Filters
from nnplay.views.kinds.weights import Weights
from tests.ui.visit import train
from tests.ui.waiting import until

_IMAGES = {
    "data": {"name": "digits8"},
    "network": {"layers": ["conv2d 3 k3", "relu", "flatten", "linear 10"]},
    "training": {"loss": "cross_entropy", "batch_size": 32},
}
_TABLE = {
    "data": {"name": "iris"},
    "network": {"layers": ["linear 4", "tanh", "linear 3"]},
    "training": {"loss": "cross_entropy"},
}
_ECHO = {
    "data": {"name": "echo", "delay": 2},
    "network": {"layers": ["lstm 3", "linear 4"]},
    "training": {"loss": "cross_entropy"},
}
_TEXT = {
    "data": {"name": "first_last"},
    "network": {"layers": ["embedding 4", "attention heads=2", "mean_steps", "linear 2"]},
    "training": {"loss": "cross_entropy"},
}


@asynccontextmanager
async def _playing(run: dict[str, Any], view: str) -> AsyncIterator[Pilot[int]]:
    """The playground with a view of a run of some steps."""
    backend = PlaygroundBackend(RunConfig.from_dict(run))
    app = Playground(backend, Look())
    try:
        train(backend, 5)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: bool(app.screen.query(OutputPane)))
            app.screen.query_one(OutputPane).choose(view)
            await until(pilot, lambda: backend.snapshot.shown.view == view)
            await until(pilot, lambda: _answer(pilot)._shown.view == view)
            await pilot.press("4")
            yield pilot
    finally:
        backend.stop()


def _answer(pilot: Pilot[int]) -> Answer:
    return pilot.app.screen_stack[1].query_one(Answer) if len(pilot.app.screen_stack) > 1 else pilot.app.screen.query_one(Answer)


async def _explained(pilot: Pilot[Any]) -> str:
    await until(pilot, lambda: any(text.explained is not None for text in pilot.app.screen.query(ExplanationText)))
    return str(pilot.app.screen.query_one(ExplanationText).content)
