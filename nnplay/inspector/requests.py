"""Requests to the inspector: they go to the training thread, and immutable views come back.

Everything that touches the trainer runs in the training thread. A newer request breaks off a long way through the
past; views are made for the newest request only, so that held-down keys do not pile up.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from nnplay.errors import NnplayError
from nnplay.inspector.detail import Looking
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import CheckLine, View, Wish
from nnplay.network import silenced_frozen
from nnplay.run.render import Look
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker
from nnplay.timeline.branches import describe_branch
from nnplay.timeline.fork_run import ForkRun, branch_curves
from nnplay.timeline.timeline import Timeline

#: Seconds that one turn of long work may take before other commands get theirs.
SLICE: Final = 0.03
TOLD_EVERY: Final = 0.1


class Requests:
    """What the screen asks of one step of a worker's run, in turn, and the views that come back.

    Args:
        worker: asks the thread that owns the trainer.
        seen: called in the training thread with each new view.
        working: called in the training thread with a sentence while something takes long.

    Attributes:
        wish: what is to be shown of the row under the cursor.
        newest: ticket of the newest request; older ones are broken off.
        check, fork: the gradient check and the running fork that a view shows; only the training thread sets them.
    """

    def __init__(self, worker: Worker, seen: Callable[[View], None], working: Callable[[str], None]) -> None:
        self.worker, self.seen, self._working = worker, seen, working
        self._worked_at = 0.0
        self._run: TrainingThread | None = None
        self.wish = Wish()
        self._tickets = itertools.count(1)
        self.newest = self._answered = 0
        self._inspector: Inspector | None = None
        self._looking = Looking()
        self.check: tuple[CheckLine, ...] = ()
        self.fork: ForkRun | None = None
        self._rows: tuple[Any, ...] = ()
        self._rows_of: Any = None
        self._look: Look | None = None
        self.was_running = False
        self._visit: tuple[int, int] | None = None

    def working(self, sentence: str) -> None:
        """Tells what takes long, at most ten times a second."""
        now = time.perf_counter()
        if now - self._worked_at >= TOLD_EVERY:
            self._worked_at = now
            self._working(sentence)

    # -- requests: the screen's thread -----------------------------------------------------------------------------

    def open(self, step: int | None = None) -> None:
        """Pauses the run and looks at the step that is next.

        Args:
            step: a visit to another step is to follow: whoever leaves from there finds the run where it stands now.
        """
        self.was_running = self.worker.will_run
        controls = self.worker.controls
        self._look, controls.look = controls.look, Look(None, 0, False)
        self.worker.pause()
        if step is None:
            self.ask()
        else:
            self.perform(lambda: self._note_visit(step))

    def _note_visit(self, step: int) -> None:
        """In the training thread: notes where a visit to a step of the past sets out from."""
        trainer, _ = self.run.require_run()
        self._visit = step, trainer.step

    def close(self) -> None:
        """Leaves everything as it is; goes on training if it was running when the inspector came and nothing moved."""
        if self._look is not None:
            self.worker.controls.look = self._look
        going_on = self.was_running

        def leave() -> None:
            self.finish_fork()
            if self._inspector is not None:
                self._inspector.leave()
            timeline = self.run.timeline
            stands = -1 if timeline is None else timeline.trainer.step
            if self._visit is not None and stands == self._visit[0] != self._visit[1]:
                stands = self._visit[1]
                self.run.go_to(stands)
            if going_on and timeline is not None and stands == timeline.latest:
                self.worker.run()

        self.newest = next(self._tickets)
        self.perform(leave)

    def ask(self, do: Callable[[Inspector], str | None] | None = None, wish: Wish | None = None) -> int:
        """Does something with the inspector, in the training thread, and shows what there is then.

        Args:
            do: may return a message.

        Returns:
            The ticket that the view will bear.
        """
        if wish is not None:
            self.wish = wish
        return self.send(lambda ticket: self._answer(do, ticket))

    def fit(self, wish: Wish) -> None:
        """Shows again what there is, in another room: this is no question, and breaks nothing off.

        Args:
            wish: what is wanted in that room.
        """
        self.wish = wish
        self.perform(self._show_again)

    def send(self, command: Callable[[int], None]) -> int:
        """Runs `command(ticket)` in the training thread; returns the ticket, the newest from now on."""
        ticket = self.newest = next(self._tickets)
        self.perform(lambda: command(ticket))
        return ticket

    def perform(self, command: Callable[[], None]) -> None:
        """Runs a command in the training thread, where `run` is at hand."""

        def perform(run: TrainingThread) -> None:
            self._run = run
            try:
                command()
            finally:
                self._run = None

        self.worker.send(perform)

    # -- answers: the training thread ------------------------------------------------------------------------------

    @property
    def run(self) -> TrainingThread:
        """The training thread's side of the worker, while one of its commands runs."""
        assert self._run is not None, "only a command may change the run"
        return self._run

    def current(self) -> tuple[Inspector, Timeline]:
        """The inspector of the step at which the run stands, and the run's timeline."""
        trainer, timeline = self.run.require_run()
        inspector = self._inspector
        if inspector is None or inspector.trainer is not trainer or inspector.timeline is not timeline:
            inspector = self._inspector = Inspector(trainer, timeline)
        elif inspector.moved:
            inspector.renew()
        return inspector, timeline

    def finish_fork(self) -> None:
        """Ends the fork that is on its way, if there is one; its branch lies beside the run as far as it has come."""
        if self.fork is not None:
            self.fork.finish()
            if self.fork.is_kept:
                self.run.controls.note_beside()
            self.fork = None

    def _answer(self, do: Callable[[Inspector], str | None] | None, ticket: int) -> None:
        message = error = ""
        try:
            inspector, _ = self.current()
            if do is not None:
                message = do(inspector) or ""
        except NnplayError as problem:
            error = problem.message
        self.show(ticket, message, error)

    def show(self, ticket: int, message: str, error: str, *, compare: bool = False) -> None:
        """Makes the view, unless a newer question waits; what there is to say is never left out."""
        if ticket != self.newest and not (message or error):
            return
        try:
            inspector, timeline = self.current()
            view = self._view(inspector, timeline)
        except NnplayError as problem:
            self.working(problem.message)
            return
        self._answered = ticket
        self.seen(replace(view, message=message, error=error, compare=compare, ticket=ticket))

    def _show_again(self) -> None:
        if self._answered == self.newest:  # an answer that is still to come shows what is wanted by then
            self.show(self.newest, "", "")

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
            held=(*silenced_frozen.words(trainer.settings.silent, trainer.settings.frozen), *inspector.batch_words),
            changes=tuple((change.step, change.words) for change in timeline.changes),
            check=self.check,
            branch=describe_branch(timeline.words, timeline.forked_at) if timeline.words else "",
            forks=(forks := branch_curves(trainer.history, self.fork)),
            run=trainer.history["loss"].copy() if forks and "loss" in trainer.history else None,
        )
