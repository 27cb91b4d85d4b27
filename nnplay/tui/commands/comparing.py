"""Opening the list of runs, and what is done with the one that is chosen there."""

from __future__ import annotations

from textual.app import App

from nnplay.errors import InputError
from nnplay.tui.backend import Backend
from nnplay.tui.commands.edits import EditActions
from nnplay.tui.commands.messages import Messages
from nnplay.tui.forms.entry import data_title
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.runs.view_state import RunsViewState


class RunActions:
    """The commands that compare the runs of the session.

    Args:
        app: shows the list.
        backend: has the runs.
        main: its curves show what is laid over.
        edits: restarts a run.
        messages: say what was done.
    """

    def __init__(
        self, app: App[int], backend: Backend, main: MainScreen, edits: EditActions, messages: Messages
    ) -> None:
        self._app, self._backend, self._main, self._edits, self._messages = app, backend, main, edits, messages
        self._state = RunsViewState()

    def show_runs(self) -> None:
        """The list of all runs."""
        from nnplay.run.runs.remade import RunMaker
        from nnplay.tui.runs.screen import RunsScreen
        from nnplay.tui.runs.side_by_side import SideBySide

        runs, worker = self._backend.runs, self._backend.worker
        if runs is None or worker is None:
            self._messages.say("there are no runs to compare", error=True)
            return
        making = SideBySide(RunMaker(worker, runs.provenance))
        about = data_title(self._backend.settings.data.source)
        self._app.push_screen(RunsScreen(runs, making, self._state, about), self._take)

    def go_to_run(self, text: str) -> None:
        """The run of a number, as `:runs 3` asks for it."""
        if not text.isascii() or not text.isdigit():
            raise InputError(f"'{text}' is not the number of a run", where="runs", hint="C lists them")
        self._edits.go_to_run(int(text[:9]))

    def _take(self, chosen: tuple[str, int] | None) -> None:
        self._lay_over()
        if chosen is None:
            return
        what, number = chosen
        if what == "go":
            self._edits.go_to_run(number)
        elif self._backend.runs is not None:
            self._edits.take_run(self._backend.runs.find(number).config, f"restart of run {number}")

    def _lay_over(self) -> None:
        """What is marked in the list lies in the curves of the main screen too."""
        runs = self._backend.runs
        rows = [] if runs is None else runs.rows()
        marked = [row for row in rows if row.number in self._state.marked and not row.present]
        self._main.query_one(CurvesPane).lay_over(marked)
