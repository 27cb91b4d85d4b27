"""A sweep from its first trial to its last: what the sampler asks for is trained, kept, and told to the sampler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from nnplay.sweeps.results_file import ResultsFile
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome, Trial


class Executor(Protocol):
    """What trains trials."""

    def run(self, trials: Sequence[Trial]) -> Iterator[list[Outcome]]:
        """What comes of trials, some at a time, in no order."""

    def interrupt(self) -> None:
        """Somebody wants the sweep to stop: ends soon what can be ended; called from any thread."""

    def close(self) -> None:
        """Ends whatever it has started."""


def run_sweep(
    sweep: Sweep,
    executor: Executor,
    results: ResultsFile | None = None,
    after: Callable[[Sequence[Outcome], int], bool] = lambda new, asked: False,
) -> list[Outcome]:
    """Trains what is not trained yet; returns what came of every trial, in the order of the trials.

    Args:
        results: where outcomes are kept and looked up; None keeps them in memory only.
        after: called with new outcomes, and how many trials have been asked for so far; True ends the sweep early.

    Raises:
        NnplayError: the results cannot be kept.
    """
    known: dict[tuple[int, int], Outcome] = {} if results is None else results.outcomes
    choosing = sweep.sampler.record.choose(sweep, dict(sweep.sampler.values))
    every: list[Outcome] = []
    asked = 0
    trials: Sequence[Trial] = next(choosing, ())
    while trials:
        asked += len(trials)
        todo = [trial for trial in trials if trial.key not in known]
        if after((), asked):
            break
        stopped = not _train(executor, todo, known, results, partial(_ask, after, asked))
        found = [known[trial.key] for trial in trials if trial.key in known]
        every += found
        if stopped:
            break
        try:
            trials = choosing.send(found)
        except StopIteration:
            break
    return every


def _ask(after: Callable[[Sequence[Outcome], int], bool], asked: int, new: Sequence[Outcome]) -> bool:
    return after(new, asked)


def _train(
    executor: Executor,
    trials: Sequence[Trial],
    known: dict[tuple[int, int], Outcome],
    results: ResultsFile | None,
    after: Callable[[Sequence[Outcome]], bool],
) -> bool:
    """Trains trials; returns whether all of them were."""
    if not trials:
        return True
    running = executor.run(trials)
    try:
        for outcomes in running:
            if results is None:
                known.update({outcome.trial.key: outcome for outcome in outcomes})
            else:
                results.add(outcomes)
            if after(outcomes):
                return False
    finally:
        running.close()  # type: ignore[attr-defined]
    return all(trial.key in known for trial in trials)
