"""Claims about the playground over the real back end: a whole visit by keys alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.picker.screen import Picker
from nnplay.tui.theme.look import Look
from tests.ui.waiting import until


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home and working folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def type_and_enter(pilot: Pilot[int], words: str) -> None:
    """Type into whatever dialog is open, by keys."""
    names = {" ": "space", ".": "full_stop", "_": "underscore", ",": "comma"}
    await pilot.press(*(names.get(character, character) for character in words), "enter")
    await pilot.pause()


async def choose(pilot: Pilot[int], app: Playground, setting: str, value: str) -> None:
    """`/` to a setting, enter, type a choice, enter; waits until it is in force."""
    await pilot.press("slash")
    await type_and_enter(pilot, setting)
    await pilot.press("enter")
    await pilot.pause()
    await type_and_enter(pilot, value)
    await until(pilot, lambda: {entry.label: entry.shown for entry in app.edits.settable()}[setting] == value)


async def test_whole_visit_by_keys(home: Path) -> None:
    """Circle, two more layers, another loss and optimizer, trained to 95 %, saved, left, and found again as it was."""
    backend = PlaygroundBackend()
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: backend.worker.trainer is not None)
            await choose(pilot, app, "set", "circle")
            for layer in ("linear 8", "tanh"):
                await pilot.press("a")
                await pilot.pause()
                await type_and_enter(pilot, layer)
            await choose(pilot, app, "loss", "hinge")
            await choose(pilot, app, "optimizer", "rmsprop")
            assert backend.settings.layer_texts[-1] == "linear 1"
            assert backend.settings.layer_texts[1:3] == ("linear 8", "tanh")
            await pilot.press("space")
            await until(pilot, lambda: backend.snapshot.metrics.get("validation_accuracy", 0.0) >= 0.95)
            await pilot.press("space")
            await until(pilot, lambda: not backend.snapshot.running)
            await pilot.press("s")
            await until(pilot, lambda: not backend.unsaved())
            shown, step = [(entry.key, entry.shown) for entry in app.edits.settable()], backend.snapshot.step
            layers = backend.settings.layer_texts
            await pilot.press("q")
            await pilot.pause()
        assert app.return_code == 0
    finally:
        backend.stop()

    again = PlaygroundBackend()
    app = Playground(again, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("o")
            await pilot.pause()
            assert isinstance(app.screen, Picker)
            await pilot.press("enter")
            await until(pilot, lambda: again.snapshot.step == step)
            assert [(entry.key, entry.shown) for entry in app.edits.settable()] == shown
            assert again.settings.layer_texts == layers
            assert again.snapshot.metrics["validation_accuracy"] >= 0.95
            assert again.snapshot.curves["train_loss"].steps[-1] <= step
            await pilot.press("full_stop")
            await until(pilot, lambda: again.snapshot.step == step + 1)
    finally:
        again.stop()
