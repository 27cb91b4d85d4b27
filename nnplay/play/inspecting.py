"""The inspector behind the screen: questions go to the training thread, immutable views come back.

Everything that touches the trainer runs in the worker's thread. A newer question breaks off a long way through the
past; views are made for the newest question only, so that held-down keys do not pile up.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from nnplay import aside, holds
from nnplay.errors import InputError, NnplayError
from nnplay.gradient_check import Checker
from nnplay.inspector import Inspector
from nnplay.override import Override
from nnplay.play import forking
from nnplay.play.breakpoints import Breakpoint
from nnplay.play.forking import ForkRun
from nnplay.play.inspection import CheckLine, View, Wish
from nnplay.play.looking import Looking
from nnplay.scene import Look
from nnplay.timeline import Timeline
from nnplay.worker import Worker

#: Seconds that one turn of long work may take before other commands get theirs.
SLICE: Final = 0.03
TOLD_EVERY: Final = 0.1


class Inspecting:
    """The inspector of a worker's run.

    Args:
        worker: owns the trainer.
        seen: called in the worker's thread with each new view.
        working: called in the worker's thread with a sentence while something takes long.
    """

    def __init__(self, worker: Worker, seen: Callable[[View], None], working: Callable[[str], None]) -> None:
        self.worker, self.seen, self._working = worker, seen, working
        self._worked_at = 0.0
        self.wish = Wish()
        self._tickets = itertools.count(1)
        self._newest = 0
        self._inspector: Inspector | None = None
        self._looking = Looking()
        self._checker: Checker | None = None
        self._target: int | None = None
        self._check: tuple[CheckLine, ...] = ()
        self._fork: ForkRun | None = None
        self._rows: tuple[Any, ...] = ()
        self._rows_of: Any = None
        self._look: Look | None = None
        self.was_running = False

    def working(self, sentence: str) -> None:
        """Tells what takes long, at most ten times a second."""
        now = time.perf_counter()
        if now - self._worked_at >= TOLD_EVERY:
            self._worked_at = now
            self._working(sentence)

    # -- questions: the screen's thread ----------------------------------------------------------------------------

    def open(self) -> None:
        """Pauses the run and looks at the step that is next."""
        self.was_running = self.worker.will_run
        self._look, self.worker.look = self.worker.look, Look(None, 0, False)
        self.worker.pause()
        self.ask()

    def close(self) -> None:
        """Leaves everything as it is; goes on training if it was running when the inspector came and nothing moved."""
        if self._look is not None:
            self.worker.look = self._look
        going_on = self.was_running

        def leave(worker: Worker) -> None:
            if self._fork is not None and worker.trainer is not None:
                self._fork.keep(worker.trainer.history)
                self._fork = None
            if self._inspector is not None:
                self._inspector.leave()
            timeline = worker.timeline
            if going_on and timeline is not None and timeline.trainer.step == timeline.latest:
                worker.run()

        self._newest = next(self._tickets)
        self.worker.send(leave)

    def ask(self, do: Callable[[Inspector], str | None] | None = None, wish: Wish | None = None) -> int:
        """Does something with the inspector, in the worker's thread, and shows what there is then.

        Args:
            do: may return a message.

        Returns:
            The ticket that the view will bear.
        """
        if wish is not None:
            self.wish = wish
        ticket = self._newest = next(self._tickets)
        self.worker.send(lambda worker: self._answer(worker, do, ticket))
        return ticket

    def next(self) -> int:
        """Runs one row."""
        return self.ask(
            lambda inspector: self._told(inspector, len(inspector.rows) - 1 == inspector.at, inspector.next)
        )

    def previous(self) -> int:
        """Undoes one row; at the first, goes to the last row of the step before."""
        return self.ask(self._previous)

    def phase_end(self) -> int:
        """Runs to the end of the phase."""
        return self.ask(
            lambda inspector: self._told(inspector, inspector.rows[inspector.at].phase == "update", inspector.phase_end)
        )

    def to_row(self, row: int) -> int:
        """Makes a row of this step the next one to run."""

        def go(inspector: Inspector) -> None:
            inspector.to(row)

        return self.ask(go)

    def step(self, by: int) -> int:
        """So many steps forward or back; beyond the latest step new ones are trained."""
        return self.ask(lambda inspector: self._go(inspector, self._aim() + by, train=True))

    def epoch(self, by: int) -> int:
        """To the beginning of the next epoch, or of this or the one before."""

        def go(inspector: Inspector) -> str | None:
            trainer = inspector.trainer
            if by > 0:
                return self._go(inspector, trainer.step + trainer.batches - trainer.batch, train=True)
            return self._go(inspector, trainer.step - (trainer.batch or trainer.batches), train=False)

        return self.ask(go)

    def go(self, step: int) -> int:
        """To a step of the past, or the latest."""
        return self.ask(lambda inspector: self._go(inspector, step, train=False))

    def train_to(self, step: int) -> int:
        """To a step, training where it has not been reached yet."""
        return self.ask(lambda inspector: self._go(inspector, step, train=True))

    def hunt(self, breakpoint: Breakpoint) -> int:
        """Runs until the breakpoint holds; any other question breaks it off."""
        ticket = self._newest = next(self._tickets)
        self.worker.send(lambda worker: self._hunt(worker, breakpoint, ticket))
        return ticket

    def override(self, *items: Override) -> int:
        """Puts what-if edits in force."""
        return self.ask(lambda inspector: inspector.override(*items))

    def units(self, path: str) -> int:
        """How many units a layer has; 0 where there is no such layer."""
        trainer = self.worker.trainer
        steps = trainer.plan.steps if trainer is not None else ()
        return next((step.plan.output[-1] for step in steps if step.path == path), 0)

    def undo(self) -> int:
        """Takes the last what-if edit back."""
        return self.ask(self._undo)

    def check(self, names: tuple[str, ...], at: tuple[int, ...] | None) -> int:
        """Compares the gradient of parameters with finite differences."""
        return self.ask(lambda inspector: self._checked(inspector, names, at))

    def fork(self, words: str) -> int:
        """Runs another line from this step on, with one setting changed, as far as the run itself has come."""
        ticket = self._newest = next(self._tickets)
        self.worker.send(lambda worker: self._begin_fork(worker, words, ticket))
        return ticket

    def end_fork(self) -> int:
        """Stops the fork that is on its way; or lets the newest one go."""
        return self.ask(self._end_fork)

    # -- answers: the worker's thread ------------------------------------------------------------------------------

    def _both(self) -> tuple[Inspector, Timeline]:
        trainer, timeline = self.worker._both()
        inspector = self._inspector
        if inspector is None or inspector.trainer is not trainer or inspector.timeline is not timeline:
            inspector = self._inspector = Inspector(trainer, timeline)
        elif inspector.moved:
            inspector.renew()
        return inspector, timeline

    def _answer(self, worker: Worker, do: Callable[[Inspector], str | None] | None, ticket: int) -> None:
        message = error = ""
        try:
            inspector, _ = self._both()
            if do is not None:
                message = do(inspector) or ""
        except NnplayError as problem:
            error = problem.message
        self._show(ticket, message, error)

    def _show(self, ticket: int, message: str, error: str, *, compare: bool = False) -> None:
        """Makes the view, unless a newer question waits; what there is to say is never left out."""
        if ticket != self._newest and not (message or error):
            return
        try:
            inspector, timeline = self._both()
            view = self._view(inspector, timeline)
        except NnplayError as problem:
            self.working(problem.message)
            return
        self.seen(replace(view, message=message, error=error, compare=compare, ticket=ticket))

    def _view(self, inspector: Inspector, timeline: Timeline) -> View:
        trainer = inspector.trainer
        if self._rows_of != (id(inspector.machine), inspector.n):
            self._rows, self._rows_of = tuple(inspector.views()), (id(inspector.machine), inspector.n)
        return View(
            step=trainer.step,
            epoch=trainer.epoch,
            batch=trainer.batch,
            batches=trainer.batches,
            lr=trainer.lr,
            first=timeline.first,
            latest=timeline.latest,
            rows=self._rows,
            at=inspector.at,
            detail=self._looking.detail(inspector, self.wish),
            parameters=tuple(inspector.trained),
            overrides=tuple(dict.fromkeys(item.words for item in inspector.overrides)),
            held=holds.words(trainer.setup.silent, trainer.setup.frozen),
            journal=tuple((change.step, change.words) for change in timeline.changes),
            check=self._check,
            forks=(forks := forking.shown(trainer.history, self._fork)),
            run=trainer.history["loss"].copy() if forks and "loss" in trainer.history else None,
        )

    # -- what questions do -----------------------------------------------------------------------------------------

    def _told(self, inspector: Inspector, ends: bool, move: Callable[[], int]) -> str | None:
        """Moves; says when the end of a step with edits let later steps go."""
        self._target = None
        later = 0
        if ends and inspector.overrides and inspector.timeline is not None:
            later = inspector.timeline.latest - inspector.trainer.step - 1
        move()
        return f"the {later:,} steps after this one were let go" if later > 0 else None

    def _previous(self, inspector: Inspector) -> str | None:
        if inspector.at > 0:
            inspector.previous()
            return None
        if inspector.timeline is not None and inspector.trainer.step <= inspector.timeline.first:
            return "this is the first row of the first step that can be reached"
        said = self._go(inspector, inspector.trainer.step - 1, train=False)
        inspector.to(len(inspector.rows) - 1)
        return said

    def _aim(self) -> int:
        trainer, _ = self.worker._both()
        return trainer.step if self._target is None else self._target

    def _go(self, inspector: Inspector, step: int, *, train: bool) -> str | None:
        """Goes to a step: a newer question breaks it off and goes on from the step that was aimed at."""
        timeline, trainer, ticket = inspector.timeline, inspector.trainer, self._newest
        assert timeline is not None
        self._check = ()
        if train and trainer.step == timeline.latest and step > trainer.step:
            return self._train(inspector, step)
        wanted = min(max(step, timeline.first), timeline.latest)
        self._target = wanted
        began = time.perf_counter()

        def progress(done: int, to_do: int) -> bool:
            timeline.trainer.machine.stop[0] = 0
            if time.perf_counter() - began > 0.1:
                self.working(f"going to step {wanted:,}: {100 * done // max(1, to_do)} %")
            return self._newest != ticket

        timeline.go(wanted, progress)
        self.worker.travelled(trainer)
        arrived = timeline.trainer.step == wanted
        self._target = None if arrived else self._target
        inspector.begin()
        if train and step > wanted and arrived:
            return self._train(inspector, step)
        return "this is the latest step" if step > wanted else "this is the first step" if step < wanted else None

    def _train(self, inspector: Inspector, step: int) -> str | None:
        ticket = self._newest
        while inspector.trainer.step < step and self._newest == ticket:
            if inspector.overrides:
                inspector.finish()
                continue
            inspector.machine.stop[0] = 0
            inspector.trainer.advance(step - inspector.trainer.step)
            if inspector.timeline is not None:
                inspector.timeline.note()
            self.working(f"training to step {step:,}: at {inspector.trainer.step:,}")
        self._target = None
        inspector.begin()
        return None

    def _hunt(self, worker: Worker, breakpoint: Breakpoint, ticket: int) -> None:
        """One turn of a run to a breakpoint; the next turn is sent as a command of its own."""
        if ticket != self._newest:
            return
        try:
            inspector, _ = self._both()
            said = breakpoint.turn(inspector, time.perf_counter() + SLICE)
        except NnplayError as problem:
            self._show(ticket, "", f"stopped before the step that does it: {problem.message}")
            return
        if said:
            self._target = None
            self._show(ticket, said, "")
        else:
            self.working(f"running until {breakpoint.words}: at step {inspector.trainer.step:,}; any key stops")
            worker.send(lambda worker: self._hunt(worker, breakpoint, ticket))

    @staticmethod
    def _undo(inspector: Inspector) -> str:
        words = inspector.overrides[-1].words if inspector.overrides else ""
        inspector.overrides = tuple(item for item in inspector.overrides if item.words != words)
        inspector.begin_again()
        return f"taken back: {words}"

    def _checked(self, inspector: Inspector, names: tuple[str, ...], at: tuple[int, ...] | None) -> str:
        trainer = inspector.trainer
        self._working("checking against finite differences in float64")
        if self._checker is None or self._checker.trainer is not trainer:
            self._checker = Checker(
                trainer, lambda done, total, name: self.working(f"float64 kernels: {done} of {total}")
            )
        lines = []
        for name in names:
            self.working(f"checking {name} against finite differences")
            check = self._checker.check(name, at=at)
            worst = int(check.relative_error.argmax())
            index = tuple(int(part) for part in check.indices[worst])
            lines.append(
                CheckLine(
                    name, len(check.indices), check.worst, index, float(check.computed[worst]),
                    float(check.measured[worst]),
                )
            )  # fmt: skip
        self._check = tuple(lines)
        worst_line = max(lines, key=lambda line: line.worst)
        return f"gradient check: largest relative error {worst_line.worst:.2g}, in {worst_line.name}"

    def _begin_fork(self, worker: Worker, words: str, ticket: int) -> None:
        try:
            inspector, timeline = self._both()
            fork = ForkRun(inspector.trainer, words, timeline.latest, lambda text: self.working(text))
        except NnplayError as problem:
            self._show(ticket, "", problem.message)
            return
        self._fork = fork
        self._run_fork(worker, fork, ticket)

    def _run_fork(self, worker: Worker, fork: ForkRun, ticket: int) -> None:
        if fork is not self._fork or worker.trainer is None:
            return
        error = fork.turn(SLICE)
        if fork.ended or error:
            fork.keep(worker.trainer.history)
            self._fork = None
            self._newest = max(self._newest, ticket)
            self._show(self._newest, f"{fork.words}: as far as the run itself; saved with the run", error, compare=True)
            return
        self.working(f"{fork.words}: step {fork.at:,} of {fork.until:,}; X stops it")
        worker.send(lambda worker: self._run_fork(worker, fork, ticket))

    def _end_fork(self, inspector: Inspector) -> str:
        history, fork = inspector.trainer.history, self._fork
        if fork is not None:
            fork.keep(history)
            self._fork = None
            return f"{fork.words}: stopped at step {fork.at:,}"
        names = forking.forks_in(history)
        if not names:
            return "there is no fork"
        history.drop(names[-1])
        return f"let go: {aside.told(names[-1])[1]}"


def parse_value(text: str) -> float:
    """A number that a user typed.

    Raises:
        InputError: it is none.
    """
    try:
        return float(text.strip().replace("−", "-"))
    except ValueError:
        raise InputError(f"'{text}' is not a number", hint="as in 0.5 or -1e-3") from None
