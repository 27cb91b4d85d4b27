"""The playground: one app that shows snapshots of a run and turns keys into commands for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import events, on
from textual.actions import ActionParseResult
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.geometry import Region
from textual.screen import Screen
from textual.widgets import Input

from nnplay.errors import NnplayError
from nnplay.tui.backend import Backend
from nnplay.tui.commands import actions
from nnplay.tui.commands.actions import Action
from nnplay.tui.commands.background import Background
from nnplay.tui.commands.browsing import BrowseActions
from nnplay.tui.commands.comparing import RunActions
from nnplay.tui.commands.dispatch import Dispatch
from nnplay.tui.commands.drawing import DrawActions
from nnplay.tui.commands.edits import EditActions
from nnplay.tui.commands.exports import ExportActions
from nnplay.tui.commands.files import FileActions
from nnplay.tui.commands.hints import HintActions
from nnplay.tui.commands.key_order import KeyDone, KeyQueue, ScreenReady
from nnplay.tui.commands.messages import START, Messages, RunMessages
from nnplay.tui.commands.navigation import NavigationActions
from nnplay.tui.commands.palette_provider import Actions
from nnplay.tui.commands.picking import PickActions
from nnplay.tui.commands.racing import RaceActions
from nnplay.tui.commands.sweeping import SweepActions
from nnplay.tui.commands.training import TrainingActions
from nnplay.tui.commands.typed_line import TypedLine
from nnplay.tui.dialogs.modal import Modal
from nnplay.tui.main_screen import LAYOUT, MainScreen
from nnplay.tui.outputs.point_board import PointBoard
from nnplay.tui.outputs.widget import Answer
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.pixels.showing import PixelPictures
from nnplay.tui.refresh import Refresher
from nnplay.tui.terminal import panic, textual_private
from nnplay.tui.terminal.opening import Opening
from nnplay.tui.theme import theme
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.plain_text import PlainSigns, spell_keys
from nnplay.tui.widgets.cells import Cells, drawn_once
from nnplay.tui.widgets.footer import FooterLine
from nnplay.tui.widgets.network_view import NetworkView
from nnplay.tui.widgets.timeline_bar import TimelineBar

_IDLE = 1.5
"""Seconds after the start until code is read that the first screen does not need."""


class Playground(textual_private.FaultReporting):
    """The screen of one back end: it holds the groups of actions, and is what Textual calls.

    Args:
        backend: the run.
        look: colours and glyphs of this terminal.
        keymap: the user's own keys, action name → keys.
        first_start: begin with the hints.

    Attributes:
        opening: what is on the terminal until the app draws.
        greeting: what there is to say about the session that the program was started with.
        offers_recovered: whether the start offers runs that ended without being saved.
        keep: whether the autosave stays for the next start, because the end was not asked for.
    """

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
        self.pictures, self.pixel_pictures = "cells", PixelPictures(self, self._restyle)
        self._plain_signs = [PlainSigns(look.encoding)] if look.ascii else []
        super().__init__()
        self.opening: Opening | None = None
        self.greeting = ""
        self.offers_recovered = self.keep = False
        self.faults = panic.FaultFile()
        self.key_queue = KeyQueue(self, super().on_event, begins=self._begin_key, ends=self._end_key)
        self._idle_key = ""
        self._backend, self._keymap_of_user, self._first_start = backend, dict(keymap or {}), first_start
        self._main = main = MainScreen(backend, self._keymap_of_user)
        self._key_screen: Screen[Any] = main
        self.messages = messages = Messages(self, main)
        self._run_messages = run_messages = RunMessages(backend, main, messages)
        self.refresher = Refresher(self, main, backend, run_messages.report, main.show_settings)
        background = Background(self, messages, main.show_settings)
        self.dispatch = Dispatch(self, main)
        self.training = TrainingActions(backend, main, messages, run_messages)
        self.edits = EditActions(self, backend, main, messages, background)
        self.picking = PickActions(self, backend, main, self.edits)
        self.browsing = BrowseActions(self, backend, main, self.edits, self.picking, self.refresher)
        self.drawing = DrawActions(self, backend, main, messages, self.edits)
        self.files = FileActions(self, backend, messages, background, self.refresher)
        self.hints = HintActions(backend, main, messages)
        self.navigation = NavigationActions(
            self, backend, main, messages, self.refresher, self.edits.settable, self.hints, self._keymap_of_user
        )
        exports = ExportActions(backend, main, messages)
        racing = RaceActions(self, backend, self.edits)
        self.sweeping = SweepActions(self, backend, self.edits, messages)
        self.comparing = RunActions(self, backend, main, self.edits, messages)
        self.typed_line = TypedLine(
            self, backend, messages, self.dispatch, self.edits, self.picking, self.files, exports, racing,
            self.sweeping, self.comparing, self.navigation,
        )  # fmt: skip
        actions.connect(self, actions.methods_of_app(), self.groups)

    @property
    def groups(self) -> tuple[object, ...]:
        """What has a method for every action of the list that works everywhere."""
        return (
            *(self.training, self.edits, self.picking, self.browsing, self.drawing, self.files),
            *(self.navigation, self.hints, self.sweeping, self.comparing, self.typed_line, self),
        )

    def get_default_screen(self) -> MainScreen:
        """The main screen."""
        return self._main

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """`$quiet`: the colour of text that must not shout."""
        return {"quiet": theme.quiet(self.look)}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line passes on its way to the terminal; with `--ascii`, plain characters come last."""
        return [*super().get_line_filters(), *self._plain_signs]

    # -- from the first frame to the last --------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Take the terminal over; set theme, keys and log."""
        if self.opening is not None:
            textual_private.restore_at_end(self, self.opening.modes)
            self.opening.hand_over()
        for one in theme.themes(self.look):
            self.register_theme(one)
        self.theme = theme.name(self.look)
        self.set_class(self.look.ascii, "-ascii")
        self.set_class(self.look.colours in ("16", "none"), "-few-colours")
        self.set_keymap(self._keymap_of_user)
        self.begin_capture_print(self)
        self.app_resume_signal.subscribe(self, lambda _: self.files.return_from_shell())
        self.app_resume_signal.subscribe(self, lambda _: self.pixel_pictures.show_again())
        self.refresher.frame_gate.can_ask = textual_private.can_ask(self)

    async def on_ready(self) -> None:
        """Fill the panes, start to follow the run, and listen to the keys."""
        with drawn_once():
            self._main.show_settings()
            self.refresher.start()
            snapshot = self._backend.snapshot
            now = snapshot.error or self._run_messages.describe(snapshot) or START
            self.say("; ".join(part for part in (self.greeting, now) if part), error=bool(snapshot.error))
            textual_private.lay_out(self._main)  # what fills the panes decides how large they are
        if self._first_start:
            self.hints.show_tour()
        elif self.offers_recovered:
            self.files.offer_recovered()
        if self.opening is not None:
            self.opening.done()
        self.goes_on = True
        await self.key_queue.open()
        self.pixel_pictures.begin(self.pictures, slow=self.refresher.frame_rate.slow)
        self.set_timer(_IDLE, self.navigation.prepare_inspector)

    def on_unmount(self) -> None:
        """End the sweep in the background; its file keeps what it has."""
        self.sweeping.close()

    def leave_from_signal(self, status: int) -> None:
        """Ask the loop to end; safe to call from a signal handler while the loop is busy."""
        self.keep = True
        textual_private.call_in_loop(self, lambda: self.exit(return_code=status))

    def note_written(self, cells: list[Region]) -> None:
        """Pictures in true pixels among these cells are painted over."""
        self.pixel_pictures.note_written(cells)

    # -- faults ----------------------------------------------------------------------------------------------------

    def tell_fault(self, error: Exception) -> bool:
        """Say an error that nobody expected, on every screen that has a line for it; its traceback is in a file."""
        try:
            self.messages.say_everywhere(self._describe_fault(error))
        except Exception:  # not even this can be said any more
            return False
        return True

    def _describe_fault(self, error: Exception) -> str:
        if isinstance(error, NnplayError):
            return error.message
        where = self.faults.note(error)
        self.messages.log(*self.faults.unwritten.splitlines())
        return f"nnplay met an error it did not expect: {panic.describe_error(error)}; the run continues; {where}"

    def fault_report(self, error: BaseException | None) -> str:
        """Save what can be saved, and say where; the traceback goes to a private file."""
        self.keep = True
        return panic.report(error, self._backend.rescue, self.faults)

    # -- what widgets ask for --------------------------------------------------------------------------------------

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the line above the footer."""
        self.messages.say(text, error=error)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do an action, of a key or a click; a hint that asked for it makes way for the next."""
        self._idle_key = ""
        done = await super().run_action(action, default_namespace, namespaces)
        if isinstance(action, str):
            self.hints.note(action)
        return done

    async def perform_by_name(self, action: Action) -> None:
        """Do an action, or open the `:` line for it where it needs an argument."""
        await self.typed_line.perform_by_name(action)

    def switch_theme(self) -> None:
        """Light or dark."""
        self.look = self.look.with_palette(dark=not self.look.palette.dark)
        self.theme = theme.name(self.look)
        self._restyle()

    def _restyle(self) -> None:
        for screen in self.screen_stack:
            for cells in screen.query(Cells):
                cells.restyle()

    # -- what Textual reports --------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys wait for those before them."""
        await self.key_queue.take(event)

    def _begin_key(self, event: events.Event) -> None:
        """A key is idle until it leads to an action; what is typed into a line never is."""
        typed = isinstance(self.focused, Input)
        self._idle_key = event.key if isinstance(event, events.Key) and not typed else ""
        self._key_screen = self.screen

    def _end_key(self) -> None:
        idle = actions.key_name(self._idle_key) if self._idle_key and self.screen is self._key_screen else ""
        idle = spell_keys(idle) if self.look.ascii else idle
        if self.screen is self._main:
            self._main.query_one(FooterLine).redraw()
            if idle:
                self.say(f"{idle} does nothing in this pane; ? shows the keys")
        elif isinstance(self.screen, Modal):
            self.screen.tell_idle(idle)

    @on(KeyDone)
    async def _key_done(self, message: KeyDone) -> None:
        await self.key_queue.note_done(message)

    @on(ScreenReady)
    async def _screen_ready(self) -> None:
        await self.key_queue.resume()

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        """The terminal has drawn all that was sent: the next frame may go out."""
        self.refresher.note_answer()

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        if self.is_running:
            self._main.query_one(FooterLine).show(self.dispatch.where())

    @on(NetworkView.Turned)
    def _keys_changed(self) -> None:
        self._main.query_one(FooterLine).redraw()

    @on(PointBoard.Set)
    def _point_set(self, event: PointBoard.Set) -> None:
        self.drawing.put(event)

    @on(PointBoard.Erased)
    def _point_erased(self, event: PointBoard.Erased) -> None:
        self.drawing.erase(event)

    @on(PointBoard.Left)
    def _drawing_ended(self) -> None:
        self._main.query_one(OutputPane).end_drawing()

    @on(Answer.Asked)
    def _element_asked(self) -> None:
        self.navigation.show_help()

    @on(NetworkView.Chosen)
    def _unit_chosen(self, event: NetworkView.Chosen) -> None:
        if self.is_running:
            self._main.query_one(OutputPane).look_at(event.picture, event.title)
            self.refresher.draw_frame(pictures=True)

    @on(NetworkView.Opened)
    def _layer_opened(self, event: NetworkView.Opened) -> None:
        if self.is_running:
            self.navigation.open_layer(event.view, event.place, walked=event.walked)

    @on(TimelineBar.Wanted)
    def _step_chosen(self, event: TimelineBar.Wanted) -> None:
        self.training.travel_to(event.step)

    def on_print(self, event: events.Print) -> None:
        """Keep what anything prints for the log."""
        for line in event.text.rstrip("\n").split("\n"):
            if line.strip():
                self.messages.log(line)
