"""Waiting for what a pilot's keys, a timer or another thread bring about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from textual.pilot import Pilot

#: Seconds after which something that never happens fails the test; kernels may have to be compiled first.
PATIENCE: Final = 120.0


async def until(pilot: Pilot[Any], happened: Callable[[], object]) -> None:
    """Let the app live until something is true; what the app says then is shown when it never is."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not happened():
        printed = getattr(getattr(pilot.app, "messages", None), "printed", None)
        assert asyncio.get_running_loop().time() < end, f"never happened; the last words: {list(printed or ())[-3:]}"
        await pilot.pause(0.005)
