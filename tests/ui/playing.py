"""A playground over a hand-made back end, and how tests read and type."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.tui.app import Playground
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Cells
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run

SIZES = [(120, 40), (80, 24), (60, 20), (200, 60)]


def make(*, fresh: bool = False, **more: object) -> Playground:
    """A playground over a trained, or a fresh, hand-made run."""
    return Playground(FakeBackend(None if fresh else train_run()), Look(), **more)  # type: ignore[arg-type]


def asked(app: Playground) -> list[tuple[object, ...]]:
    """What the app asked of its back end."""
    backend = app._backend
    assert isinstance(backend, FakeBackend)
    return backend.asked


def main(app: Playground) -> MainScreen:
    """The main screen."""
    return app._main


def text_of(app: Playground, selector: str) -> str:
    """The plain text of a widget or pane."""
    return "\n".join(cells.plain_text for cells in main(app).query(f"{selector} , {selector} Cells").results(Cells))


async def type_line(pilot: Pilot[int], line: str) -> None:
    """Type a `:` line."""
    await pilot.press("colon")
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = line
    await pilot.press("enter")
    await pilot.pause()
