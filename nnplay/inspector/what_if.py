"""What-if in the inspector: edits of one step, gradient checks, and forks."""

from __future__ import annotations

import time
from collections.abc import Callable

from nnplay.errors import InputError, NnplayError
from nnplay.inspector.gradient_check import Checker
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import CheckLine
from nnplay.inspector.requests import SLICE, Requests
from nnplay.tape.override import Override
from nnplay.timeline.fork_run import ForkRun, drop_newest_fork
from nnplay.training.trainer import Trainer


class WhatIf:
    """The requests that change the step that is looked at, check its gradient, or run another branch.

    Args:
        requests: through which they go.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._checker: Checker | None = None

    # -- requests: the screen's thread -----------------------------------------------------------------------------

    def override(self, *items: Override) -> int:
        """Puts what-if edits in force."""
        return self._requests.ask(lambda inspector: inspector.override(*items))

    def units(self, path: str) -> int:
        """How many units a layer has; 0 where there is no such layer."""
        trainer = self._requests.worker.trainer
        layers = trainer.plan.layers if trainer is not None else ()
        return next((planned.plan.output[-1] for planned in layers if planned.path == path), 0)

    def weight(self, name: str, index: tuple[int, ...]) -> float:
        """The value that one weight has now; NaN where there is no such weight."""
        trainer = self._requests.worker.trainer
        weights = trainer.parameters().get(name) if trainer is not None else None
        return float("nan") if weights is None else float(weights[index])

    def undo(self) -> int:
        """Takes the last what-if edit back."""
        return self._requests.ask(self._undo)

    def check(self, names: tuple[str, ...], at: tuple[int, ...] | None) -> int:
        """Compares the gradient of parameters with finite differences; any newer request breaks it off."""
        return self._requests.send(lambda ticket: self._check(names, at, ticket))

    def fork(self, words: str) -> int:
        """Runs another branch from this step on, with one setting changed, as far as the run has come, at least 500."""
        return self._requests.send(lambda ticket: self._begin_fork(words, ticket))

    def finish_fork(self) -> None:
        """Ends the fork that is on its way where it stands."""
        self._requests.perform(self._requests.finish_fork)

    def end_fork(self) -> int:
        """Stops the fork that is on its way; or drops the newest one."""
        return self._requests.ask(self._end_fork)

    # -- what they do: the training thread ------------------------------------------------------------------------

    @staticmethod
    def _undo(inspector: Inspector) -> str:
        words = inspector.overrides[-1].words if inspector.overrides else ""
        inspector.overrides = tuple(item for item in inspector.overrides if item.words != words)
        inspector.begin_again()
        return f"undone: {words}"

    def _check(self, names: tuple[str, ...], at: tuple[int, ...] | None, ticket: int) -> None:
        """Checks once the float64 kernels are there; until then other commands get their turns."""
        if ticket != self._requests.newest:
            return
        message = error = ""
        try:
            checker = self._checker_of(self._requests.current()[0].trainer)
            if (compiling := checker.compiling) is not None and not compiling.wait(_turn()):
                self._requests.working(f"float64 for the gradient check: {compiling.words}; any move cancels it")
                self._requests.perform(lambda: self._check(names, at, ticket))
                return
            message = self._compare(checker, names, at)
        except NnplayError as problem:
            error, self._checker = problem.message, None  # the next check asks for its kernels anew
        self._requests.show(ticket, message, error)

    def _checker_of(self, trainer: Trainer) -> Checker:
        if self._checker is None or self._checker.trainer is not trainer:
            self._requests.working("checking against finite differences in float64")
            self._checker = Checker(trainer)
        return self._checker

    def _compare(self, checker: Checker, names: tuple[str, ...], at: tuple[int, ...] | None) -> str:
        lines = []
        for name in names:
            self._requests.working(f"checking {name} against finite differences")
            check = checker.check(name, at=at)
            worst = int(check.relative_error.argmax())
            index = tuple(int(part) for part in check.indices[worst])
            lines.append(
                CheckLine(
                    name, len(check.indices), check.worst, index, float(check.computed[worst]),
                    float(check.measured[worst]),
                )
            )  # fmt: skip
        self._requests.check = tuple(lines)
        worst_line = max(lines, key=lambda line: line.worst)
        return f"gradient check: largest relative error {worst_line.worst:.2g}, in {worst_line.name}"

    def _begin_fork(self, words: str, ticket: int) -> None:
        try:
            _, timeline = self._requests.current()
            segment_of = self._requests.run.controls.segment_of
            fork = ForkRun(timeline, words, segment_of, lambda text: self._requests.working(text))
        except NnplayError as problem:
            self._requests.show(ticket, "", problem.message)
            return
        self._requests.finish_fork()
        self._requests.fork = fork
        self._run_fork(fork, ticket)

    def _run_fork(self, fork: ForkRun, ticket: int) -> None:
        if fork is not self._requests.fork or self._requests.run.trainer is None:
            return
        begins = not fork.is_kept
        error = fork.train_for(SLICE)
        if begins and fork.is_kept:
            self._requests.run.controls.note_beside()
        if fork.ended or error:
            self._requests.finish_fork()
            self._requests.newest = max(self._requests.newest, ticket)
            saved = f"{fork.words}: at step {fork.step:,}; saved with the run" if fork.is_kept else ""
            self._requests.show(self._requests.newest, saved, error, compare=bool(saved))
            return
        compiling = fork.trainer.machine.awaited
        doing = f"step {fork.step:,} of {fork.until:,}" if compiling is None else compiling.words
        self._requests.working(f"{fork.words}: {doing}; X stops it")
        self._requests.perform(lambda: self._run_fork(fork, ticket))

    def _end_fork(self, inspector: Inspector) -> str:
        fork = self._requests.fork
        if fork is not None:
            self._requests.finish_fork()
            return f"{fork.words}: stopped at step {fork.step:,}"
        assert inspector.timeline is not None
        dropped = drop_newest_fork(inspector.timeline)
        self._requests.run.controls.note_beside()
        return dropped


def _turn() -> Callable[[], bool]:
    """What says that a turn of long work is over."""
    end = time.perf_counter() + SLICE
    return lambda: time.perf_counter() > end


def parse_value(text: str) -> float:
    """A number that a user typed.

    Raises:
        InputError: it is none.
    """
    try:
        return float(text.strip().replace("−", "-"))
    except ValueError:
        raise InputError(f"'{text}' is not a number", hint="as in 0.5 or -1e-3") from None
