"""Following a run: the newest snapshot is drawn when there is one, the terminal is ready, and the pace allows."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.app import App

from nnplay.tui import textual_private
from nnplay.tui.cells import Cells
from nnplay.tui.contract import Backend, Snapshot
from nnplay.tui.footer import FooterLine
from nnplay.tui.gate import Gate
from nnplay.tui.header import HeaderLine
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.pace import Pace
from nnplay.tui.panes.base import Pane

NUMBERS_PER_SECOND = 10


class Follower:
    """Draws snapshots of `backend` on `main`; every frame passes the one gate.

    Args:
        reported: called with a snapshot whose message or error is new.
    """

    def __init__(
        self, app: App[int], main: MainScreen, backend: Backend, reported: Callable[[Snapshot], object]
    ) -> None:
        self.gate = Gate(time.monotonic)
        self.pace = Pace(time.monotonic)
        self._app, self._main, self._backend, self._reported = app, main, backend, reported
        self._complete: Snapshot | None = None
        self._said = ("", "")

    def start(self) -> None:
        """Draw the first frame and begin to poll."""
        self.frame(pictures=True)
        self._app.set_interval(1 / NUMBERS_PER_SECOND, self.tick)

    def tick(self) -> None:
        """Draw the newest snapshot, if it is new and may be drawn now."""
        snapshot = self._backend.snapshot
        if not self._main.query(HeaderLine):
            return  # the screen is being taken down
        if snapshot is self._complete or self._app.screen is not self._main or not self.gate.open():
            return
        self.frame(pictures=self.pace.due() or not snapshot.running)

    def frame(self, *, pictures: bool) -> None:
        """Draw the newest snapshot now: the numbers, and the pictures too where asked for."""
        snapshot = self._backend.snapshot
        self._complete = snapshot if pictures else None
        self._main.query_one(HeaderLine).show(snapshot)
        self._main.query_one(FooterLine).running(snapshot.running)
        for pane in self._main.query(Pane):
            if pane.display and (pictures or not pane.slow):
                pane.show(snapshot)
        if pictures:
            self.pace.drawn(sum(cells.take_cost() for cells in self._main.query(Cells)))
        if (snapshot.message, snapshot.error) != self._said:
            self._said = (snapshot.message, snapshot.error)
            self._reported(snapshot)
        if self.gate.sent():
            self._app.set_timer(0.02, lambda: textual_private.ask_for_cursor(self._app))
