"""Saving and opening runs, leaving the program, and leaving the terminal to the shell for a while."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable

from textual.app import App

from nnplay.data.catalogue import names_data
from nnplay.errors import NnplayError
from nnplay.text import clean, counted
from nnplay.tui.backend import Backend
from nnplay.tui.commands.background import Background
from nnplay.tui.commands.messages import Messages
from nnplay.tui.dialogs.open import saved_runs
from nnplay.tui.dialogs.quit import AskQuit, AskUnsaved, Leave
from nnplay.tui.dialogs.recovered import Recovered, Take
from nnplay.tui.picker.screen import open_picker
from nnplay.tui.refresh import Refresher
from nnplay.tui.terminal.textual_private import FaultReporting


def describe_unsaved(steps: int, *, saved_before: bool) -> str:
    """What leaving would lose, as a sentence."""
    if not steps:
        return "Your changes are not saved."
    since = " since the last save" if saved_before else ""
    return f"{counted(steps, 'training step')}{since} {'is' if steps == 1 else 'are'} not saved."


class FileActions:
    """The actions of the group Keeping.

    Args:
        app: shows the dialogs, leaves the terminal to the shell, and ends.
        backend: the run.
        messages: answer what needs no dialog.
        background: reads and writes files.
        refresher: pauses while the shell has the terminal.

    Attributes:
        farewell: what is printed once the terminal is the shell's again.
    """

    def __init__(
        self,
        app: FaultReporting,
        backend: Backend,
        messages: Messages,
        background: Background,
        refresher: Refresher,
    ) -> None:
        self._app, self._backend = app, backend
        self._messages, self._background, self._refresher = messages, background, refresher
        self.farewell = ""

    def save(self, path: str = "") -> None:
        """Save under a name, or the last one, in a thread: the disk may be slow."""
        self._background.start("saving …", lambda: self._backend.save(path))

    def open(self) -> None:
        """Choose a saved session, or type its path."""
        open_picker(self._app, [saved_runs(self._backend.recent(), self.open_run)])

    def offer_recovered(self) -> None:
        """At the start: offers the runs that ended without being saved, if there are any."""
        if self._backend.recovered():
            self.choose_recovered()

    def choose_recovered(self) -> None:
        """Choose a run that ended without being saved: to go on with it, to look at a copy, or to delete it."""
        held = self._backend.recovered()
        if held:
            dialog = Recovered(held, self._backend.discard, older=self._backend.older_recovered())
            self._app.push_screen(dialog, self._open_recovered)
        else:
            self._messages.say("there are no unsaved runs to recover")

    def _open_recovered(self, chosen: Take | None) -> None:
        if chosen is None:
            return
        path, copy = chosen
        act = self._backend.open_copy if copy else self._backend.open
        self._leave_run("open that run", "opening …", lambda: act(path))

    def _leave_run(self, action: str, words: str, act: Callable[[], str]) -> None:
        """Do what puts another run in the place of this one; ask first where this one is not saved."""
        if not self._backend.unsaved():
            self._background.start(words, act)
            return

        def go(answer: Leave | None) -> None:
            if answer == "save":
                self._background.start(words, lambda: f"{self._backend.save('')}; {act()}")
            elif answer == "drop":
                self._background.start(words, act)

        kept = " (:recovered brings it back)"
        target = self._backend.save_target()
        self._app.push_screen(AskUnsaved(self._describe_unsaved(), target, action, kept=kept), go)

    def open_run(self, path: str) -> None:
        """Open a session; ask first where the present run is not saved."""
        if names_data(path):
            hint = f":data {shlex.quote(clean(path))} opens it"
            self._messages.say(f"{clean(path)}: is data, not a saved run; {hint}", error=True)
            return
        name = clean(os.path.basename(os.path.normpath(path)), 40)
        self._leave_run(f"open {name}", f"opening {path} …", lambda: self._backend.open(path))

    async def quit(self) -> None:
        """Leave; ask first if something would be lost. Where even that fails, the run is saved and the program ends."""
        try:
            await self._ask_to_leave()
        except Exception as error:
            self._app.give_up(error)

    async def _ask_to_leave(self) -> None:
        if isinstance(self._app.screen, AskQuit):
            await self._leave("drop")
        elif self._backend.unsaved():
            self._app.push_screen(AskQuit(self._describe_unsaved(), self._backend.save_target()), self._leave)
        else:
            await self._leave("drop")

    def _describe_unsaved(self) -> str:
        return describe_unsaved(self._backend.steps_unsaved(), saved_before=bool(self._backend.path))

    async def _leave(self, answer: Leave | None) -> None:
        if answer is None:
            return
        try:
            if answer == "save":
                self._messages.say("saving …")
                saved = await asyncio.to_thread(self._backend.save, "")
                self.farewell = f"{saved}; nnplay open {shlex.quote(self._backend.save_target())} continues it"
        except NnplayError as error:
            self._messages.say(error.message, error=True)
            return
        self._app.exit(0)

    def suspend_process(self) -> None:
        """Leave the terminal to the shell until `fg`; the clocks stop first, or Textual waits for itself for ever."""
        if os.getsid(os.getppid()) != os.getsid(0):
            self._messages.say("nnplay was not started from a shell, so there is none to return to; q quits")
            return
        self._backend.pause()
        self._refresher.pause()
        App.action_suspend_process(self._app)

    def return_from_shell(self) -> None:
        """The terminal is the app's again, and empty: draw everything."""
        self._app.refresh(layout=True)
        for widget in self._app.screen.walk_children():
            widget.refresh()
        self._app.screen.refresh()
        self._refresher.resume()
