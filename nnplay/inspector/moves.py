"""Moves through the run in the inspector: rows, steps, epochs, back in time, and on to a breakpoint."""

from __future__ import annotations

import time
from collections.abc import Callable

from nnplay.errors import NnplayError
from nnplay.inspector.breakpoints import Breakpoint
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.requests import SLICE, TOLD_EVERY, Requests
from nnplay.timeline.branches import describe_left
from nnplay.training.driver import Driver


class Moves:
    """The requests that take the run to another row or step.

    Args:
        requests: through which they go.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._target: int | None = None

    # -- requests: the screen's thread -----------------------------------------------------------------------------

    def next(self) -> int:
        """Runs one row."""
        return self._requests.ask(lambda inspector: self._move(inspector, inspector.next))

    def previous(self) -> int:
        """Undoes one row; at the first, goes to the last row of the step before."""
        return self._requests.ask(self._previous)

    def phase_end(self) -> int:
        """Runs to the end of the phase."""
        return self._requests.ask(lambda inspector: self._move(inspector, inspector.phase_end))

    def to_row(self, row: int) -> int:
        """Makes a row of this step the next one to run."""

        def go(inspector: Inspector) -> None:
            inspector.to(row)

        return self._requests.ask(go)

    def step(self, by: int) -> int:
        """So many steps forward or back; beyond the latest step new ones are trained."""
        return self._requests.ask(lambda inspector: self._go_to(inspector, self._aim() + by, train=True))

    def epoch(self, by: int) -> int:
        """To the beginning of the next epoch, or of this or the one before."""

        def go(inspector: Inspector) -> str | None:
            trainer = inspector.trainer
            if by > 0:
                return self._go_to(inspector, trainer.step + trainer.batches - trainer.batch, train=True)
            return self._go_to(inspector, trainer.step - (trainer.batch or trainer.batches), train=False)

        return self._requests.ask(go)

    def go(self, step: int) -> int:
        """To where so many steps have been taken: in the past, or the latest."""
        return self._requests.ask(lambda inspector: self._go_to(inspector, step, train=False))

    def train_to(self, step: int) -> int:
        """To where so many steps have been taken, training on where it takes that; the next one is shown."""
        return self._requests.ask(lambda inspector: self._go_to(inspector, step, train=True))

    def hunt(self, breakpoint: Breakpoint) -> int:
        """Runs until the breakpoint holds; any other question breaks it off."""
        return self._requests.send(lambda ticket: self._hunt(breakpoint, ticket))

    # -- what they do: the training thread ------------------------------------------------------------------------

    def _move(self, inspector: Inspector, move: Callable[[], int]) -> str | None:
        """Moves; says when the end of a step with edits has left the later steps as a branch."""
        self._target, inspector.left = None, None
        move()
        return describe_left(inspector.left) if inspector.left is not None else None

    def _previous(self, inspector: Inspector) -> str | None:
        if inspector.at > 0:
            inspector.previous()
            return None
        if inspector.timeline is not None and inspector.trainer.step <= inspector.timeline.first:
            return "this is the first row of the earliest step kept"
        sentence = self._go_to(inspector, inspector.trainer.step - 1, train=False)
        inspector.to(len(inspector.rows) - 1)
        return sentence

    def _aim(self) -> int:
        trainer, _ = self._requests.run.require_run()
        return trainer.step if self._target is None else self._target

    def _go_to(self, inspector: Inspector, step: int, *, train: bool) -> str | None:
        """Goes to a step: a newer question breaks it off and goes on from the step that was aimed at."""
        timeline, trainer, ticket = inspector.timeline, inspector.trainer, self._requests.newest
        assert timeline is not None
        self._requests.check = ()
        if train and trainer.step == timeline.latest and step > trainer.step:
            return self._train(inspector, step)
        wanted = min(max(step, timeline.first), timeline.latest)
        self._target = wanted
        began = time.perf_counter()

        def progress(done: int, to_do: int) -> bool:
            timeline.trainer.machine.stop = False
            if time.perf_counter() - began > TOLD_EVERY:
                self._requests.working(f"going to step {wanted + 1:,}: {100 * done // max(1, to_do)} %")
            return self._requests.newest != ticket

        self._requests.run.note_departure(wanted)
        timeline.go_to(wanted, progress)
        self._requests.run.note_travel(trainer)
        arrived = timeline.trainer.step == wanted
        self._target = None if arrived else self._target
        inspector.begin()
        if train and step > wanted and arrived:
            return self._train(inspector, step)
        return (
            "this is the next step; there are none after it yet"
            if step > wanted
            else "this is the first step"
            if step < wanted
            else None
        )

    def _train(self, inspector: Inspector, step: int) -> str | None:
        inspector.require_kernels()
        ticket, timeline = self._requests.newest, inspector.timeline
        assert timeline is not None
        while inspector.overrides and inspector.trainer.step < step and self._requests.newest == ticket:
            inspector.finish()
        driver = Driver(inspector.trainer, step, advance=timeline.advance)
        while not driver.arrived and self._requests.newest == ticket:
            inspector.machine.stop = False
            driver.turn()
            self._requests.working(f"training to step {step + 1:,}: at step {inspector.trainer.step:,}")
        self._target = None
        inspector.begin()
        return None

    def _hunt(self, breakpoint: Breakpoint, ticket: int) -> None:
        """One turn of a run to a breakpoint; the next turn is sent as a command of its own."""
        if ticket != self._requests.newest:
            return
        try:
            inspector, _ = self._requests.current()
            sentence = breakpoint.turn(inspector, time.perf_counter() + SLICE)
        except NnplayError as problem:
            self._requests.show(ticket, "", f"stopped before the step where it happens: {problem.message}")
            return
        if sentence:
            self._target = None
            self._requests.show(ticket, sentence, "")
        else:
            self._requests.working(
                f"running until {breakpoint.words}: at step {inspector.trainer.step:,}; any key stops it"
            )
            self._requests.perform(lambda: self._hunt(breakpoint, ticket))
