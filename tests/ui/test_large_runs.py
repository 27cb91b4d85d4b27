"""The playground over real runs that are large for a screen: they are shown, they train, and keys work meanwhile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.forms.form import Form
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.layer_list import LayerList
from tests.ui.playing import text_of
from tests.ui.waiting import until

ROWS, COLUMNS = 20_000, 100
LAYERS = {
    "layers": ["linear 4", "tanh"] * 99 + ["linear 4", "linear 2"],
    "a thousand layers": ["linear 4", "tanh"] * 499 + ["linear 4", "linear 2"],
    "units": ["linear 256", "relu"] * 3 + ["linear 2"],
    "table": ["linear 64", "relu", "linear 2"],
}


def large_table(folder: Path) -> dict[str, str]:
    """A CSV file of 20,000 rows and 100 columns whose target is told by the first."""
    values = np.random.Generator(np.random.PCG64(0)).integers(-99, 100, (ROWS, COLUMNS))
    rows = [",".join(map(str, row)) + f",{'up' if row[0] > 0 else 'down'}" for row in values.tolist()]
    head = ",".join(f"c{number}" for number in range(COLUMNS)) + ",y"
    path = folder / "large.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return {"file": str(path), "target": "y"}


def steps_in_header(app: Playground) -> int:
    """The step that the header shows, at any width."""
    found = re.search(r"\bstep ([\d,]+)", text_of(app, "#header"))
    return int(found[1].replace(",", "")) if found else 0


async def steer(pilot: Pilot[int], app: Playground, backend: PlaygroundBackend) -> None:
    """Trains from the first step, moves the cursor of a form meanwhile, and goes back to the first step."""
    form = app._main.query_one("#training Form", Form)
    place = form.cursor
    await pilot.press("space")
    await until(pilot, lambda: backend.snapshot.step > 20)
    await pilot.press("3", "j", "j")
    await until(pilot, lambda: form.cursor == place + 2)
    await until(pilot, lambda: steps_in_header(app) > 20)
    await pilot.press("space")
    await until(pilot, lambda: not backend.snapshot.running)
    await pilot.press("r")
    await until(pilot, lambda: backend.snapshot.step == 0)
    await until(pilot, lambda: steps_in_header(app) == 0)


@pytest.mark.parametrize(
    "large",
    ["layers", "table", *(pytest.param(large, marks=pytest.mark.slow) for large in ("a thousand layers", "units"))],
)
async def test_a_large_run_is_shown_trained_and_steered(large: str, tmp_path: Path) -> None:
    """Space trains it, the header counts its steps, a form's cursor moves meanwhile, space pauses, r rewinds; so again
    in a smaller terminal."""
    data = large_table(tmp_path) if large == "table" else "spiral"
    table: dict[str, Any] = {"layers": LAYERS[large], "data": data, "epochs": 0}
    backend = PlaygroundBackend(RunConfig.from_dict(table))
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await steer(pilot, app, backend)
            await pilot.resize_terminal(80, 24)
            await pilot.press("1")
            await steer(pilot, app, backend)
    finally:
        backend.stop()


@pytest.mark.slow
async def test_the_last_of_a_thousand_layers_is_edited() -> None:
    """Up from the first layer leads round to the last; the one above it is deleted, and the network follows."""
    backend = PlaygroundBackend(
        RunConfig.from_dict({"data": "spiral", "epochs": 0, "layers": LAYERS["a thousand layers"]})
    )
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            assert len(app._main.query_one(LayerList).texts) == 1000
            await pilot.press("2", "2", "k", "k", "k")
            await until(pilot, lambda: "linear 2" in text_of(app, "#layers"))
            await pilot.press("d")
            await until(pilot, lambda: len(app._main.query_one(LayerList).texts) == 999)
            assert len(backend.settings.layer_texts) == 999
    finally:
        backend.stop()
