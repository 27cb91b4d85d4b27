"""Work that may take seconds, done beside the event loop, so that the screen stays alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.app import App

from nnplay.errors import NnplayError
from nnplay.tui.commands.messages import Messages


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
                    answer = await asyncio.to_thread(work)
                except NnplayError as error:
                    self._messages.say(error.message, error=True)
                    return
                finally:
                    self._messages.under_way = ""
                self._messages.say(answer)
                self._finished()

        self._app.run_worker(run(), exit_on_error=True)
