"""What runs answer at a step, and how far apart they are there: made in a thread, one request after the other."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnplay.errors import NnplayError
from nnplay.run.runs.comparison import Difference, difference
from nnplay.run.runs.listed_run import ListedRun
from nnplay.run.runs.remade import RunMaker
from nnplay.training.trainer import Trainer
from nnplay.tui.runs.panels import Panel
from nnplay.views import make_view

#: Trainers that are kept, each with a machine of its own.
_KEPT: Final = 6


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a request: panels and the names of views they could show, or a difference; or what went wrong."""

    panels: tuple[Panel, ...] = ()
    view: str = ""
    views: tuple[str, ...] = ()
    difference: Difference | None = None
    fault: str = ""


class SideBySide:
    """Makes runs again, a request at a time; a new request breaks off what the one before has not made yet.

    Args:
        maker: makes a run at a step.
    """

    def __init__(self, maker: RunMaker) -> None:
        self._maker = maker
        self._trainers: OrderedDict[tuple[int, int], Trainer] = OrderedDict()
        self._turn = threading.Lock()
        self._request = 0

    def begin(self) -> int:
        """The number of a new request."""
        self._request += 1
        return self._request

    def close(self) -> None:
        """Breaks off what is being made."""
        self._request += 1

    def show(
        self, request: int, runs: Sequence[ListedRun], view: str, room: tuple[int, int], pixels: tuple[int, int]
    ) -> Made | None:
        """The same view of some runs at their newest steps; None where another request came."""
        with self._turn:
            panels, name, names = list[Panel](), "", tuple[str, ...]()
            for run in runs:
                try:
                    trainer = self._make(run, run.latest, request)
                    if trainer is None:
                        return None
                    with np.errstate(all="ignore"):
                        surface, output, shown = make_view(trainer, view or name, size=pixels, room=room)
                except NnplayError as error:
                    panels.append(Panel(fault=error.message))
                    continue
                name, names = name or shown.view, names or shown.views
                panels.append(Panel(surface, output))
            return Made(tuple(panels), name, names)

    def compare(self, request: int, runs: Sequence[ListedRun], step: int) -> Made | None:
        """Two runs at one step, with weights and answers; None where another request came."""
        with self._turn:
            try:
                trainers = [self._make(run, step, request) for run in runs]
            except NnplayError as error:
                return Made(difference=difference(runs, step), fault=error.message)
            found = [trainer for trainer in trainers if trainer is not None]
            if len(found) < len(runs):
                return None
            with np.errstate(all="ignore"):
                return Made(difference=difference(runs, step, found))

    def _make(self, run: ListedRun, step: int, request: int) -> Trainer | None:
        key = (run.number, min(step, run.latest))
        if key not in self._trainers:
            stop: Callable[[], bool] = lambda: self._request != request  # noqa: E731 - one line says it
            made = self._maker.make(run, step, stop)
            if made is None:
                return None
            self._trainers[key] = made
            if len(self._trainers) > _KEPT:
                self._trainers.popitem(last=False)
        self._trainers.move_to_end(key)
        return self._trainers[key]
