"""Running the training: start, pause, one batch, one epoch, back and forth in time, speed."""

from __future__ import annotations

from typing import Final

from textual import on

from nnplay.run.speed_limit import EASED, FULL, SpeedLimit
from nnplay.tui.commands.shell import Shell
from nnplay.tui.widgets.timeline_bar import Scrub

SPEED_LIMITS = (*(SpeedLimit(start) for start in (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)), EASED, FULL)
"""What `+` and `-` go through."""
_JUMPS: Final = 20
"""Jumps from one end of the run to the other."""


class TrainingActions(Shell):
    """The actions of the group Training."""

    _speed_limit = SPEED_LIMITS.index(EASED)

    def action_toggle_run(self) -> None:
        """Start or pause."""
        if self._backend.will_run:
            self._backend.pause()
        else:
            self.say("")
            self._backend.run()
        self.tell_intent()

    def action_batch(self) -> None:
        """One batch."""
        self.say("")
        self._backend.batch()

    def action_step_back(self) -> None:
        """One batch back."""
        self.say("")
        self._backend.back()

    def action_epoch(self) -> None:
        """To the end of the epoch."""
        self.say("")
        self._backend.epoch()

    def action_rewind(self) -> None:
        """The same initial weights again."""
        self._backend.rewind()

    def action_reseed(self) -> None:
        """Other initial weights."""
        self.attempt(self._backend.reseed)
        self.refill()

    def action_latest(self) -> None:
        """Forth to the newest step that the run has reached."""
        self.say("")
        self._backend.goto("step", self._backend.snapshot.latest)

    def action_jump(self, by: int) -> None:
        """A twentieth of the run back or forth."""
        now = self._backend.snapshot
        stride = max(1, (now.latest - now.first) // _JUMPS)
        if now.latest > now.first:
            self._travel_to(now.step + by * stride)

    @on(Scrub.Wanted)
    def _scrubbed(self, event: Scrub.Wanted) -> None:
        self._travel_to(event.step)

    def _travel_to(self, step: int) -> None:
        now = self._backend.snapshot
        self.say("")  # what was said belongs to another step, and may lie over the bar
        self._backend.goto("step", min(max(step, now.first), now.latest))

    def action_speed(self, by: int) -> None:
        """Faster or slower."""
        self._speed_limit = min(len(SPEED_LIMITS) - 1, max(0, self._speed_limit + by))
        limit = SPEED_LIMITS[self._speed_limit]
        self._backend.limit_speed(limit)
        self.say(f"speed: {limit.words()}")
