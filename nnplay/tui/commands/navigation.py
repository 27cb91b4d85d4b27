"""Looking around: panes, full screen, curves, themes, the log, the clipboard, help."""

from __future__ import annotations

import asyncio
import importlib

from nnplay.tui.commands.edits import ChangingActions
from nnplay.tui.dialogs.choose import Choose
from nnplay.tui.dialogs.help import Help
from nnplay.tui.dialogs.log import Log
from nnplay.tui.dialogs.modal import Palette
from nnplay.tui.dialogs.tour import Tour
from nnplay.tui.forms.form import Form
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.panes.network import NetworkPane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.theme import theme
from nnplay.tui.widgets.cells import Cells
from nnplay.tui.widgets.curve_view import CurveView


class LookingActions(ChangingActions):
    """The actions of the groups Looking and Help."""

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        self._main.go(name)
        self.follower.frame(pictures=True)

    def action_next_pane(self, by: int) -> None:
        """Go to the next pane."""
        self._main.go_by(by)
        self.follower.frame(pictures=True)

    def action_maximise(self) -> None:
        """This pane alone, or all again."""
        self._main.full = not self._main.full
        self._main.lay_out()
        self.follower.frame(pictures=True)

    def action_inspect(self) -> None:
        """One step of the run, operation by operation."""
        from nnplay.tui.inspector.screen import InspectorScreen

        worker = self._backend.worker
        if worker is None or worker.trainer is None:
            self.say("there is no network to inspect", error=True)
            return
        self.push_screen(InspectorScreen(worker, self._backend), lambda _: self._inspected())

    def prepare_inspector(self) -> None:
        """Reads the inspector's code beside the event loop, so that its first opening waits for nothing."""
        self.run_worker(asyncio.to_thread(importlib.import_module, "nnplay.tui.inspector.screen"), exit_on_error=True)

    def _inspected(self) -> None:
        """Back from the inspector, which may have changed settings."""
        self.refill()
        self.follower.frame(pictures=True)

    def action_reset_layout(self) -> None:
        """All panes again."""
        self._main.full = False
        self._main.lay_out()
        self.follower.frame(pictures=True)

    def action_curve_tab(self, by: int) -> None:
        """Another family of curves."""
        self._main.query_one(CurvesPane).turn(by)

    def action_smooth(self) -> None:
        """Smooth the curves, more or not at all."""
        self.say(self._main.query_one(CurveView).smoother())

    def action_test_points(self) -> None:
        """Held-out examples on the surface."""
        self._main.query_one(OutputPane).toggle("held_out_points")
        self.follower.tell_what_is_seen()

    def action_discrete(self) -> None:
        """Decisions only."""
        self._main.query_one(OutputPane).toggle("discrete")

    def action_fold(self) -> None:
        """The network as a graph, or as the chain of its layers."""
        self._main.query_one(NetworkPane).fold()

    def action_find(self) -> None:
        """Go to a setting by typing part of its name."""
        known = self.settable()
        names = [entry.label for entry in known]
        notes = [f"{entry.shown}   {entry.field.help}" for entry in known]

        def found(name: str | None) -> None:
            if name is not None:
                self._go_to_setting(known[names.index(name)].key)

        self.push_screen(Choose("settings", "go to a setting", names, notes=notes), found)

    def _go_to_setting(self, key: str) -> None:
        for pane in ("data", "training"):
            form = self._main.query_one(f"#{pane} Form", Form)
            if form.find(key):
                self._main.go(pane)
                self._main.set_focus(form)
                return

    def action_theme(self) -> None:
        """Light or dark."""
        self.look = self.look.with_palette(dark=not self.look.palette.dark)
        self.theme = theme.name(self.look)
        for cells in self._main.query(Cells):
            cells.restyle()

    def action_log_pane(self) -> None:
        """What was printed."""
        self.push_screen(Log(list(self.printed)))

    def action_copy(self) -> None:
        """The pane as text to the clipboard."""
        self.copy_to_clipboard(self._main.pane(self._main.current).plain_text)
        self.say(f"copied the {self._main.current} pane")

    def action_help(self) -> None:
        """The pane's page."""
        self.push_screen(Help(self._main.current, self._keys))

    def action_command_palette(self) -> None:
        """All actions, searched by their words."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def action_tour(self) -> None:
        """The five cards."""
        self.push_screen(Tour())
