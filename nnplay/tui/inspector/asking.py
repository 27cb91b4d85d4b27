"""The inspector's dialogs: a line of text that is checked, and curves to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from nnplay.errors import InputError
from nnplay.inspector.messages import View
from nnplay.timeline.branch_curves import branch_title
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.line_input import LineInput


class AskText(Dialog[str]):
    """Answers a line of text, or nothing.

    Args:
        check: raises InputError where the text cannot be taken.
    """

    def __init__(self, title: str, lead: str, current: str, check: Callable[[str], object]) -> None:
        super().__init__(title, "enter accept · esc cancel")
        self._lead, self._current, self._check = lead, current, check

    def body(self) -> ComposeResult:
        """Lead, input, and what is wrong with it."""
        yield Static(Content(self._lead), classes="lead")
        yield LineInput(self._current)
        yield Static(id="problem")

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        try:
            self._check(event.value)
        except InputError as error:
            self.query_one("#problem", Static).update(Content.styled(error.message, "$error"))
            return
        self.dismiss(event.value)


class Compare(Dialog[bool]):
    """The run's own loss and that of its forks, in one plot; answers whether to go on with another of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "close", show=False, priority=True),
        Binding("T", "switch_branch", "train fork", show=False, priority=True),
        Binding("m", "smooth", "smoothing", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Compare > Vertical { width: 96%; height: 80%; }
    Compare CurveView { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__("forks", "← → read values · g scale · m smooth · T continue from one · esc close")
        self._view = view

    def body(self) -> ComposeResult:
        """What is compared, and the plot."""
        yield Static(Content("batch loss of this run and its forks"), classes="lead")
        curves = CurveView()
        curves.comparing = True
        curves.running = False  # the lines stand still while they are looked at: they fill the plot
        yield curves

    def on_mount(self) -> None:
        """Draw."""
        self.query_one(CurveView).focus()
        self.call_after_refresh(self.show, self._view)

    def show(self, view: View) -> None:
        """Draw the curves of a newer view."""
        self._view = view
        curves = {} if view.run is None else {"this run": view.run}
        for fork in view.forks:
            curves[branch_title(fork.words, fork.step)] = fork.losses
        self.query_one(CurveView).show(curves)

    def action_smooth(self) -> None:
        """Smooth less or more."""
        self.query_one(CurveView).smoother()

    def action_switch_branch(self) -> None:
        """Choose the one to go on with."""
        self.dismiss(True)
