"""Opening a race over the playground, and taking one of its variants."""

from __future__ import annotations

import shlex

from textual.app import App

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integer
from nnplay.tui.backend import Backend
from nnplay.tui.commands.edits import EditActions


class RaceActions:
    """The commands that train variants of the run side by side.

    Args:
        app: shows the race.
        backend: has the run.
        edits: takes a variant over.
    """

    def __init__(self, app: App[int], backend: Backend, edits: EditActions) -> None:
        self._app, self._backend, self._edits = app, backend, edits

    def race(self, line: str) -> None:
        """Variants as in `optimizer=sgd,adam`: every combination of the settings that are named."""
        try:
            axes = shlex.split(line)
        except ValueError:
            raise InputError("a quotation mark is not closed", where="race") from None
        self._open(axes)

    def race_seeds(self, count: str) -> None:
        """The run from so many seeds, as a band."""
        most = integer("seeds", REQUIRED, "how many seeds", low=2, high=200).read(count)
        first = self._backend.settings.seed
        self._open([f"seed={first}..{first + most - 1}"])

    def _open(self, axes: list[str]) -> None:
        from nnplay.run.run_data import split_of
        from nnplay.sweeps.race import Race
        from nnplay.tui.race.screen import RaceScreen

        self._backend.pause()
        settings = self._backend.settings
        race = Race(settings, axes, split_of(settings))
        self._app.push_screen(RaceScreen(race, settings.data.source), self._take)

    def _take(self, run: RunConfig | None) -> None:
        """Put the settings of a variant in force; z takes them back."""
        if run is not None:
            self._edits.begin_run(run)
