"""Following the run: numbers are drawn five times a second, pictures as often as the line allows."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.app import App
from textual.timer import Timer

from nnplay.run.snapshot import Snapshot
from nnplay.tui import view
from nnplay.tui.backend import Backend
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.base import Pane
from nnplay.tui.panes.network import NetworkPane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.terminal import textual_private
from nnplay.tui.terminal.frame_gate import FrameGate
from nnplay.tui.terminal.frame_rate import FrameRate
from nnplay.tui.terminal.screen_share import ScreenShare
from nnplay.tui.widgets.cells import Cells, drawn_once
from nnplay.tui.widgets.footer import FooterLine
from nnplay.tui.widgets.header import HeaderLine
from nnplay.tui.widgets.timeline_bar import TimelineBar

TICKS_PER_SECOND, NUMBERS_PER_SECOND = 10, 5
_SMALL, _LARGE = 10, 36
"""Side of a neuron's picture in the graph, and where one is shown large."""
_LAYER = 16
"""Side of the small picture of what a layer gives."""


class Refresher:
    """Draws snapshots of `backend` on `main`; every frame passes the one gate.

    Args:
        report: called with a snapshot whose message or error is new.
        show_settings: called when a travel through time has led to other settings.
    """

    def __init__(
        self,
        app: App[int],
        main: MainScreen,
        backend: Backend,
        report: Callable[[Snapshot], object],
        show_settings: Callable[[], object],
    ) -> None:
        self.frame_gate = FrameGate(time.monotonic)
        self.frame_rate = FrameRate(time.monotonic)
        self.screen_share = ScreenShare()
        self._app, self._main, self._backend = app, main, backend
        self._report, self._show_settings = report, show_settings
        self._drawn_numbers: Snapshot | None = None
        self._numbers_drawn_at = float("-inf")
        self._shown: dict[str, Snapshot] = {}
        self._when: dict[str, float] = {}
        self._reported_last: tuple[object, ...] = ()
        self._requested: object = None
        self._view: object = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Draw the first frame and begin to poll."""
        self._exchange_view_settings()
        self.draw_frame(pictures=True)
        self._timer = self._app.set_interval(1 / TICKS_PER_SECOND, self.tick)

    def pause(self) -> None:
        """Draw nothing until `resume`."""
        if self._timer is not None:
            self._timer.pause()

    def resume(self) -> None:
        """Draw again."""
        if self._timer is not None:
            self._timer.resume()

    def note_answer(self) -> None:
        """The terminal has drawn everything: the next frame may go out, at a rate that suits the line."""
        self.frame_gate.note_answer()
        self.frame_rate.note_round_trip(self.frame_gate.round_trip)

    def tick(self) -> None:
        """Draw the newest snapshot, if it is new and may be drawn now: the numbers, and one picture of several in turn.

        One picture at a time, so that no frame keeps a key waiting for long.
        """
        snapshot = self._backend.snapshot
        if not self._app.is_running:
            return  # the screen is being taken down
        self.request_visible()
        if self._backend.catch_up():
            self._show_settings()
        self._exchange_view_settings()
        marks = (self._backend.unsaved(), bool(self._backend.read_only))
        marked = self._main.query_one(HeaderLine).marks == marks
        reported = self._news(snapshot) == self._reported_last
        stale = [pane for pane in self._pictures() if self._shown.get(str(pane.id)) is not snapshot]
        if snapshot is self._drawn_numbers and not stale and marked and reported:
            return
        if self._app.screen is not self._main or not self.frame_gate.is_open():
            return
        if not snapshot.running:
            self._draw(snapshot, stale)
        else:
            self._draw_due(snapshot, stale)

    def _draw_due(self, snapshot: Snapshot, stale: list[Pane]) -> None:
        """Of a run that trains: the picture that has waited longest, and the numbers, as far as they are due."""
        now, flat_out = self.frame_rate.clock(), not snapshot.resting
        stale.sort(key=lambda pane: self._when.get(str(pane.id), float("-inf")))
        last = self._when.get(str(stale[0].id), float("-inf")) if stale else now
        drawn = max(self._numbers_drawn_at, *self._when.values(), float("-inf"))
        allowed = self.screen_share.allows(now - drawn, flat_out=flat_out)
        due = stale[:1] if stale and allowed and self.frame_rate.is_due(last) else []
        numbers = allowed and now - self._numbers_drawn_at >= 1 / NUMBERS_PER_SECOND - 0.01
        if due or numbers:
            self._draw(snapshot, due, numbers=numbers)

    def _pictures(self) -> list[Pane]:
        return [pane for pane in self._main.query(Pane) if pane.slow and pane.display]

    def request_visible(self) -> None:
        """Tell the back end which pictures are on the screen, when that has changed."""
        output, network = self._main.query_one(OutputPane), self._main.query_one(NetworkPane)
        chosen = output.display and output.neuron is not None
        wanted = (
            output.wanted if output.display else None,
            (_LARGE if chosen else _SMALL) if network.display or chosen else 0,
            output.display,
            output.held_out_points,
            output.view,
            output.item,
            output.place,
            output.room,
            _LAYER if network.wants_layers else 0,
            network.network,
        )
        if wanted != self._requested:
            self._requested = wanted
            surface, neurons, answer, held_out, view, item, place, room, layers, of_network = wanted
            self._backend.look(
                surface=surface,
                neurons=neurons,
                output=answer,
                held_out=held_out,
                view=view,
                item=item,
                place=place,
                room=room,
                layers=layers,
                network=of_network,
            )

    def _exchange_view_settings(self) -> None:
        """Tell the back end how the screen is set, to be saved; after a session was opened, set it as it was then."""
        found = self._backend.view
        if found is not self._view:
            view.restore_view(self._main, found)
            self._view = None
        present = view.capture_view(self._main)
        if present != self._view and self._backend.view is found:  # else a session has just been opened: next time
            self._backend.view = self._view = present

    def draw_frame(self, *, pictures: bool) -> None:
        """Draw the newest snapshot now: the numbers, and all pictures too where asked for."""
        self._draw(self._backend.snapshot, self._pictures() if pictures else [])

    def _draw(self, snapshot: Snapshot, pictures: list[Pane], *, numbers: bool = True) -> None:
        with drawn_once():
            if numbers:
                self._draw_numbers(snapshot)
            for pane in pictures:
                pane.show(snapshot)
                self._shown[str(pane.id)] = snapshot
            if (news := self._news(snapshot)) != self._reported_last:
                self._reported_last = news
                self._report(snapshot)
        self._when |= {str(pane.id): self.frame_rate.clock() for pane in pictures}
        if pictures:
            pixels = self._main.query_one(HeaderLine).look.pixels
            cost = pixels.take_cost() if pixels is not None else 0
            self.frame_rate.note_cost(cost + sum(cells.take_cost() for cells in self._main.query(Cells)))
        if self.frame_gate.note_frame():
            self._app.set_timer(0.02, lambda: textual_private.ask_for_cursor(self._app))

    def _news(self, snapshot: Snapshot) -> tuple[object, ...]:
        """What is to be said anew when it changes."""
        compiling = self._backend.compiling
        return snapshot.message, snapshot.error, compiling, bool(compiling) and self._backend.will_run

    def _draw_numbers(self, snapshot: Snapshot) -> None:
        header = self._main.query_one(HeaderLine)
        header.mark(self._backend.unsaved(), bool(self._backend.read_only))
        header.show(snapshot)
        self._main.query_one(FooterLine).show_running(self._backend.will_run)
        self._main.query_one(TimelineBar).follow(snapshot)
        for pane in self._main.query(Pane):
            if pane.display and pane.slow:
                pane.show_numbers(snapshot)
            elif pane.display:
                pane.show(snapshot)
        self._drawn_numbers, self._numbers_drawn_at = snapshot, self.frame_rate.clock()
