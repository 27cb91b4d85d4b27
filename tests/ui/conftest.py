"""Pilots that wait until keys have been done, however busy the machine is; errors fail tests; few cells are painted."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from typing import Any

import pytest
import textual.app
import textual.pilot
from textual._compositor import Compositor
from textual.css import stylesheet
from textual.pilot import Pilot

from nnplay.errors import NnplayError
from nnplay.tui.app import Playground
from tests.ui.known_styles import KnownStyles
from tests.ui.settling import settle

_PARSE_RULES = stylesheet.Stylesheet._parse_rules


async def _no_sleep(*seconds: float) -> None:
    """Keys and pauses of Textual's own wait for nothing: `settle` does, and knows what for."""


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
def _patient_pilot(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For all tests of this folder; those that hold the compiler back do not wait for what waits for it."""
    settled = functools.partial(settle, work="held_compiler" not in request.fixturenames)

    async def press(pilot: Pilot[Any], *keys: str) -> None:
        for key in keys:
            await pilot.app._press_keys([key])
            await settled(pilot)

    async def pause(pilot: Pilot[Any], delay: float | None = None) -> None:
        await settled(pilot)
        if delay:
            await asyncio.sleep(delay)
            await settled(pilot)

    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", _no_sleep)
    monkeypatch.setattr(Pilot, "press", press)
    monkeypatch.setattr(Pilot, "pause", pause)


@pytest.fixture(autouse=True)
def _unpainted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tests marked `painted` paint cells: the others read what widgets draw, and painting takes half the time."""
    if request.node.get_closest_marker("painted") is None:
        monkeypatch.setattr(Compositor, "render_update", lambda *place, **how: None)


@pytest.fixture(scope="session", autouse=True)
def _style_sheets_read_once() -> Iterator[None]:
    """Hundreds of apps share the rules of their style sheets, which nothing changes once they are parsed.

    Which of them are those of a widget is found once, too.
    """
    parsed: dict[Any, list[Any]] = {}

    def parse_once(sheet: Any, *place: Any, **how: Any) -> list[Any]:
        key = (tuple(sheet._variables.items()), place, tuple(how.items()))
        if key not in parsed:
            parsed[key] = _PARSE_RULES(sheet, *place, **how)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stylesheet.Stylesheet, "_parse_rules", parse_once)
        KnownStyles(patch)
        yield
