"""Work that may take seconds, done beside the event loop, so that the screen stays alive."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from textual.app import App

from nnplay.data.progress import report_to
from nnplay.errors import NnplayError
from nnplay.text import percent
from nnplay.tui.commands.messages import Messages

#: Seconds between two looks at how far the work is.
_EVERY: Final = 0.2


class Background:
    """Runs one piece of work after the other, each in a thread.

    Args:
        app: its event loop waits for the work.
        messages: show what is under way, and what came of it.
        finished: called in the event loop after each piece of work that went well.
    """

    def __init__(self, app: App[int], messages: Messages, finished: Callable[[], None]) -> None:
        self._app, self._messages, self._finished = app, messages, finished
        self._turn = asyncio.Lock()

    def start(self, meanwhile: str, work: Callable[[], str]) -> None:
        """Begin `work` when what was started before has ended; shows `meanwhile`, then what it answers."""

        async def run() -> None:
            async with self._turn:
                self._messages.under_way = meanwhile
                self._messages.say(meanwhile)
                try:
                    answer = await asyncio.to_thread(self._tell_progress, meanwhile, work, asyncio.get_running_loop())
                except NnplayError as error:
                    self._messages.say(error.message, error=True)
                    return
                finally:
                    self._messages.under_way = ""
                self._messages.say(answer)
                self._finished()

        self._app.run_worker(run(), exit_on_error=True)

    def _tell_progress(self, meanwhile: str, work: Callable[[], str], loop: asyncio.AbstractEventLoop) -> str:
        """Does the work in the present thread; how far data are read is shown behind `meanwhile`."""
        shown = time.monotonic()

        def tell(done: int, total: int, what: str) -> None:
            nonlocal shown
            if time.monotonic() - shown < _EVERY:
                return
            shown = time.monotonic()
            words = f"{meanwhile} {percent(done / max(1, total), 0)} of the {what}"
            with contextlib.suppress(RuntimeError):  # the program has ended meanwhile
                loop.call_soon_threadsafe(self._show, meanwhile, words)

        with report_to(tell):
            return work()

    def _show(self, meanwhile: str, words: str) -> None:
        if self._messages.under_way.startswith(meanwhile):
            self._messages.under_way = words
            self._messages.say(words)
