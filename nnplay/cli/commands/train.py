"""`nnplay train`: trains a network on a data set, a CSV file, or as a TOML file says, and prints what came of it."""

from __future__ import annotations

import sys
from argparse import BooleanOptionalAction
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from nnplay.cli.interrupt import Interrupt
from nnplay.cli.parser import Parser
from nnplay.cli.progress import Watcher, is_terminal, milestones, watcher
from nnplay.cli.run_flags import add_run_flags, run_config
from nnplay.cli.source import base_table
from nnplay.config import RunConfig
from nnplay.errors import DivergedError

if TYPE_CHECKING:
    from nnplay.trainer import Trainer

ABOUT: Final = "Train a network and print its score"
_MORE: Final = """\
examples:
  nnplay train spiral
  nnplay train spiral --layers "linear 8, tanh, linear 2" --loss cross_entropy --optimizer adam --lr 0.01 --epochs 50
  nnplay train my.csv --target species
  nnplay train my.toml --lr 0.003

Exit status: 0 done, 2 wrong input, 3 diverged (the last good weights are scored), 130 stopped by Ctrl+C (the result so
far is printed).
"""
_INTERRUPTED: Final = 130


def run(words: Sequence[str]) -> int:
    """Trains."""
    parser = Parser("train", ABOUT, epilog=_MORE, usage="nnplay train DATA [options]")
    parser.add_argument("source", metavar="DATA", help="a data set, a CSV file, or a TOML file that describes a run")
    parser.add_argument("--json", action="store_true", help="for scripts: print one JSON object and nothing else")
    parser.add_argument("--plot", action=BooleanOptionalAction, help="draw the loss curves (default: on a terminal)")
    add_run_flags(parser)
    options = parser.read(words)
    config = run_config(base_table(options.source), options)
    watching = watcher(silent=options.json)
    with Interrupt() as interrupt:
        split = config.load()
        config = config.completed(split)
        try:
            trainer: Trainer = config.trainer(watching.compiling, split)
        finally:
            watching.close()
        if not options.json:
            _say_head(config, trainer)
        diverged = _train(trainer, config.epochs, watching, interrupt)
    outcome = "diverged" if diverged else "interrupted" if interrupt.asked else "finished"
    plot = is_terminal(sys.stdout) if options.plot is None else options.plot
    _say_result(config, trainer, outcome, as_json=options.json, plot=plot)
    if diverged:
        raise diverged
    return _INTERRUPTED if interrupt.asked else 0


def _train(trainer: Trainer, epochs: int, watching: Watcher, interrupt: Interrupt) -> DivergedError | None:
    def stop(trainer: Trainer) -> bool:
        watching.stretch(trainer, epochs)
        return interrupt.asked

    try:
        for epoch in milestones(epochs):
            if interrupt.asked:
                break
            trainer.run(epochs=epoch - trainer.epoch, after=stop)
            if not interrupt.asked:
                watching.milestone(trainer, epochs)
    except DivergedError as error:
        return error
    finally:
        watching.close()
    return None


def _say_head(config: RunConfig, trainer: Trainer) -> None:
    from nnplay.cli.report import head

    print(head(config, trainer), flush=True)


def _say_result(config: RunConfig, trainer: Trainer, outcome: str, *, as_json: bool, plot: bool) -> None:
    from nnplay.cli import report

    found = report.scores(trainer)
    if as_json:
        print(report.document(config, trainer, outcome, found))
        return
    if plot:
        from nnplay.cli.plot import loss_plot

        print(loss_plot(trainer.history, trainer.batches))
    rate = trainer.step / max(trainer.seconds, 1e-9)
    print(
        f"{outcome}: {trainer.epoch:,} epochs, {trainer.step:,} steps in {trainer.seconds:.3f} s ({rate:,.0f} steps/s)"
    )
    print(report.score_table(found))
