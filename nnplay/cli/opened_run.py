"""The run that a command only looks at: a saved session, or a new run that the options describe."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from nnplay.cli.interrupt import Interrupt
from nnplay.cli.progress import watcher
from nnplay.cli.run_flags import run_config, run_table
from nnplay.cli.source import base_table, find_session, is_session
from nnplay.errors import InputError

if TYPE_CHECKING:
    from nnplay.config import RunConfig
    from nnplay.training.trainer import Trainer


def open_run(options: Namespace, command: str) -> tuple[Trainer, RunConfig | None]:
    """The trainer of what `options.source` names, and the configuration of a run that is new.

    Raises:
        InputError: no such thing, or a session with options that would change it.
    """
    from nnplay.config.new_run import check_new_run

    watching = watcher(silent=False, stream=sys.stderr)
    try:
        if is_session(options.source):
            return _from_session(options, command, watching.compiling), None
        config = run_config(base_table(options.source), options)
        split = config.load()
        config = config.completed(split)
        check_new_run(config, split)
        return config.trainer(watching.compiling, split), config
    finally:
        watching.close()


def _from_session(options: Namespace, command: str, compiling: Callable[[int, int, str], None]) -> Trainer:
    from nnplay.run.saving import saved_run

    if run_table(options):
        raise InputError(
            "a session is used as it was saved", where=command, hint="leave out the options that change the run"
        )
    return saved_run.read(find_session(options.source), compiling).trainer


def train_new(trainer: Trainer, config: RunConfig) -> bool:
    """Trains a new run to its end; False where Ctrl+C ended it."""
    from nnplay.training.whole_run import train_to_end

    watching = watcher(silent=False, stream=sys.stderr)
    with Interrupt() as interrupt:

        def after(trainer: Trainer) -> bool:
            watching.show_progress(trainer, config.epochs)
            return interrupt.asked

        try:
            return not train_to_end(trainer, config.stop_conditions(), config.epochs, after=after).broken_off
        finally:
            watching.close()
