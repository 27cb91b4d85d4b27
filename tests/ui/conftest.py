"""Pilots that wait until keys have been done, however busy the machine is.

Textual's own pilot takes a process that was given no processor time for one that has nothing left to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.css import stylesheet
from textual.pilot import Pilot

from nnplay.errors import NnplayError
from nnplay.tui.app import Playground
from tests.ui.waiting import PATIENCE

_PRESS, _PAUSE = Pilot.press, Pilot.pause
_PARSE_RULES = stylesheet.Stylesheet._parse_rules


def _busy(app: Any) -> bool:
    """Whether the app has keys to do, or is not ready for any yet."""
    return not app._exit and app._exception is None and bool(app.key_queue._waiting or app.key_queue._closed)


async def _settle(pilot: Pilot[Any]) -> None:
    """All keys have been done, and what they caused has been handled by every widget."""
    if hasattr(pilot.app, "key_queue"):
        async with asyncio.timeout(PATIENCE):
            while _busy(pilot.app):
                await asyncio.sleep(0.005)
    for _ in range(2):
        await pilot._wait_for_screen(PATIENCE)


async def _press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await _PRESS(pilot, key)
        await _settle(pilot)


async def _pause(pilot: Pilot[Any], delay: float | None = None) -> None:
    await _settle(pilot)
    await _PAUSE(pilot, delay)


class Faults:
    """The errors that playgrounds lived through; a test that expects some takes them, any other fails by them."""

    def __init__(self) -> None:
        self._met: list[Exception] = []

    def meet(self, error: Exception) -> None:
        """One more."""
        self._met.append(error)

    def take(self) -> list[Exception]:
        """All so far, which are no failure from now on."""
        met, self._met = self._met, []
        return met


@pytest.fixture(autouse=True)
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """What the playground tells its user and goes on after is still a failure of the test that meets it."""
    met, tell = Faults(), Playground.tell_fault

    def meet_fault(app: Playground, error: Exception) -> bool:
        if not isinstance(error, NnplayError):
            met.meet(error)
        return tell(app, error)

    monkeypatch.setattr(Playground, "tell_fault", meet_fault)
    yield met
    for error in met.take():
        raise error


@pytest.fixture(autouse=True)
def _patient_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all tests of this folder."""
    monkeypatch.setattr(Pilot, "press", _press)
    monkeypatch.setattr(Pilot, "pause", _pause)


@pytest.fixture(autouse=True)
def _unpainted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tests marked `painted` paint cells: the others read what widgets draw, and painting takes half the time."""
    if request.node.get_closest_marker("painted") is None:
        monkeypatch.setattr(Compositor, "render_update", lambda *place, **how: None)


@pytest.fixture(scope="session", autouse=True)
def _style_sheets_read_once() -> Iterator[None]:
    """Hundreds of apps share the rules of their style sheets, which nothing changes once they are parsed."""
    parsed: dict[Any, list[Any]] = {}

    def parse_once(sheet: Any, *place: Any, **how: Any) -> list[Any]:
        key = (tuple(sheet._variables.items()), place, tuple(how.items()))
        if key not in parsed:
            parsed[key] = _PARSE_RULES(sheet, *place, **how)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stylesheet.Stylesheet, "_parse_rules", parse_once)
        yield
