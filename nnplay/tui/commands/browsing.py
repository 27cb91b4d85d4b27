"""Opening the data browser over the playground."""

from __future__ import annotations

from textual.app import App

from nnplay.tui.backend import Backend
from nnplay.tui.commands.edits import EditActions
from nnplay.tui.commands.picking import PickActions
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.refresh import Refresher
from nnplay.tui.widgets.message_line import MessageLine


class BrowseActions:
    """The action that looks at the data.

    Args:
        app: shows the browser.
        backend: has the data.
        main: answers changes, and shows the settings that follow from them.
        edits, picking: change and choose data.
        refresher: draws the panes again afterwards.
    """

    def __init__(
        self,
        app: App[int],
        backend: Backend,
        main: MainScreen,
        edits: EditActions,
        picking: PickActions,
        refresher: Refresher,
    ) -> None:
        self._app, self._backend, self._main = app, backend, main
        self._edits, self._picking, self._refresher = edits, picking, refresher

    def browse_data(self) -> None:
        """The data of the run: as a table, as numbers, by class, as batches; first the column that health names."""
        from nnplay.tui.data_browser.screen import DataBrowser

        column = next((finding.column for finding in self._backend.snapshot.health if finding.column), "")
        browser = DataBrowser(self._backend, self._edits, self._picking.pick_data, self._last_message, column)
        self._app.push_screen(browser, lambda _: self._leave())

    def _last_message(self) -> tuple[str, bool]:
        line = self._main.query_one(MessageLine)
        return line.text, line.is_error

    def _leave(self) -> None:
        self._main.show_settings()
        self._refresher.draw_frame(pictures=True)
