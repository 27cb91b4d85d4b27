"""How an action of the list is done: by the app, or by the widget that its key belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.widget import Widget

from nnplay.tui.commands.actions import Action, Where
from nnplay.tui.forms.form import Form
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.outputs.point_board import PointBoard
from nnplay.tui.outputs.widget import Answer
from nnplay.tui.panes.health import Findings
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.network_view import NetworkView

WIDGETS: Mapping[Where, type[Widget]] = {
    "form": Form,
    "layers": LayerList,
    "curves": CurveView,
    "network": NetworkView,
    "output": OutputPane,
    "elements": Answer,
    "drawing": PointBoard,
    "health": Findings,
}
"""The kind of widget that has keys of its own."""


class Dispatch:
    """Does actions as if their keys had been pressed."""

    def __init__(self, app: App[int], main: MainScreen) -> None:
        self._app, self._main = app, main

    def where(self) -> Where:
        """The kind of widget that has the focus."""
        focused = self._main.focused
        return next((where for where, kind in WIDGETS.items() if isinstance(focused, kind)), "app")

    async def perform(self, action: Action) -> None:
        """Do an action as if its key had been pressed in the widget that it belongs to."""
        kind = WIDGETS.get(action.where)
        focused = self._main.focused
        target: Any = self._app
        if kind is not None:
            target = focused if isinstance(focused, kind) else self._main.query(kind).first()
        await self._app.run_action(action.run, default_namespace=target)
