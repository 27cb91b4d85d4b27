"""The inspector's screen: rows of the step on the left, the row that is looked at on the right, the run below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen

from nnplay.explain.explanation import InspectorPlace
from nnplay.inspector.messages import View
from nnplay.inspector.service import InspectorService
from nnplay.run.worker import Worker
from nnplay.tui.backend import Backend
from nnplay.tui.commands.actions import connect
from nnplay.tui.commands.key_order import ScreenReady
from nnplay.tui.commands.screen_keys import bindings, methods_of_screen
from nnplay.tui.dialogs.modal import Modal
from nnplay.tui.inspector.forks import ForkActions
from nnplay.tui.inspector.keys import KEYS
from nnplay.tui.inspector.looking import LookActions
from nnplay.tui.inspector.moving import MoveActions
from nnplay.tui.inspector.predict import PredictActions
from nnplay.tui.inspector.reading import ReadActions
from nnplay.tui.inspector.walk import Answer, Walk
from nnplay.tui.inspector.what_if import WhatIfActions
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.inspector.widgets.head_line import HeadLine
from nnplay.tui.inspector.widgets.rows_list import RowsList
from nnplay.tui.terminal import textual_private
from nnplay.tui.widgets.keys_line import KeysLine
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.timeline_bar import TimelineBar

_LEAVING = frozenset({"escape", "ctrl+c"})
_NARROW = 100
"""Columns below which the list of rows is short of shapes and layers."""


class InspectorScreen(Modal[None]):
    """One step of the live run, row by row; holds the groups of keys.

    Args:
        worker: owns the run.
        edits: makes changes that last, and takes them back.
        place: the step, row and element to begin with; the first row of the next step unless it is given.
    """

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    InspectorScreen { background: $background; color: $foreground; }
    InspectorScreen #inspector-body { height: 1fr; }
    InspectorScreen #rows { width: 44; border-right: solid $border; }
    InspectorScreen #detail { width: 1fr; padding: 0 1; }
    InspectorScreen.-narrow #rows { width: 29; max-width: 45%; }
    """

    def __init__(self, worker: Worker, edits: Backend, place: InspectorPlace | None = None) -> None:
        super().__init__()
        self._place = place
        self.inspecting = InspectorService(worker, self._queue_view, self._working)
        self._newest: View | None = None
        self._head, self._detail = HeadLine(), DetailView()
        self._walk = walk = Walk(self.inspecting)
        self._looking = LookActions(walk, self._detail, self.say)
        self._predicting = PredictActions(walk, self._detail, self._head, self.ask, self.say)
        self._forks = ForkActions(walk, edits, self.ask, self.say)
        self.groups: tuple[object, ...] = (
            MoveActions(walk, self.ask, self.say),
            self._looking,
            WhatIfActions(walk, self._detail, edits, self.ask, self.say),
            self._forks,
            self._predicting,
            ReadActions(walk, self.ask, self.say, lambda: [self._detail, self.query_one(RowsList)]),
            self,
        )
        connect(self, methods_of_screen(KEYS), self.groups)

    @property
    def keys_meanwhile(self) -> frozenset[str] | None:
        """Keys that do not wait for the first view; None once it is there."""
        return _LEAVING if self.view is None else None

    @property
    def view(self) -> View | None:
        """What is shown now."""
        return self._walk.view

    def compose(self) -> ComposeResult:
        """Head, rows and detail, timeline, message, keys."""
        yield self._head
        with Horizontal(id="inspector-body"):
            yield RowsList()
            yield self._detail
        yield TimelineBar("taken")
        yield MessageLine()
        yield KeysLine(KEYS)

    def on_mount(self) -> None:
        """Pause the run and look."""
        if (place := self._place) is not None:
            self._walk.begin_at(place.step, row=place.row, index=place.index, parameter=place.parameter)
        else:
            self.inspecting.requests.open()

    def on_resize(self) -> None:
        """Ask for as much as the new size can show."""
        self.set_class(self.size.width < _NARROW, "-narrow")
        room = (max(8, self.size.height), max(20, self.size.width))
        if room != self._walk.wish.usual:
            self._walk.fit(room)

    # -- views -----------------------------------------------------------------------------------------------------

    def _queue_view(self, view: View) -> None:
        """In the worker's thread: hands a view to the screen; of several that wait only the newest is drawn."""
        waiting = self._newest
        if waiting is not None:
            view = replace(view, message=view.message or waiting.message, compare=view.compare or waiting.compare)
        self._newest = view
        textual_private.call_in_loop(self.app, lambda: self.call_later(self._draw))

    def _working(self, sentence: str) -> None:
        textual_private.call_in_loop(self.app, lambda: self.call_later(self.say, sentence))

    def _draw(self) -> None:
        view, self._newest = self._newest, None
        if view is None or not self.is_attached:
            return
        before = self._walk.view
        if before is None:
            self.post_message(ScreenReady())
        self._walk.view = view
        self._predicting.ask_about(view)
        self._head.show(view)
        self.query_one(RowsList).show(view)
        self._detail.show(view)
        self.query_one(TimelineBar).show(view.first, view.step, view.latest, [step for step, _ in view.changes])
        if view.error or view.message or before is None or view.ticket != before.ticket:
            self.say(view.error or view.message, error=bool(view.error))  # what is shown again wipes no answer
        if view.compare:
            self._forks.compare(view)

    # -- what the groups of keys ask for ---------------------------------------------------------------------------

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message."""
        if self.is_attached:
            self.query_one(MessageLine).say(text, "error" if error else "text")

    def tell_idle(self, key: str) -> None:
        """Say it in the message line."""
        if key:
            self.say(f"{key} does nothing in the inspector; ? shows the keys")

    def ask(self, dialog: Screen[Answer], take_answer: Callable[[Answer | None], None] | None = None) -> None:
        """Open a dialog over the inspector."""
        self.app.push_screen(dialog, take_answer)

    def leave(self) -> None:
        """Back to the playground."""
        self.inspecting.requests.close()
        self.dismiss(None)

    # -- the mouse -------------------------------------------------------------------------------------------------

    @on(TimelineBar.Wanted)
    def _step_chosen(self, event: TimelineBar.Wanted) -> None:
        event.stop()
        self._walk.go_to(event.step)

    @on(RowsList.Chosen)
    def _row_chosen(self, event: RowsList.Chosen) -> None:
        self._looking.look_at_row(event.row)
