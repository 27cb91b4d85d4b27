"""Saving, opening, leaving: asked for, by a signal, or by a fault of the program."""

from __future__ import annotations

import asyncio
import os

from nnplay.errors import NnplayError
from nnplay.tui.commands.edits import ChangingActions
from nnplay.tui.dialogs.open import OpenRun
from nnplay.tui.dialogs.quit import AskQuit, Leave
from nnplay.tui.dialogs.recovered import Recovered, Take
from nnplay.tui.terminal import panic, textual_private


class KeepingActions(ChangingActions):
    """The actions of the group Keeping.

    Attributes:
        keep: whether the autosave stays for the next start, because the end was not asked for.
    """

    keep = False
    greeting = ""
    """What there is to say about the session that the program was started with."""
    offers_recovered = False
    """Whether the start offers runs that ended without being saved."""

    def action_save(self) -> None:
        """Save under the last name."""
        self.save("")

    def save(self, path: str) -> None:
        """Save under a name, in a thread: the disk may be slow."""
        self.later("saving …", lambda: self._backend.save(path))

    def action_open(self) -> None:
        """Choose a saved session, or type its path."""
        self.push_screen(OpenRun(self._backend.recent()), self.open_run)

    def offer_recovered(self) -> None:
        """At the start: offers the runs that ended without being saved, if there are any."""
        if self._backend.recovered():
            self.action_recovered()

    def action_recovered(self) -> None:
        """Choose a run that ended without being saved: to go on with it, to look at a copy, or to delete it."""
        held = self._backend.recovered()
        if held:
            dialog = Recovered(held, self._backend.discard, older=self._backend.older_recovered())
            self.push_screen(dialog, self._take_recovered)
        else:
            self.say("no run ended without being saved")

    def _take_recovered(self, chosen: Take | None) -> None:
        if chosen is None:
            return
        path, copy = chosen
        act = self._backend.open_copy if copy else self._backend.open
        self.later("opening …", lambda: act(path))

    def open_run(self, path: str | None) -> None:
        """Open a session, if one was chosen; asks first if the present run would be lost."""
        if path:
            self.later(f"opening {path} …", lambda: self._backend.open(path))

    async def action_quit(self) -> None:
        """Leave; ask first if something would be lost. Where even that fails, the run is saved and the program ends."""
        try:
            await self._ask_to_leave()
        except Exception as error:
            self.give_up(error)

    async def _ask_to_leave(self) -> None:
        if isinstance(self.screen, AskQuit):
            await self._leave("drop")
        elif self._backend.unsaved():
            now = self._backend.snapshot
            what = f"{now.step:,} steps of training are not saved." if now.step else "Your changes are not saved."
            self.push_screen(AskQuit(what), self._leave)
        else:
            await self._leave("drop")

    async def _leave(self, answer: Leave | None) -> None:
        if answer is None:
            return
        try:
            if answer == "save":
                self.say("saving …")
                await asyncio.to_thread(self._backend.save, "")
        except NnplayError as error:
            self.say(error.message, error=True)
            return
        self.exit(0)

    def action_suspend_process(self) -> None:
        """Leave the terminal to the shell until `fg`; the clocks stop first, or Textual waits for itself for ever."""
        if os.getsid(os.getppid()) != os.getsid(0):
            self.say("no shell started nnplay here, so there is none to go back to; q quits")
            return
        self._backend.pause()
        self.follower.hold()
        super().action_suspend_process()

    def back_from_shell(self) -> None:
        """The terminal is the app's again, and empty: draw everything."""
        self.refresh(layout=True)
        for widget in self.screen.walk_children():
            widget.refresh()
        self.screen.refresh()
        self.follower.go_on()

    def leave_from_signal(self, status: int) -> None:
        """Ask the loop to end; safe to call from a signal handler while the loop is busy."""
        self.keep = True
        textual_private.call_in_loop(self, lambda: self.exit(return_code=status))

    def fault_report(self, error: BaseException | None) -> str:
        """Save what can be saved, and say where; the traceback goes to a private file."""
        self.keep = True
        return panic.report(error, self._backend.rescue, self.faults)
