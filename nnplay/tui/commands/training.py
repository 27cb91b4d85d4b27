"""Running the training: start, pause, one batch, one epoch, back and forth in time, speed."""

from __future__ import annotations

from typing import Final

from nnplay.run.speed_limit import EASED, FULL, SpeedLimit
from nnplay.tui.backend import Backend
from nnplay.tui.commands.messages import Messages, RunMessages
from nnplay.tui.main_screen import MainScreen

SPEED_LIMITS = (*(SpeedLimit(start) for start in (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)), EASED, FULL)
"""What `+` and `-` go through."""
_JUMPS: Final = 20
"""Jumps from one end of the run to the other."""


class TrainingActions:
    """The actions of the group Training.

    Args:
        backend: the run.
        main: shows the settings that the run begins anew with.
        messages: cleared by what leads to another step; show what a new seed or a speed is.
        run_messages: say what was asked of a run that cannot answer yet.
    """

    def __init__(self, backend: Backend, main: MainScreen, messages: Messages, run_messages: RunMessages) -> None:
        self._backend, self._main, self._messages, self._run_messages = backend, main, messages, run_messages
        self._speed_limit = SPEED_LIMITS.index(EASED)

    def toggle_run(self) -> None:
        """Start or pause."""
        if self._backend.will_run:
            self._backend.pause()
        else:
            self._messages.say("")
            self._backend.run()
        self._run_messages.tell_intent()

    def train_batch(self) -> None:
        """Train on one batch."""
        self._messages.say("")
        self._backend.batch()

    def step_back(self) -> None:
        """Take one batch back."""
        self._messages.say("")
        self._backend.back()

    def train_epoch(self) -> None:
        """Train to the end of the epoch."""
        self._messages.say("")
        self._backend.epoch()

    def rewind(self) -> None:
        """Begin again from the same initial weights."""
        self._backend.rewind()

    def reseed(self) -> None:
        """Begin again from other initial weights."""
        self._messages.attempt(self._backend.reseed)
        self._main.show_settings()

    def go_to_latest(self) -> None:
        """Go to the latest step that the run has reached."""
        now = self._backend.snapshot
        if now.step >= now.latest and not now.running:
            self._messages.say("this is already the latest step")
            return
        self._messages.say("")
        self._backend.goto("step", now.latest)

    def jump(self, by: int) -> None:
        """Go a twentieth of the run back or forth."""
        now = self._backend.snapshot
        stride = max(1, (now.latest - now.first) // _JUMPS)
        if now.latest <= now.first:
            self._messages.say("nothing to go back to yet: train first")
        elif now.step == (now.first if by < 0 else now.latest) and not now.running:
            self._messages.say(f"this is the {'earliest step kept' if by < 0 else 'latest step'}")
        else:
            self.travel_to(now.step + by * stride)

    def travel_to(self, step: int) -> None:
        """Go to a step, or to the end of the run that lies nearer to it."""
        now = self._backend.snapshot
        self._messages.say("")  # what stands there belongs to another step, and may lie over the timeline
        self._backend.goto("step", min(max(step, now.first), now.latest))

    def change_speed(self, by: int) -> None:
        """Train faster or slower."""
        self._speed_limit = min(len(SPEED_LIMITS) - 1, max(0, self._speed_limit + by))
        limit = SPEED_LIMITS[self._speed_limit]
        self._backend.limit_speed(limit)
        self._messages.say(f"speed: {limit.words()}")
