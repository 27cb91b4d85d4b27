"""The playground: one app that shows snapshots of a run and turns keys into commands for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import events, on
from textual.binding import BindingType

from nnplay.text import clean
from nnplay.tui.backend import Backend
from nnplay.tui.commands import actions
from nnplay.tui.commands.palette_provider import Actions
from nnplay.tui.commands.shell import START
from nnplay.tui.commands.training import TrainingActions
from nnplay.tui.commands.typed_line import CommandActions
from nnplay.tui.dialogs.tour import Tour
from nnplay.tui.main_screen import LAYOUT, MainScreen
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.terminal import textual_private
from nnplay.tui.terminal.opening import Opening
from nnplay.tui.theme import theme
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.footer import FooterLine
from nnplay.tui.widgets.network_view import NetworkView

_IDLE = 1.5
"""Seconds after the start until code is read that the first screen does not need."""


class Playground(CommandActions, TrainingActions):
    """The screen of one back end.

    Args:
        backend: the run.
        look: colours and glyphs of this terminal.
        keymap: the user's own keys, action name → keys.
        first_start: begin with the tour.

    Attributes:
        opening: what is on the terminal until the app draws.
    """

    TITLE = "nnplay"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("app")
    COMMANDS = {Actions}  # noqa: RUF012 - Textual declares it as an instance variable
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    opening: Opening | None = None
    CSS = "MainScreen { background: $background; color: $foreground; }" + LAYOUT

    def __init__(
        self, backend: Backend, look: Look, *, keymap: Mapping[str, str] | None = None, first_start: bool = False
    ) -> None:
        super().__init__(backend, look, keymap or {})
        self._first_start = first_start

    def get_default_screen(self) -> MainScreen:
        """The main screen."""
        return self._main

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """`$quiet`: the colour of text that must not shout."""
        return {"quiet": self.look.palette.dim if self.look.colours != "16" else "ansi_white"}

    def on_mount(self) -> None:
        """The terminal is the app's; theme, keys, log."""
        if self.opening is not None:
            textual_private.restore_at_end(self, self.opening.modes)
            self.opening.hand_over()
        for one in theme.themes():
            self.register_theme(one)
        self.theme = theme.name(self.look)
        self.set_class(self.look.ascii, "-ascii")
        self.set_class(self.look.colours in ("16", "none"), "-few-colours")
        self.set_keymap(self._keys)
        self.begin_capture_print(self)
        self.app_resume_signal.subscribe(self, lambda _: self.back_from_shell())
        self.follower.gate.asks = textual_private.can_ask(self)

    async def on_ready(self) -> None:
        """Fill the panes, start to follow the run, and listen to the keys."""
        self.refill()
        self.follower.start()
        if self._first_start:
            self.push_screen(Tour())
        else:
            now = self._backend.snapshot.message or START
            self.say("; ".join(part for part in (self.greeting, now) if part))
            if self.offers_recovered:
                self.offer_recovered()
        if self.opening is not None:
            self.opening.done()
        self.goes_on = True
        await self.let_keys_in()
        self.set_timer(_IDLE, self.prepare_inspector)

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        """The terminal has drawn all that was sent: the next frame may go out."""
        self.follower.answered()

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        if self.is_running:
            self._main.query_one(FooterLine).show(self.where())

    @on(NetworkView.Chosen)
    def _unit_chosen(self, event: NetworkView.Chosen) -> None:
        if self.is_running:
            self._main.query_one(OutputPane).look_at(event.picture, event.title)
            self.follower.frame(pictures=True)

    def on_print(self, event: events.Print) -> None:
        """Keep what anything prints for the log."""
        for line in event.text.rstrip("\n").split("\n"):
            if line.strip():
                self.printed.append(clean(line, 400))
