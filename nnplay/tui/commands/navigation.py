"""Looking around: panes, full screen, curves, themes, the log, the clipboard, help."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence

from textual.app import App

from nnplay.errors import unknown
from nnplay.explain.explanation import InspectorPlace
from nnplay.tui.arrange import mode_for
from nnplay.tui.backend import Backend
from nnplay.tui.commands.hints import HintActions
from nnplay.tui.commands.messages import Messages
from nnplay.tui.dialogs.help import Help
from nnplay.tui.dialogs.log import Log
from nnplay.tui.dialogs.modal import Palette
from nnplay.tui.dialogs.reading import find_cut_texts, whole_texts
from nnplay.tui.explaining import asking, subject_of
from nnplay.tui.forms.entry import Entry
from nnplay.tui.forms.form import Form
from nnplay.tui.forms.player_entries import network_names
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.panes.network import NetworkPane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.screen import open_picker
from nnplay.tui.picker.shelf import Shelf
from nnplay.tui.refresh import Refresher
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.header import HeaderLine


class NavigationActions:
    """The actions of the groups Looking and Help.

    Args:
        app: shows dialogs and the inspector.
        backend: the run to inspect.
        main: has the panes.
        messages: say what a key changed where that cannot be seen; have the log.
        refresher: draws panes that come to the screen.
        settable: all settings, to find one by name.
        hints: come back with the help.
        keymap: the user's own keys, for the help.
    """

    def __init__(
        self,
        app: App[int],
        backend: Backend,
        main: MainScreen,
        messages: Messages,
        refresher: Refresher,
        settable: Callable[[], Sequence[Entry]],
        hints: HintActions,
        keymap: Mapping[str, str],
    ) -> None:
        self._app, self._backend, self._main, self._messages = app, backend, main, messages
        self._refresher, self._settable, self._hints, self._keymap = refresher, settable, hints, keymap

    def go_to_pane(self, name: str) -> None:
        """Go to a pane."""
        if name == self._main.current and name != "network":
            self._messages.say("you are already in this pane; tab goes to the next one")
        self._main.go(name)
        self._refresher.draw_frame(pictures=True)

    def next_pane(self, by: int) -> None:
        """Go to the next pane."""
        self._main.go_by(by)
        self._refresher.draw_frame(pictures=True)

    def maximise(self) -> None:
        """This pane alone, or all again."""
        if mode_for(*self._main.size) == "single":
            self._messages.say("a terminal of this size shows one pane at a time")
        self._main.full = not self._main.full
        self._main.lay_out()
        self._refresher.draw_frame(pictures=True)

    def inspect(self, place: InspectorPlace | None = None) -> None:
        """One step of the run, operation by operation.

        Args:
            place: where to begin; the first row of the next step unless it is given.
        """
        from nnplay.tui.inspector.screen import InspectorScreen

        worker = self._backend.worker
        if worker is None or worker.trainer is None:
            self._messages.say("there is no network to inspect", error=True)
            return
        self._app.push_screen(InspectorScreen(worker, self._backend, place), lambda _: self._leave_inspector())

    def prepare_inspector(self) -> None:
        """Reads the inspector's code beside the event loop, so that its first opening waits for nothing."""
        reading = asyncio.to_thread(importlib.import_module, "nnplay.tui.inspector.screen")
        self._app.run_worker(reading, exit_on_error=True)

    def _leave_inspector(self) -> None:
        """Back from the inspector, which may have changed settings."""
        self._main.show_settings()
        self._refresher.draw_frame(pictures=True)

    def reset_layout(self) -> None:
        """All panes again."""
        if not self._main.full:
            self._messages.say("no pane is full-screen; f makes this one full-screen")
        self._main.full = False
        self._main.lay_out()
        self._refresher.draw_frame(pictures=True)

    def turn_curves(self, by: int) -> None:
        """Another family of curves."""
        if not self._main.query_one(CurvesPane).turn(by):
            self._messages.say("there are no other curves yet")

    def smooth_curves(self) -> None:
        """Smooth the curves, more or not at all."""
        self._messages.say(self._main.query_one(CurveView).smoother())

    def turn_axis(self) -> None:
        """Curves by step, epoch or seconds."""
        self._messages.say(f"curves by {self._main.query_one(CurvesPane).turn_axis()}")

    def toggle_test_points(self) -> None:
        """Held-out examples on the surface, and scores of the test rows."""
        self._toggle("held_out_points", "scores and to the map of two inputs, and the output pane shows neither")
        self._refresher.request_visible()

    def toggle_discrete(self) -> None:
        """Decisions only."""
        self._toggle("discrete", "the map of two inputs, which the output pane is not showing")

    def _toggle(self, what: str, applies_to: str) -> None:
        if not self._main.query_one(OutputPane).toggle(what):
            self._messages.say(f"this only applies to {applies_to}")

    def fold_network(self) -> None:
        """The network as a graph, or as the chain of its layers."""
        if not self._main.query_one(NetworkPane).fold():
            self._messages.say("the network is too large, or the pane too small, to draw it as a graph")

    def turn_network(self) -> None:
        """The next network of the run in the panes of the network and its layers."""
        names = list(network_names(self._backend.settings).values())
        if names:
            self._show_network(names[(names.index(self._main.network) + 1) % len(names)])
        else:
            self._messages.say("this run has only one network")

    def show_network(self, name: str) -> None:
        """The network of that name there.

        Raises:
            InputError: the run has none that is called so.
        """
        names = network_names(self._backend.settings)
        if name not in names:
            raise unknown("network", name, list(names) or [self._backend.settings.players.own], where="network")
        self._show_network(names[name])

    def _show_network(self, network: str) -> None:
        self._main.network = network
        self._main.show_settings()
        self._refresher.request_visible()
        own = self._backend.settings.players.own
        self._messages.say(f"network and layers are those of '{network or own}'")

    def open_layer(self, view: str, place: str, *, walked: bool) -> None:
        """What a layer gives, in the output pane; where that pane has no room beside the network, it comes up.

        Args:
            walked: the cursor of the network has only moved: an output pane that shows another layer follows.
        """
        output = self._main.query_one(OutputPane)
        if walked:
            output.follow_layer(view, place)
        else:
            output.open_layer(view, place)
            if not output.display:
                self._main.go("output")
        self._refresher.request_visible()

    def find_setting(self) -> None:
        """Go to a setting by typing part of its name."""
        known = self._settable()
        choices = [Choice(entry.key, entry.label, note=f"{entry.shown}   {entry.field.help}") for entry in known]
        open_picker(self._app, [Shelf("settings", "go to a setting", choices, self._go_to_setting)])

    def _go_to_setting(self, key: str) -> None:
        for pane in ("data", "training"):
            form = self._main.query_one(f"#{pane} Form", Form)
            if form.find(key):
                self._main.go(pane)
                self._main.set_focus(form)
                return

    def show_log(self) -> None:
        """What was printed."""
        self._app.push_screen(Log(list(self._messages.printed)))

    def show_whole(self) -> None:
        """What this pane, and the lines around the panes, show only in part."""
        main = self._main
        texts = find_cut_texts([main.pane(main.current), main.query_one(HeaderLine)])
        if texts:
            self._app.push_screen(whole_texts(texts))
        else:
            self._messages.say(f"nothing is cut short in the {main.current} pane")

    def copy_pane(self) -> None:
        """The pane as text to the clipboard."""
        self._app.copy_to_clipboard(self._main.pane(self._main.current).plain_text)
        self._messages.say(f"copied the {self._main.current} pane")

    def show_help(self) -> None:
        """Why what is selected is as it is, and the pane's page; the hints stand on the screen again behind it."""
        self._hints.show()
        subject, worker = subject_of(self._main.focused), self._backend.worker
        ask = asking(self._app, worker, subject) if subject is not None and worker is not None else None
        self._app.push_screen(Help(self._main.current, self._keymap, ask), self._go_on_from_help)

    def _go_on_from_help(self, place: InspectorPlace | None) -> None:
        """To the inspector, where the numbers of an explanation are."""
        if place is not None:
            self.inspect(place)

    def command_palette(self) -> None:
        """All actions, searched by their words."""
        if not isinstance(self._app.screen, Palette):
            self._app.push_screen(Palette(id="--command-palette"))
