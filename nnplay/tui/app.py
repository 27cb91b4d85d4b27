"""The playground: one app that shows snapshots of a run and turns keys into commands for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.widget import Widget

from nnplay.errors import NnplayError
from nnplay.text import clean
from nnplay.tui import actions, commands, entries, textual_private, theme
from nnplay.tui.actions import Action, Where
from nnplay.tui.cells import Cells
from nnplay.tui.contract import Backend, Settings, Snapshot
from nnplay.tui.curve_view import CurveView
from nnplay.tui.dialogs.choose import Choose
from nnplay.tui.dialogs.command_line import CommandLine
from nnplay.tui.dialogs.help import Help
from nnplay.tui.dialogs.log import Log
from nnplay.tui.dialogs.quit import AskQuit, Leave
from nnplay.tui.dialogs.tour import Tour
from nnplay.tui.follow import Follower
from nnplay.tui.footer import FooterLine
from nnplay.tui.form import Form
from nnplay.tui.header import HeaderLine
from nnplay.tui.layer_list import LayerList
from nnplay.tui.layer_text import split_layers
from nnplay.tui.look import Look
from nnplay.tui.main_screen import LAYOUT, MainScreen
from nnplay.tui.palette_provider import Actions
from nnplay.tui.panes.base import Pane
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.panes.layers import LayersPane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.said import Said
from nnplay.tui.textual_private import FaultReporting
from nnplay.tui.undo import Undo

SPEEDS = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0, 0.0)
"""Steps a second that `+` and `-` go through; 0 is as fast as it can."""

_WIDGETS: Mapping[Where, type[Widget]] = {"form": Form, "layers": LayerList, "curves": CurveView}


class Playground(FaultReporting):
    """The screen of one back end."""

    TITLE = "nnplay"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("app")
    COMMANDS = {Actions}  # noqa: RUF012 - Textual declares it as an instance variable
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    CSS = "MainScreen { background: $background; color: $foreground; }" + LAYOUT

    def __init__(
        self, backend: Backend, look: Look, *, keymap: Mapping[str, str] | None = None, first_start: bool = False
    ) -> None:
        self.look = look  # first: the style sheet asks for its colours
        super().__init__()
        self.printed: deque[str] = deque(maxlen=2000)
        self._backend = backend
        self._keys = dict(keymap or {})
        self._first_start = first_start
        self._undo: Undo[Settings] = Undo()
        self._speed = len(SPEEDS) - 1
        self._history: list[str] = []
        self._main = MainScreen(backend, self._keys)
        self.follower = Follower(self, self._main, backend, self._report)

    def get_default_screen(self) -> MainScreen:
        """The main screen."""
        return self._main

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """`$quiet`: the colour of text that must not shout."""
        return {"quiet": self.look.palette.dim if self.look.colours != "16" else "ansi_white"}

    def on_mount(self) -> None:
        """Theme, keys, first picture, clock."""
        for one in theme.themes():
            self.register_theme(one)
        self.theme = theme.name(self.look)
        self.set_class(self.look.ascii, "-ascii")
        self.set_keymap(self._keys)
        self.begin_capture_print(self)
        self.follower.gate.asks = textual_private.can_ask(self)

    def on_ready(self) -> None:
        """Fill the panes and start to follow the run."""
        self._set_up()
        self.follower.start()
        if self._first_start:
            self.push_screen(Tour())
        else:
            self._say("press space to train, ? for help")

    # Showing the run

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        """The terminal has drawn all that was sent: the next frame may go out."""
        self.follower.gate.answered()

    def _report(self, snapshot: Snapshot) -> None:
        if snapshot.error:
            self._say(snapshot.error, error=True)
        elif snapshot.message:
            self._say(snapshot.message)

    def _say(self, text: str, *, error: bool = False) -> None:
        said = self._main.query_one(Said)
        if clean(text, 400) != said.text:
            said.say(text, "error" if error else "text")
            self.printed.append(clean(text, 400))

    def _show_keys(self) -> None:
        self._main.query_one(FooterLine).show(self._where())

    def _where(self) -> Where:
        focused = self._main.focused
        return next((where for where, kind in _WIDGETS.items() if isinstance(focused, kind)), "app")

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        self._show_keys()

    def on_print(self, event: events.Print) -> None:
        """Keep what anything prints for the log."""
        for line in event.text.rstrip("\n").split("\n"):
            if line.strip():
                self.printed.append(clean(line, 400))

    # Changing settings

    def _set_up(self) -> None:
        settings = self._backend.settings
        for pane in self._main.query(Pane):
            pane.set_up(settings)
        ledger = self._backend.ledger(settings.layers)
        widths = [str(len(ledger.inputs)), *(str(line.units) for line in ledger.lines if line.parameters)]
        self._main.query_one(HeaderLine).set_up(settings, "·".join(widths))

    def _apply(self, settings: Settings) -> None:
        old = self._backend.settings
        said = self._backend.apply(settings)
        self._undo.record(old)
        self._set_up()
        self._say(said)

    def change(self, **values: Any) -> None:
        """Give settings new values; problems are said, not raised."""
        try:
            self._apply(self._backend.changed(**values))
        except NnplayError as error:
            self._say(error.message, error=True)

    def change_entry(self, entry: entries.Entry, value: Any) -> None:
        """Give the setting behind `entry` another value."""
        try:
            values = entries.changes(self._backend.settings, entry, value)
        except NnplayError as error:
            self._say(error.message, error=True)
            return
        self.change(**values)

    def action_undo(self) -> None:
        """Take the last change back."""
        self._swap(self._undo.undo(self._backend.settings), "nothing to take back")

    def action_redo(self) -> None:
        """Make it again."""
        self._swap(self._undo.redo(self._backend.settings), "nothing to make again")

    def _swap(self, settings: Settings | None, nothing: str) -> None:
        if settings is None:
            self._say(nothing)
            return
        said = self._backend.apply(settings)
        self._set_up()
        self._say(said)

    def action_presets(self) -> None:
        """Choose a ready-made experiment."""
        presets = self._backend.catalogue.presets
        dialog = Choose("presets", "ready-made experiments", list(presets), notes=list(presets.values()))
        self.push_screen(dialog, lambda name: self._preset(name) if name else None)

    def _preset(self, name: str) -> None:
        try:
            self._apply(self._backend.preset(name))
        except NnplayError as error:
            self._say(error.message, error=True)

    def action_add_layer(self) -> None:
        """Go to the layers and type one."""
        self._main.go("layers")
        self._main.query_one(LayersPane).add()

    # Training

    def action_toggle_run(self) -> None:
        """Start or pause."""
        if self._backend.snapshot.running:
            self._backend.pause()
        else:
            self._backend.run()

    def action_batch(self) -> None:
        """One batch."""
        self._backend.batch()

    def action_step_back(self) -> None:
        """One batch back."""
        self._backend.back()

    def action_epoch(self) -> None:
        """To the end of the epoch."""
        self._backend.epoch()

    def action_rewind(self) -> None:
        """The same initial weights again."""
        self._backend.rewind()

    def action_reseed(self) -> None:
        """Other initial weights."""
        self._backend.reseed()
        self._set_up()

    def action_speed(self, by: int) -> None:
        """Faster or slower."""
        self._speed = min(len(SPEEDS) - 1, max(0, self._speed + by))
        wanted = SPEEDS[self._speed]
        self._backend.speed(wanted)
        self._say(f"speed: {wanted:g} steps a second" if wanted else "speed: as fast as it can")

    # Looking

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

    def action_reset_layout(self) -> None:
        """All panes again."""
        self._main.full = False
        self._main.lay_out()
        self.follower.frame(pictures=True)

    def action_curve_tab(self, by: int) -> None:
        """Another family of curves."""
        self._main.query_one(CurvesPane).turn(by)

    def action_test_points(self) -> None:
        """Held-out examples on the surface."""
        self._main.query_one(OutputPane).toggle("held_out_points")

    def action_discrete(self) -> None:
        """Decisions only."""
        self._main.query_one(OutputPane).toggle("discrete")

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
        self._say(f"copied the {self._main.current} pane")

    def action_help(self) -> None:
        """The pane's page."""
        self.push_screen(Help(self._main.current, self._keys))

    def action_tour(self) -> None:
        """The five cards."""
        self.push_screen(Tour())

    # Commands

    def _entries(self) -> list[entries.Entry]:
        settings, catalogue = self._backend.settings, self._backend.catalogue
        return entries.data_entries(settings, catalogue) + entries.training_entries(settings, catalogue)

    def action_command_line(self) -> None:
        """Type a command."""
        self.open_command_line("")

    def open_command_line(self, start: str) -> None:
        """Type a command that begins with `start`."""

        def complete(line: str) -> list[commands.Candidate]:
            return commands.completions(line, self._entries(), self._backend.catalogue)

        self.push_screen(CommandLine(complete, self._history, start), self._typed)

    async def _typed(self, line: str | None) -> None:
        if not line:
            return
        self._history.append(line)
        try:
            action, rest = commands.split(line)
            await self._command(action, rest)
        except NnplayError as error:
            self._say(error.message, error=True)

    async def _command(self, action: Action, rest: str) -> None:
        if action.id == "set":
            name, _, value = rest.partition(" ")
            self.change_entry(entries.named(self._entries(), name), value.strip())
        elif action.id == "layers":
            self.change(layers=split_layers(rest))
        elif action.id == "goto":
            self._backend.goto(*commands.read_goto(rest))
        elif action.id == "preset":
            self._preset(rest)
        elif action.id in ("save", "open") and rest:
            self._say(self._backend.save(rest) if action.id == "save" else self._backend.open(rest))
            self._set_up()
        elif action.run:
            await self.perform(action)
        else:
            self.action_tour()

    async def perform(self, action: Action) -> None:
        """Do an action as if its key had been pressed in the widget that it belongs to."""
        kind = _WIDGETS.get(action.where)
        focused = self._main.focused
        if kind is None:
            target: Any = self
        else:
            target = focused if isinstance(focused, kind) else self._main.query(kind).first()
        await self.run_action(action.run, default_namespace=target)

    # Keeping and leaving

    def action_save(self) -> None:
        """Save under the last name."""
        try:
            self._say(self._backend.save(""))
        except NnplayError as error:
            self._say(error.message, error=True)

    def action_open(self) -> None:
        """Open a saved session by typing its name."""
        self.open_command_line("open ")

    async def action_quit(self) -> None:
        """Leave; ask first if something would be lost."""
        if isinstance(self.screen, AskQuit):
            self._leave("drop")
        elif self._backend.unsaved():
            now = self._backend.snapshot
            what = f"{now.step:,} steps of training are not saved."
            self.push_screen(AskQuit(what), self._leave)
        else:
            self._leave("drop")

    def _leave(self, answer: Leave | None) -> None:
        if answer is None:
            return
        try:
            if answer == "save":
                self._backend.save("")
        except NnplayError as error:
            self._say(error.message, error=True)
            return
        self._backend.stop()
        self.exit(0)

    def leave_from_signal(self, status: int) -> None:
        """Ask the loop to end; safe to call from a signal handler while the loop is busy."""
        textual_private.call_in_loop(self, lambda: self.exit(return_code=status))

    def fault_report(self, error: BaseException | None) -> str:
        """Save what can be saved, and say where."""
        saved = self._backend.rescue()
        return f"nnplay met an error it did not expect: {error!r}\n{saved}"
