"""The playground's whole screen as a picture, drawn without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.export.png import draw_png
from nnplay.tui.export.svg import without_fetched_fonts
from nnplay.tui.terminal import textual_private
from nnplay.tui.theme.look import Look

_EVERY = 0.05


def draw_screen(
    backend: PlaygroundBackend, size: tuple[int, int], title: str, look: Look, *, png: bool = False
) -> str | bytes:
    """The screen of a run, in so many cells, as SVG or PNG; the back end is left running."""
    app = Playground(backend, look)
    drawn: list[str | bytes] = []

    async def look_once(pilot: Any) -> None:
        await pilot.pause()
        app.refresher.request_visible()
        await _until(lambda: bool(backend.snapshot.shown.views) or bool(backend.snapshot.error))
        await asyncio.to_thread(backend.worker.ask, lambda worker: None)
        app.refresher.draw_frame(pictures=True)
        await pilot.pause()
        if png:
            drawn.append(draw_png(textual_private.screen_rows(app), size[0], look.palette))
        else:
            drawn.append(without_fetched_fonts(app.export_screenshot(title=title)))
        app.exit(0)

    app.run(headless=True, size=size, auto_pilot=look_once)
    return drawn[0]


async def _until(happened: Callable[[], bool]) -> None:
    while not happened():
        await asyncio.sleep(_EVERY)
