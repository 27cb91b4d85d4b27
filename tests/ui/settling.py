"""When an app has come to rest: every widget waits for its next message, and nothing is left to be laid out or drawn.

Textual's own pilot sends a message through every widget and sleeps until the process needs little time. That is slow,
and takes a process that was given no processor time for one that has nothing left to do.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.screen import Screen

from tests.ui.waiting import PATIENCE

#: Turns of the event loop for which an app must rest: tasks and futures hand on what they did a turn later.
_TURNS: Final = 4
#: Turns after which the app waits for something outside the event loop, a thread or a timer.
_SPIN: Final = 200


async def settle(pilot: Pilot[Any], *, work: bool = True) -> None:
    """All keys have been done, and what they caused has been handled by every widget, laid out and drawn.

    Args:
        work: whether the app's work beside the event loop is waited for, too: files that are read, pictures that are
            drawn. A run that trains goes on.
    """
    rested = turns = 0
    async with asyncio.timeout(PATIENCE):
        while rested < _TURNS and not _ended(pilot.app):
            await asyncio.sleep(0 if turns < _SPIN else 0.002)
            turns += 1
            rested = rested + 1 if _rests(pilot.app) and not (work and _works(pilot.app)) else 0


def _ended(app: Any) -> bool:
    return bool(app._exit or app._exception is not None or not app.screen_stack)


def _rests(app: Any) -> bool:
    """Nothing is under way; what waits for the next frame, or for a last size, gets it now."""
    keys = getattr(app, "key_queue", None)
    if keys is not None and (keys._waiting or keys._closed):
        return False
    screen = app.screen
    if not all(_waits(pump) for pump in (app, screen, *screen.walk_children())):
        return False
    if app._resize_timer is not None:
        app._check_resize()
        return False
    if _wants_frame(screen):
        screen._on_timer_update()
        return False
    return True


def _works(app: Any) -> bool:
    return any(not worker.is_finished for worker in app.workers)


def _waits(pump: MessagePump) -> bool:
    """Nothing is in its queue, and its loop waits there."""
    queue = pump._message_queue
    return bool(pump._closed or (not queue.values and queue.ready_event._waiters and not pump._next_callbacks))


def _wants_frame(screen: Screen[Any]) -> bool:
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )
