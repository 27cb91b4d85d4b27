"""The data browser over a run on some data, and what tests read off it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from nnplay.config import RunConfig
from nnplay.data.dataset import Dataset
from nnplay.tui.app import Playground
from nnplay.tui.data_browser.browser_view import BrowserView
from nnplay.tui.data_browser.place import Place
from nnplay.tui.data_browser.screen import DataBrowser
from nnplay.tui.picker.tabs import ShelfTabs
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.waiting import until

ROWS = 3000


@asynccontextmanager
async def browsing(
    data: Dataset | Path, size: tuple[int, int] = (120, 40), look: Look | None = None
) -> AsyncIterator[Pilot[int]]:
    """The browser over a hand-made run on these data."""
    backend = FakeBackend(train_run())
    if isinstance(data, Path):
        chosen = RunConfig.from_dict({"data": {"file": str(data), "missing": "mean"}}).data
        backend.settings = replace(backend.settings, data=chosen)
    else:
        backend.data = data
    app = Playground(backend, look or Look())  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, DataBrowser) and app.screen.place is not None)
        await until(pilot, lambda: all(place(pilot).profile.known_facts(c) for c in place(pilot).profile.columns))
        await pilot.pause()
        yield pilot


def browser(pilot: Pilot[int]) -> DataBrowser:
    found = next(screen for screen in pilot.app.screen_stack if isinstance(screen, DataBrowser))
    return found


def place(pilot: Pilot[int]) -> Place:
    found = browser(pilot).place
    assert found is not None
    return found


def text(pilot: Pilot[int]) -> str:
    return browser(pilot).query_one(BrowserView).plain_text


def message(pilot: Pilot[int]) -> str:
    return browser(pilot).query_one(MessageLine).text


def tab(pilot: Pilot[int]) -> str:
    line = browser(pilot).query_one(ShelfTabs).plain_text
    return line[line.index("[") + 1 : line.index("]")]


def write_shop(folder: Path) -> Path:
    """A table of a shop's customers, one of them with a gap."""
    path = folder / "shop.csv"
    lines = [
        f"{i + 1},{20 + i % 40},{('Köln', 'Bonn', 'Ulm')[i % 3]},{'' if i == 4 else i * 3},{(i // 7) % 2}"
        for i in range(ROWS)
    ]
    path.write_text("\n".join(["id,age,city,spent,left", *lines]), encoding="utf-8")
    return path
