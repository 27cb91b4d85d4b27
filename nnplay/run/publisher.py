"""Snapshots of a run in training: as often as a screen can use them, and pictures only for a share of the time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from nnplay.run import render
from nnplay.run.render import Look
from nnplay.run.snapshot import Snapshot
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer

#: Seconds between snapshots of the numbers, and of the pictures (which cost forward passes).
NUMBERS_EVERY: Final = 0.1
PICTURES_EVERY: Final = 0.25
#: Seconds until the next picture of a run that stands still, where that picture shows more.
FINER_EVERY: Final = 0.05
#: Share of the thread's time that pictures may take.
PICTURES_SHARE: Final = 0.1
#: Seconds over which the speed of the training is measured.
_MEASURED: Final = 0.5


class Publisher:
    """Holds the latest snapshot, which any thread may read, and the message to show with it.

    Attributes:
        message: shown with the next snapshot.
    """

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self.message = ""
        self._turn = threading.Lock()
        self._awaited = 0
        self._published = 0.0
        self._pictured = (0.0, 0.0)

    def outdate_pictures(self) -> None:
        """Makes the pictures due at once: they show another run, or something else is looked at."""
        self._pictured = (0.0, 0.0)

    @property
    def unfinished(self) -> bool:
        """Whether more of the view that is shown is on its way, although the run may rest."""
        output = self.snapshot.output
        return output is not None and output.unfinished

    def pictures_due(self, now: float) -> bool:
        """Whether it is time for new pictures."""
        made, cost = self._pictured
        return now - made >= max(PICTURES_EVERY, cost / PICTURES_SHARE)

    def say(self, message: str) -> None:
        """Shows a message with the next snapshot, from any thread."""
        with self._turn:  # or it would be gone where words are put behind the one before it
            self.message = message

    def show_message(self, message: str) -> None:
        """Shows a message now, from any thread."""
        with self._turn:  # or a snapshot that is published meanwhile would be replaced by the one before it
            self.message = message
            self.snapshot = replace(self.snapshot, message=message)

    def await_run(self) -> None:
        """Shows nothing of the present run any more, from any thread: another one is on its way."""
        with self._turn:
            now, self._awaited = self.snapshot, self._awaited + 1
            self.snapshot = Snapshot(
                running=now.running, message=self.message, generation=now.generation, travels=now.travels
            )

    def note_arrival(self) -> None:
        """The run that was awaited is there, or will not come."""
        with self._turn:
            self._awaited -= 1

    def append_message(self, words: str) -> None:
        """Puts words, if there are any, behind the message that the next snapshot shows."""
        with self._turn:  # or a message that comes meanwhile would be gone
            self.message = "; ".join(part for part in (self.message, words) if part)

    def show(self, shown: Snapshot) -> None:
        """Shows this, with the newest message, unless another run is awaited."""
        with self._turn:
            if not self._awaited:
                self.snapshot = replace(shown, message=self.message)

    def publish(
        self,
        trainer: Trainer,
        timeline: Timeline | None,
        look: Look,
        status: Mapping[str, Any],
        force: bool = False,
    ) -> None:
        """Publishes the present step, if it is time for that.

        Args:
            look: the pictures that are wanted.
            status: of the thread, as fields of a `Snapshot`.
            force: now, with new pictures.
        """
        now = time.perf_counter()
        are_due = force or self.pictures_due(now)
        if not are_due and now - self._published < NUMBERS_EVERY:
            return
        shown = replace(self.snapshot, **render.numbers(trainer, timeline), **status)  # the pictures stay until then
        if are_due:
            try:
                with np.errstate(all="ignore"):  # a run that has diverged is looked at, too
                    found = render.pictures(trainer, timeline, look, self.snapshot.output)
                shown = replace(shown, **found)
            except Exception as error:  # a picture that cannot be drawn is said, and takes nothing else with it
                fault = f"internal error in a view: {type(error).__name__}: {error}"
                shown = replace(shown, error=shown.error or fault)
            done = time.perf_counter()
            self._pictured = (done, done - now)
        self._published = now
        self.show(shown)


class Speed:
    """Steps per second of the training, measured anew every half second; NaN until they were."""

    def __init__(self) -> None:
        self.rate = math.nan
        self._since = 0.0
        self._steps = 0

    def begin(self) -> None:
        """Measures from now on; the last rate stays until there is a new one."""
        self._since, self._steps = time.perf_counter(), 0

    def count(self, taken: int) -> None:
        """Counts steps that were taken."""
        self._steps += taken
        spent = time.perf_counter() - self._since
        if spent > _MEASURED:
            self.rate = self._steps / spent
            self.begin()
