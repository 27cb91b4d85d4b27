"""What all groups of actions stand on: the app with its back end, its main screen, and the line where it answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from textual.widget import Widget

from nnplay.errors import NnplayError
from nnplay.text import clean
from nnplay.tui.backend import Backend
from nnplay.tui.commands.actions import BY_ID, Action, Where
from nnplay.tui.commands.key_order import KeysInOrder
from nnplay.tui.forms.form import Form
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.base import Pane
from nnplay.tui.panes.health import Findings
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.refresh import Follower
from nnplay.tui.terminal import panic
from nnplay.tui.terminal.textual_private import FaultReporting
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.footer import FooterLine
from nnplay.tui.widgets.header import HeaderLine
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.message_line import Said
from nnplay.tui.widgets.network_view import NetworkView

WIDGETS: Mapping[Where, type[Widget]] = {
    "form": Form,
    "layers": LayerList,
    "curves": CurveView,
    "network": NetworkView,
    "output": OutputPane,
    "health": Findings,
}
"""The kind of widget that has keys of its own."""
START = "press space to train, ? for help"
"""Said while nothing has been trained yet."""


@runtime_checkable
class Says(Protocol):
    """A screen with a line of its own where it answers."""

    def say(self, text: str, *, error: bool = False) -> None:
        """Answer in that line."""


class Shell(KeysInOrder, FaultReporting):
    """The parts of the app that every action may use."""

    def __init__(self, backend: Backend, look: Look, keymap: Mapping[str, str]) -> None:
        self.look = look  # first: the style sheet asks for its colours
        super().__init__()
        self.printed: deque[str] = deque(maxlen=2000)
        self.faults = panic.FaultFile()
        self._backend = backend
        self._keys = dict(keymap)
        self._main = MainScreen(backend, self._keys)
        self.follower = Follower(
            self, self._main, backend, lambda snapshot: self._report(snapshot), lambda: self.refill()
        )

    def say(self, text: str, *, error: bool = False) -> None:
        """Answer in the line above the footer, and in the log."""
        if not self.is_running:
            return  # messages still come while the screen is taken down
        said = self._main.query_one(Said)
        if clean(text, 400) != said.text:
            said.say(text, "error" if error else "text")
            self._main.make_room_to_say()
            if text:
                self.printed.append(clean(text, 400))

    def tell_fault(self, error: Exception) -> bool:
        """Say an error that nobody expected, on every screen that has a line for it; its traceback is in a file."""
        try:
            self._say_everywhere(self._told(error))
        except Exception:  # not even this can be said any more
            return False
        return True

    def _told(self, error: Exception) -> str:
        if isinstance(error, NnplayError):
            return error.message
        where = self.faults.note(error)
        self.printed.extend(clean(line, 400) for line in self.faults.unwritten.splitlines())
        return f"nnplay met an error it did not expect: {panic.named(error)}; the run goes on; {where}"

    def _say_everywhere(self, text: str) -> None:
        self.say(text, error=True)
        for screen in self.screen_stack:
            if isinstance(screen, Says):
                screen.say(text, error=True)

    def _report(self, snapshot: Any) -> None:
        if snapshot.error:
            self.say(snapshot.error, error=True)
        else:
            fresh = not snapshot.step and not self._backend.will_run
            self.say("; ".join(filter(None, (snapshot.message, self._intent(snapshot)))) or (START if fresh else ""))

    def _intent(self, snapshot: Any) -> str:
        """What a key has asked of the training while the thread that trains is busy with kernels."""
        will_run = self._backend.will_run
        if not self._backend.compiling or will_run == snapshot.running:
            return ""
        return f"training {'starts' if will_run else 'pauses'} as soon as they are ready, {self._key} takes it back"

    def tell_intent(self) -> None:
        """Shows at once what was asked of the training, where it cannot be done at once."""
        if self._backend.compiling:
            self._report(self._backend.snapshot)
            self._main.query_one(FooterLine).running(self._backend.will_run)

    @property
    def _key(self) -> str:
        return self._main.query_one(FooterLine).key_of(BY_ID["run"])

    def attempt(self, act: Callable[[], str | None]) -> bool:
        """Do `act` and say what it answers; what cannot be done is said, never raised. Returns whether it was done."""
        try:
            answer = act()
        except NnplayError as error:
            self.say(error.message, error=True)
            return False
        if answer:
            self.say(answer)
        return True

    def refill(self) -> None:
        """Show the settings that are in force now in all panes."""
        if not self.is_running:
            return
        settings = self._backend.settings
        ledger = self._backend.ledger(settings.layer_texts)
        for pane in self._main.query(Pane):
            pane.set_up(settings, ledger)
        shape = ledger.inputs[0] if len(ledger.inputs) == 1 and "×" in ledger.inputs[0] else ""
        widths = [shape or str(len(ledger.inputs)), *(str(line.units) for line in ledger.lines if line.parameters)]
        self._main.query_one(HeaderLine).set_up(settings, "·".join(widths))

    def where(self) -> Where:
        """The kind of widget that has the focus."""
        focused = self._main.focused
        return next((where for where, kind in WIDGETS.items() if isinstance(focused, kind)), "app")

    async def perform(self, action: Action) -> None:
        """Do an action as if its key had been pressed in the widget that it belongs to."""
        kind = WIDGETS.get(action.where)
        focused = self._main.focused
        target: Any = self
        if kind is not None:
            target = focused if isinstance(focused, kind) else self._main.query(kind).first()
        await self.run_action(action.run, default_namespace=target)
