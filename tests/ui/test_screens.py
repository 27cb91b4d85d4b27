"""Claims about whole screens that must not change unseen: text grids kept in `tests/ui/screens`.

`NNPLAY_WRITE_SCREENS=1 pytest tests/ui/test_screens.py` writes them anew; look at the difference before committing it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run

pytestmark = pytest.mark.painted

FOLDER = Path(__file__).with_name("screens")


def grid(pilot: Pilot[int]) -> str:
    """The screen as text."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


async def compare_screen(name: str, pilot: Pilot[int]) -> None:
    """The screen comes to be the one that is kept under this name."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("NNPLAY_WRITE_SCREENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(grid(pilot), encoding="utf-8")
    wanted = path.read_text(encoding="utf-8")
    for _ in range(300):  # the last frame may still be on its way
        if grid(pilot) == wanted:
            return
        await pilot.pause(0.05)
    assert grid(pilot) == wanted


@pytest.mark.parametrize(
    ("name", "size", "look", "keys"),
    [
        ("wide", (120, 40), Look(), []),
        ("pages", (80, 24), Look(), ["2"]),
        ("single", (60, 20), Look(), ["1"]),
        ("ascii", (120, 40), Look(colours="none", ascii=True), []),
        ("choices", (80, 24), Look(), ["3", "enter"]),
        ("help", (80, 24), Look(), ["5", "question_mark"]),
        ("layer", (80, 24), Look(), ["a"]),
        ("quit", (80, 24), Look(), ["q"]),
        ("data", (80, 24), Look(), ["b"]),
    ],
)
async def test_screen_is_as_kept(name: str, size: tuple[int, int], look: Look, keys: list[str]) -> None:
    """A paused run in each form of the main screen, and the dialogs over it."""
    backend = FakeBackend(replace(train_run(2745, running=False)))
    backend.unsaved_steps = True
    app = Playground(backend, look)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if keys:
            await pilot.press(*keys)
        await pilot.pause(0.2)
        await compare_screen(name, pilot)
