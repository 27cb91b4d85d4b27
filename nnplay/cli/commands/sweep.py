"""`nnplay sweep`: trains a network many times with some settings changed, and says which were best."""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from nnplay.cli.interrupt import Ending, Interrupt, without_terminal
from nnplay.cli.parser import Parser
from nnplay.cli.progress import Watcher, watcher
from nnplay.cli.run_flags import add_run_flags, run_config
from nnplay.cli.source import base_table, is_sweep
from nnplay.data.progress import report_to
from nnplay.errors import InputError
from nnplay.fields import REQUIRED, integer
from nnplay.system.paths import shown, user_path
from nnplay.text import clean, counted

if TYPE_CHECKING:
    from nnplay.data.split import Split
    from nnplay.sweeps.run_sweep import Executor
    from nnplay.sweeps.sweep import Sweep
    from nnplay.sweeps.trial import Outcome

ABOUT: Final = "Train many variants of a network, and compare them"
_MORE: Final = """\
examples:
  nnplay sweep spiral --set "optimizer.lr=log(1e-4,1e-1)" --set layers.width=8,16,32 --trials 1000
  nnplay sweep iris --set seed=1..20                                  twenty seeds of one run
  nnplay sweep my.toml --set optimizer=sgd,adam --set "training.l2=0,0.01" --sampler grid
  nnplay sweep digits8 --set "optimizer.lr=log(1e-3,1)" --sampler halving --trials 200
  nnplay sweep spiral --set "optimizer.lr=log(1e-4,1)" --cluster tcp://host:8786
  nnplay sweep spiral-sweep.jsonl                                     what the file of a sweep holds
  nnplay sweep spiral-sweep.jsonl --trial 17 > best.toml              the run of one trial

A setting is section.key as in a TOML file, a field of the data set, or layers.width, layers.depth, layers.activation.
Its values are listed (8,16,32 or 1..20), or a range: uniform(0,1), log(1e-4,1e-1), int(4,64); a third number is how
many a grid takes. Results are kept in a file after every trial; the same command goes on where it was stopped.

Exit status: 0 done, 2 invalid input, 130 stopped by Ctrl+C, 129 or 143 ended by a closed terminal or SIGTERM.
"""
_INTERRUPTED: Final = 130


def run(words: Sequence[str]) -> int:
    """Trains, or shows what was trained."""
    options = _options(words)
    if is_sweep(options.source):
        return _show(options)
    if not options.set:
        _refuse_without_axes(options.source)
    from nnplay.sweeps.results_file import ResultsFile, usual_name
    from nnplay.sweeps.run_sweep import run_sweep

    watching = watcher(silent=options.json)
    with contextlib.ExitStack() as until_done:
        until_done.callback(watching.close)
        with report_to(watching.reading):
            sweep, split = _plan(options)
        executor = _executor(options, sweep, split)
        until_done.callback(executor.close)
        results = until_done.enter_context(ResultsFile(options.out or usual_name(options.source), sweep))
        kept = len(results.outcomes)
        if kept and not options.json:
            verb = "is" if kept == 1 else "are"
            print(f"{counted(kept, 'trial')} {verb} already in {shown(results.path)}; going on")
        interrupt, ending = (
            until_done.enter_context(Interrupt(partial(_stop_soon, executor))),
            until_done.enter_context(Ending()),
        )
        follow = _Follower(sweep, watching, lambda: interrupt.asked or bool(ending.status))
        outcomes = run_sweep(sweep, executor, results, follow)
        watching.close()
        if ending.status:
            return without_terminal(ending.status)
    _say(options, sweep, outcomes)
    if not options.json:
        print(_kept_words(len(outcomes), follow.asked_for, shown(results.path), stopped=interrupt.asked))
    return _INTERRUPTED if interrupt.asked else 0


def _stop_soon(executor: Executor) -> None:
    """Answers Ctrl+C at once; the trials that train now are left, and trained anew when the sweep goes on."""
    with contextlib.suppress(OSError):  # in a signal handler: the stream itself may be in the middle of a line
        os.write(2, b"\nstopping; Ctrl+C again ends at once\n")
    executor.interrupt()


def _kept_words(count: int, asked: int, path: str, *, stopped: bool) -> str:
    """Where the trials are; of a sweep that was stopped how many, and how it goes on."""
    if stopped:
        return f"stopped: {count:,} of {counted(asked, 'trial')} in {path}; the same command goes on"
    return f"all {counted(count, 'trial')} are in {path}" if count != 1 else f"the trial is in {path}"


class _Follower:
    """Shows how far a sweep is, and its best trial so far; says when to end it.

    Attributes:
        asked_for: trials that the sampler has asked for so far.
    """

    def __init__(self, sweep: Sweep, watching: Watcher, asked: Callable[[], bool]) -> None:
        self._sweep, self._watching, self._asked = sweep, watching, asked
        self._goal = sweep.objectives[0]
        self._done = self.asked_for = 0
        self._best: Outcome | None = None

    def __call__(self, new: Sequence[Outcome], asked_for: int) -> bool:
        from nnplay.cli.sweep_text import best_words

        self._done, self.asked_for = self._done + len(new), asked_for
        for outcome in new:
            if self._best is None or self._goal.cost(outcome) < self._goal.cost(self._best):
                self._best = outcome
        self._watching.show_trials(self._done, asked_for, best_words(self._sweep, self._best))
        return self._asked()


def _options(words: Sequence[str]) -> Namespace:
    parser = Parser("sweep", ABOUT, epilog=_MORE, usage="nnplay sweep DATA --set SETTING=VALUES [options]")
    parser.add_argument("source", metavar="DATA", help="what nnplay train takes, or the results file of a sweep")
    parser.add_argument("--trials", metavar="N", help="how many variants to try (default 100, or the whole grid)")
    parser.add_argument("--sampler", metavar="NAME", help="random, grid, sobol, halving, hyperband or optuna")
    parser.add_argument(
        "--objective", metavar="NAME", help="accuracy, loss, r2, seconds, parameters … (several by commas)"
    )
    parser.add_argument("--out", metavar="PATH", help="file of the results (default: DATA-sweep.jsonl)")
    parser.add_argument("--workers", metavar="N", help="threads that train (default: one for each core)")
    parser.add_argument("--processes", action="store_true", help="train in processes instead of threads")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="train on a Dask cluster: local, ssh://a,b or tcp://host:8786"
    )
    parser.add_argument("--sweep-seed", metavar="N", help="seed of the values that are drawn (default 0)")
    parser.add_argument("--top", metavar="N", help="how many of the best trials to print (default 10)")
    parser.add_argument("--trial", metavar="N", help="of a results file: print the run of this trial as TOML")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else, for scripts")
    add_run_flags(parser)
    return parser.read(words)


def _plan(options: Namespace) -> tuple[Sweep, Split]:
    from nnplay.sweeps.axis import parse_axis
    from nnplay.sweeps.sweep import MOST_TRIALS, plan_sweep

    axes = [text for text in options.set if len(parse_axis(text).ends) > 1]
    options.set = [text for text in options.set if text not in axes]
    run = run_config(base_table(options.source), options)
    return plan_sweep(
        run,
        axes,
        options.sampler or "",
        _count("trials", options.trials, 1, MOST_TRIALS),
        options.objective or "",
        _count("sweep-seed", options.sweep_seed, most=2**62),
    )


def _refuse_without_axes(source: str) -> None:
    """Says which of the two was meant that a source alone can be: a results file, or data of which nothing varies.

    Raises:
        InputError: always.
    """
    path = user_path(source)
    if path.is_file() and path.suffix.lower() != ".toml":
        hint = "to train a sweep on it, give --set SETTING=VALUES"
        raise InputError("is not the results file of a sweep", where=shown(path), hint=hint)
    raise InputError("a sweep changes at least one setting", where="--set", hint="--set optimizer.lr=0.1,0.01")


def _executor(options: Namespace, sweep: Sweep, split: Split) -> Executor:
    workers = _count("workers", options.workers, 1, 1024)
    if options.cluster is not None:
        if options.processes or workers:
            other = "--processes" if options.processes else "--workers"
            raise InputError(f"--cluster and {other} cannot be given together", hint="a cluster has its own workers")
        from nnplay.sweeps.executors.dask_cluster import DaskExecutor

        return DaskExecutor(sweep, split, options.cluster)
    if options.processes:
        from nnplay.sweeps.executors.processes import ProcessExecutor

        return ProcessExecutor(sweep, split, workers)
    from nnplay.sweeps.executors.threads import ThreadExecutor

    return ThreadExecutor(sweep, split, workers)


def _count(name: str, typed: str | None, least: int = 0, most: int = 2**31) -> int:
    """A whole number; 0 where nothing was typed."""
    if typed is None:
        return 0
    found: int = integer(f"--{name}", REQUIRED, "a count", low=least, high=most).read(typed)
    return found


def _show(options: Namespace) -> int:
    from nnplay.sweeps.results_file import read_results

    sweep, outcomes = read_results(options.source)
    if options.trial is None:
        _say(options, sweep, outcomes)
        return 0
    number = _count("trial", options.trial)
    found = [outcome for outcome in outcomes if outcome.trial.number == number]
    if not found:
        raise InputError(f"holds no trial {number}", where=options.source, hint=f"it holds {len(outcomes):,} trials")
    from nnplay.session.toml_text import toml_text

    run = sweep.run_of(found[-1].trial.settings)
    print(toml_text(run.to_dict()), end="")
    if (end := found[-1].end) in ("refused", "lost"):
        words = "could not be trained" if end == "refused" else "was given up"
        print(f"nnplay: trial {number} {words}: {clean(found[-1].reason, limit=200)}", file=sys.stderr)
    return 0


def _say(options: Namespace, sweep: Sweep, outcomes: Sequence[Outcome]) -> None:
    from nnplay.cli import sweep_text

    top = _count("top", options.top, 1) or 10
    print(sweep_text.document(sweep, outcomes, top) if options.json else sweep_text.report(sweep, outcomes, top))
