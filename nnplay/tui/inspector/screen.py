"""The inspector's screen: rows of the step on the left, the row that is looked at on the right, the run below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from nnplay.inspector.messages import OperandView, View, Wish
from nnplay.inspector.service import InspectorService
from nnplay.run.worker import Worker
from nnplay.tui.backend import Backend
from nnplay.tui.dialogs.modal import ClosesOnce
from nnplay.tui.inspector import keys
from nnplay.tui.inspector.asking import AskText
from nnplay.tui.inspector.detail_view import DetailView
from nnplay.tui.inspector.head_line import HeadLine
from nnplay.tui.inspector.keys_line import KeysLine
from nnplay.tui.inspector.predict import judged, question
from nnplay.tui.inspector.rows_list import RowsList
from nnplay.tui.inspector.tiles import FORMS, WHENS
from nnplay.tui.inspector.what_if import WhatIf
from nnplay.tui.terminal import textual_private
from nnplay.tui.widgets.message_line import Said
from nnplay.tui.widgets.timeline_bar import Scrub

_NARROW = 100
"""Columns below which the list of rows is short of shapes and layers."""


class InspectorScreen(WhatIf, ClosesOnce[None]):
    """One step of the live run, row by row.

    Args:
        worker: owns the run.
        edits: makes changes that last, and takes them back.
    """

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings()
    DEFAULT_CSS = """
    InspectorScreen { background: $background; color: $foreground; }
    InspectorScreen #inspector-body { height: 1fr; }
    InspectorScreen #rows { width: 44; border-right: solid $border; }
    InspectorScreen #detail { width: 1fr; padding: 0 1; }
    InspectorScreen.-narrow #rows { width: 29; max-width: 45%; }
    """

    def __init__(self, worker: Worker, edits: Backend) -> None:
        super().__init__()
        self.inspecting = InspectorService(worker, self._seen, self._working)
        self.edits = edits
        self.wish = Wish()
        self.view: View | None = None
        self._newest: View | None = None
        self._asked = self._hits = 0
        self._predicting = False
        self._to_guess = 0

    def compose(self) -> ComposeResult:
        """Head, rows and detail, scrub bar, message, keys."""
        yield HeadLine()
        with Horizontal(id="inspector-body"):
            yield RowsList()
            yield DetailView()
        yield Scrub(id="scrub")
        yield Said()
        yield KeysLine()

    def on_mount(self) -> None:
        """Pause the run and look."""
        self.inspecting.requests.open()

    def on_resize(self) -> None:
        """Ask for as much as the new size can show."""
        self.set_class(self.size.width < _NARROW, "-narrow")
        room = (max(8, self.size.height), max(20, self.size.width))
        if room != self.wish.usual:
            self.look_at(usual=room)

    # -- views -----------------------------------------------------------------------------------------------------

    def _seen(self, view: View) -> None:
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
        self.view = view
        if view.ticket == self._to_guess:
            self._guess(view)
        self.query_one(HeadLine).show(view)
        self.query_one(RowsList).show(view)
        self.query_one(DetailView).show(view)
        self.query_one(Scrub).show(view.first, view.step, view.latest, [step for step, _ in view.changes])
        self.say(view.error or view.message, error=bool(view.error))
        if view.compare:
            self.compare(view)

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message."""
        if self.is_attached:
            self.query_one(Said).say(text, "error" if error else "text")

    def look_at(self, **changes: Any) -> None:
        """Change what is wanted, and ask for it."""
        self.wish = replace(self.wish, **changes)
        self.inspecting.requests.ask(None, self.wish)

    # -- moving ----------------------------------------------------------------------------------------------------

    def _moving(self, move: Callable[[], int]) -> None:
        """A move of the run: the cursor goes along with the marker."""
        self.wish = self.inspecting.requests.wish = replace(self.wish, row=None, scroll={})
        ticket = move()
        if self._predicting:
            self._to_guess = ticket

    def action_next_row(self) -> None:
        """One row."""
        self._moving(self.inspecting.moves.next)

    def action_previous_row(self) -> None:
        """One row back."""
        self._moving(self.inspecting.moves.previous)

    def action_phase_end(self) -> None:
        """The rest of the phase."""
        self._moving(self.inspecting.moves.phase_end)

    def action_step(self, by: int) -> None:
        """Steps forward or back."""
        self._moving(lambda: self.inspecting.moves.step(by))

    def action_epoch(self, by: int) -> None:
        """Epochs forward or back."""
        self._moving(lambda: self.inspecting.moves.epoch(by))

    def action_go_end(self, side: int) -> None:
        """The first or the latest step."""
        if self.view is not None:
            self.go_to(self.view.first if side < 0 else self.view.latest)

    def go_to(self, step: int) -> None:
        """To a step that is known."""
        self._moving(lambda: self.inspecting.moves.go(step))

    @on(Scrub.Wanted)
    def _scrubbed(self, event: Scrub.Wanted) -> None:
        event.stop()
        self.go_to(event.step)

    def action_to_cursor(self) -> None:
        """The row that is looked at becomes the next one."""
        if self.view is not None:
            row = self.view.detail.row.number
            self._moving(lambda: self.inspecting.moves.to_row(row))

    # -- looking ---------------------------------------------------------------------------------------------------

    def action_cursor(self, by: int) -> None:
        """Another row."""
        if self.view is not None:
            here = self.view.detail.row.number if self.wish.row is None else self.wish.row
            self._cursor_to(min(len(self.view.rows) - 1, max(0, here + by)))

    @on(RowsList.Chosen)
    def _row_chosen(self, event: RowsList.Chosen) -> None:
        self._cursor_to(event.row)

    def _cursor_to(self, row: int) -> None:
        self.query_one(DetailView).hidden = False
        self.look_at(row=row, scroll={})

    def _chosen(self) -> OperandView | None:
        """The operand that arrows work on."""
        if self.view is None:
            return None
        detail = self.view.detail
        name = self.query_one(DetailView).chosen_operand(detail)
        return next(operand for operand in detail.operands if operand.name == name)

    def action_element(self, down: int, right: int) -> None:
        """Another element of the result, or another part of the chosen operand."""
        operand = self._chosen()
        if operand is None or self.view is None:
            return
        worked, result = self.view.detail.worked, self.view.detail.result
        if operand is not result or worked is None:
            old = self.wish.scroll.get(operand.name, (0, 0))
            self.look_at(scroll={**self.wish.scroll, operand.name: (old[0] + down, old[1] + right)})
            return
        index = self.wish.index if len(self.wish.index) == len(result.shape) else worked.index
        self.look_at(index=moved(index, result, down, right))

    def action_operand(self, by: int) -> None:
        """Another operand."""
        if self.view is None:
            return
        shown, detail = self.query_one(DetailView), self.view.detail
        names = [operand.name for operand in detail.operands]
        shown.chosen = names[(names.index(shown.chosen_operand(detail)) + by) % len(names)]
        shown.redraw()

    def action_part(self, by: int) -> None:
        """Another parameter of an update, or another index of an axis that is fixed."""
        if self.view is None:
            return
        detail = self.view.detail
        if detail.parameters:
            place = detail.parameters.index(detail.parameter) + by
            self.look_at(parameter=detail.parameters[place % len(detail.parameters)], scroll={})
        elif detail.worked is not None and detail.result.shape:
            axis = len(detail.worked.index) - 1 if len(detail.result.shape) == 4 else 0
            index = list(detail.worked.index)
            index[axis] = (index[axis] + by) % detail.result.shape[axis]
            self.look_at(index=tuple(index))

    def action_form(self) -> None:
        """Colours, numbers, histogram."""
        shown = self.query_one(DetailView)
        shown.form = FORMS[(FORMS.index(shown.form) + 1) % len(FORMS)]
        shown.code = False
        if shown.form == "histogram":
            self.look_at(histograms=True)
        self.say(f"operands as {shown.form}")
        shown.redraw()

    def action_when(self) -> None:
        """After, before, change."""
        shown = self.query_one(DetailView)
        shown.when = WHENS[(WHENS.index(shown.when) + 1) % len(WHENS)]
        self.say(f"what the row writes: {shown.when}")
        shown.redraw()

    def action_every(self) -> None:
        """One row of the batch, or all."""
        if self.view is not None:
            shown = len(self.view.detail.result.shape) <= 2 if self.wish.every is None else self.wish.every
            self.look_at(every=not shown)
            self.say("the chosen row of the batch" if shown else "all rows of the batch, one below the other")

    def action_full(self) -> None:
        """The chosen operand alone."""
        shown = self.query_one(DetailView)
        shown.full = not shown.full
        shown.redraw()

    def action_code(self) -> None:
        """The definition in NumPy."""
        shown = self.query_one(DetailView)
        shown.code = not shown.code
        shown.redraw()

    # -- guessing --------------------------------------------------------------------------------------------------

    def action_predict(self) -> None:
        """Guess before a row is shown, or not."""
        self._predicting = not self._predicting
        self.query_one(HeadLine).guesses = self._score()
        self.query_one(HeadLine).redraw()
        self.say("predict first: each new row asks before it shows" if self._predicting else "rows are shown at once")

    def _score(self) -> str:
        return f"guessed {self._hits} of {self._asked}" if self._predicting or self._asked else ""

    def _guess(self, view: View) -> None:
        self._to_guess = 0
        asked = question(self._asked, view.detail)
        if asked is None:
            return
        self.query_one(DetailView).hidden = True

        def answered(text: str | None) -> None:
            shown, head = self.query_one(DetailView), self.query_one(HeadLine)
            shown.hidden = False
            shown.redraw()
            if text is not None:
                right, truth = judged(asked, text, view.detail)
                self._asked, self._hits = self._asked + 1, self._hits + right
                self.say(f"right: {truth}" if right else f"it is {truth}")
            head.guesses = self._score()
            head.redraw()

        title = f"predict: {view.detail.row.name}"
        self.app.push_screen(AskText(title, asked.words, "", lambda text: judged(asked, text, view.detail)), answered)

    # -- leaving ---------------------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Back to the playground."""
        self.inspecting.requests.close()
        self.dismiss(None)


def moved(index: tuple[int, ...], operand: OperandView, down: int, right: int) -> tuple[int, ...]:
    """The element that lies so many lines and columns away in the operand's table."""
    plane = operand.plane
    place = plane.place(index)
    if place is None:
        return index
    line = min(max(0, place[0] + down), plane.height - 1)
    column = min(max(0, place[1] + right), plane.width - 1)
    return plane.index(line, column)
