"""What the output pane shows, written into files: the picture, and the numbers."""

from __future__ import annotations

from nnplay.errors import InputError
from nnplay.system.new_file import new_path, write_new
from nnplay.tui.backend import Backend
from nnplay.tui.commands.messages import Messages
from nnplay.tui.export.drawn_view import read_table, refuse_no_table
from nnplay.tui.export.picture_file import draw_picture_file, picture_path
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.widgets.cells import Cells
from nnplay.views.choosing import view_records
from nnplay.views.table import to_csv


class ExportActions:
    """The commands that write what is seen.

    Args:
        backend: has what the view shows.
        main: has the output pane.
        messages: say where the file is.
    """

    def __init__(self, backend: Backend, main: MainScreen, messages: Messages) -> None:
        self._backend, self._main, self._messages = backend, main, messages

    def write_picture(self, typed: str) -> None:
        """The view in the output pane, as it is drawn.

        Raises:
            InputError: it cannot be written there.
        """
        path, pane = picture_path(typed), self._main.query_one(OutputPane)
        cells = next(cells for cells in pane.query(Cells) if cells.display)
        title = f"nnplay: {pane.shown_view}"
        drawn = draw_picture_file(path, cells.rows, cells.size.width, title, cells.look.palette)
        self._messages.say(f"picture written to {write_new(path, drawn)}")

    def write_table(self, typed: str) -> None:
        """The numbers of that view.

        Raises:
            InputError: it is no table, or cannot be written there.
        """
        path, snapshot = new_path(typed, ".csv"), self._backend.snapshot
        view = next((view for view in view_records() if view.name == snapshot.shown.view), None)
        if view is not None:
            refuse_no_table(view)
        if view is None or snapshot.output is None:
            raise InputError("there are no numbers yet", where="csv", hint="go to the output pane (4) first")
        self._messages.say(f"numbers written to {write_new(path, to_csv(read_table(snapshot.output, view)))}")
