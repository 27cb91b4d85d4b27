"""Claims about networks and data far larger than the screen."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.views.kinds.confusion import Confusion
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import SIZES, main, text_of

pytestmark = pytest.mark.painted


def with_layers(layers: tuple[str, ...]) -> Playground:
    """A playground whose network has these layers, and no weights shown, as the worker does for large ones."""
    backend = FakeBackend(replace(train_run(100, running=False), weights={}, neurons={}))
    backend.settings = backend.changed(layers=layers)
    return Playground(backend, Look())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pairs", "size"), [(100, SIZES[0]), *(pytest.param(500, size, marks=pytest.mark.slow) for size in SIZES)]
)
async def test_more_layers_than_a_screen_has_lines(pairs: int, size: tuple[int, int]) -> None:
    """Hundreds of layers (slow: a thousand) fold in the network pane, and the list reaches the last one."""
    app = with_layers(("linear 8", "tanh") * pairs + ("linear 2",))
    async with app.run_test(size=size) as pilot:
        await pilot.press("2")
        await pilot.pause()
        assert "more layers" in text_of(app, "#network")
        await pilot.press("2", "k", "k")
        await pilot.pause()
        layers = main(app).query_one(LayerList)
        assert layers.cursor == 2 * pairs
        assert "linear 2" in text_of(app, "#layers")


async def test_wide_layers_are_drawn_in_part() -> None:
    """Of 512 units those that fit are drawn and the others counted."""
    rng = np.random.default_rng(0)
    weights = {
        "0.weight": rng.normal(size=(2, 512)).astype(np.float32),
        "0.bias": np.zeros(512, np.float32),
        "2.weight": rng.normal(size=(512, 2)).astype(np.float32),
    }
    backend = FakeBackend(replace(train_run(100), weights=weights, neurons={}))
    backend.settings = backend.changed(layers=("linear 512", "tanh", "linear 2"))
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert re.search(r"\+50\d\b", text_of(app, "#network"))


async def test_many_classes_and_columns() -> None:
    """A hundred classes and a hundred input names neither break the layout nor hide the rest."""
    labels = tuple(f"class {number}" for number in range(100))
    output = Confusion(np.eye(100, dtype=int), tuple(labels), ("row 1",))
    app = with_layers(("linear 100",))
    app._backend.snapshot = replace(train_run(9, running=False), surface=None, output=output)  # type: ignore[misc]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "of 100 classes" in text_of(app, "#output")


async def test_not_finite_numbers_are_shown() -> None:
    """NaN and infinite losses, weights, surfaces and pictures are drawn, not raised."""
    now = train_run(50)
    bad = np.full((8, 8), np.nan, np.float32)
    surface = replace(now.surface, values=np.where(now.surface.values > 0, np.inf, np.nan))  # type: ignore[type-var, union-attr]
    weights = {name: np.full_like(value, np.nan) for name, value in now.weights.items()}
    broken = replace(
        now,
        train_loss=float("nan"),
        validation_loss=float("inf"),
        surface=surface,
        weights=weights,
        neurons=dict.fromkeys(now.neurons, bad),
    )
    app = Playground(FakeBackend(broken), Look())  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "right", "w")
        await pilot.pause()
        assert "nan" in text_of(app, "#header")
        assert "nan" in text_of(app, "#network")
