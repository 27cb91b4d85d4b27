"""`nnplay train`: trains a network on a data set, as a preset or file says, or a session further; prints the result."""

from __future__ import annotations

import contextlib
import sys
from argparse import BooleanOptionalAction, Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from nnplay.cli.interrupt import Ending, Interrupt, without_terminal
from nnplay.cli.parser import Parser
from nnplay.cli.progress import Watcher, is_terminal, milestones, watcher
from nnplay.cli.run_flags import add_device_flag, add_run_flags, run_config, run_table
from nnplay.cli.source import base_table, is_session
from nnplay.config import RunConfig
from nnplay.data.catalogue import name_sources
from nnplay.data.progress import report_to
from nnplay.errors import DivergedError, InputError
from nnplay.run.saving.autosave import Unattended
from nnplay.run.saving.saved_run import refuse_taken
from nnplay.run.saving.session import Session
from nnplay.system.paths import shown
from nnplay.tape.machines.device import check_tf32, choose, device_of
from nnplay.text import clean, counted

if TYPE_CHECKING:
    from nnplay.training.trainer import Trainer
    from nnplay.training.whole_run import RunEnd

ABOUT: Final = "Train a network and print its score"
_MORE: Final = """\
examples:
  nnplay train spiral
  nnplay train spiral --layers "linear 8, tanh, linear 2" --loss cross_entropy --optimizer adam --lr 0.01 --epochs 50
  nnplay train my.csv --target species
  nnplay train my.toml --lr 0.003
  nnplay train lenet                              a preset (nnplay presets lists them)
  nnplay train run.nnplay --epochs 10             train a saved session ten epochs more, and save it again
  nnplay train spiral --save run.nnplay           save the run as a session
  nnplay train spiral --replicas 100              a hundred runs with other seeds; --save keeps the best
  nnplay train mnist --device cuda                train on a graphics card

Exit status: 0 done, 2 invalid input, 3 diverged (the last good weights are scored; a session being trained
further stays as it was saved), 130 stopped by Ctrl+C (the result so
far is printed), 129 or 143 ended by a closed terminal or SIGTERM (the run is saved, or kept for nnplay recover).
"""
_INTERRUPTED: Final = 130
#: Runs that are trained at once, at the most.
MOST_REPLICAS: Final = 65_536


def run(words: Sequence[str]) -> int:
    """Trains."""
    options = _options(words)
    choose(options.device, tf32=options.tf32)
    if options.replicas:
        return _train_replicas(options)
    watching = watcher(silent=options.json)
    with contextlib.ExitStack() as until_done:
        try:
            with report_to(watching.reading):
                session = _session(options, watching)  # nothing to keep yet: Ctrl+C just ends it, and the compiler
        finally:
            watching.close()
        until_done.callback(session.close)
        interrupt = until_done.enter_context(Interrupt())
        config, trainer = session.config, session.trainer
        check_tf32(trainer.settings.dtype)
        _warn(session.warnings)
        known = len(session.warnings)
        if not options.json:
            _say_head(config, trainer)
        if options.device != "cpu" and not options.json:
            print(f"device: {device_of(trainer.machine)}", flush=True)
        _warn_of_hopeless(trainer)
        saves = session.path is not None or bool(options.save)
        with Ending() as ending, Unattended(session.capture, _tell, saves=saves) as recovery:
            end, diverged = _train(session, watching, lambda: interrupt.asked or bool(ending.status), recovery)
            given_up = diverged is not None and session.path is not None and not options.save
            if (session.path is not None and not given_up) or options.save:
                session.save(options.save)
                _warn(session.warnings[known:])
            elif ending.status:
                recovery.keep()
            if ending.status:
                return without_terminal(ending.status)
    outcome = "diverged" if diverged else "interrupted" if interrupt.asked else "finished"
    plot = is_terminal(sys.stdout) if options.plot is None else options.plot
    _say_result(config, trainer, outcome, end, as_json=options.json, plot=plot)
    if session.path is not None:
        _say_where(shown(session.path), given_up, silent=options.json)
    if diverged:
        raise diverged
    return _INTERRUPTED if interrupt.asked else 0


def _options(words: Sequence[str]) -> Namespace:
    parser = Parser("train", ABOUT, epilog=_MORE, usage="nnplay train DATA [options]")
    parser.add_argument("source", metavar="DATA", help=f"a data set, preset, TOML file, session, {name_sources()}")
    parser.add_argument("--save", metavar="PATH", type=_name, help="save the trained run as a session")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else, for scripts")
    parser.add_argument(
        "--plot", action=BooleanOptionalAction, help="draw the loss curves (default: only on a terminal)"
    )
    parser.add_argument(
        "--replicas", metavar="N", type=_count, default=0, help="train N runs at once that differ in their seeds"
    )
    add_device_flag(parser)
    add_run_flags(parser)
    return parser.read(words)


def _count(typed: str) -> int:
    """How many runs."""
    if not (typed.isascii() and typed.isdigit() and 0 < int(typed) <= MOST_REPLICAS):
        hint = f"give a whole number from 1 to {MOST_REPLICAS:,}"
        raise InputError(f"'{clean(typed)}' is not a number of runs", where="--replicas", hint=hint)
    return int(typed)


def _name(typed: str) -> str:
    """What was typed; an empty name (of a variable that a script never set) would lose the run."""
    if not typed:
        raise InputError("is empty", where="--save", hint="give a name such as run.nnplay")
    return typed


def _say_where(path: str, given_up: bool, silent: bool) -> None:
    """Where the result is, or that the session was not written to."""
    if given_up:
        _tell(f"{path} is unchanged; --save NAME saves the weights above as another session")
    elif not silent:
        print(f"saved to {path}")


def _session(options: Namespace, watching: Watcher) -> Session:
    """The run that the words describe, at its beginning; or a saved one where it stopped, which goes on."""
    if options.save:
        refuse_taken(options.save)
    if not is_session(options.source):
        config = run_config(base_table(options.source), options)
        return Session.new(None, config, watching.compiling)
    changes = run_table(options)
    if set(changes) - {"epochs"}:
        raise InputError(
            f"a session continues as it was saved; '{min(set(changes) - {'epochs'})}' cannot be changed here",
            where=options.source,
            hint="open it in the playground to change it",
        )
    session = Session.open(options.source, watching.compiling)
    if session.read_only and not options.save:
        session.close()
        raise InputError(session.warnings[-1], where=options.source, hint="--save saves the result under another name")
    if session.path is None and not options.save and session.trainer.step:
        print("nnplay: warning: a packed session cannot be written to; use --save to keep the result", file=sys.stderr)
    session.config = session.config.changed({"epochs": changes.get("epochs", session.config.epochs)})
    return session


def _train_replicas(options: Namespace) -> int:
    from nnplay.cli.replica_report import report
    from nnplay.run.replicas import restore_replica, run_of_seed, train_replicas

    if options.save:
        refuse_taken(options.save)  # before anything is trained
    config = run_config(base_table(options.source), options)
    with Interrupt() as interrupt:
        found = train_replicas(config, options.replicas, lambda: interrupt.asked)
    print(report(found, as_json=options.json))
    if options.save:
        best = int(found.ranked[0])
        session = Session.new(None, run_of_seed(config, int(found.seeds[best])))
        with contextlib.closing(session):
            restore_replica(found, best, session.trainer)
            session.note_steps(found.engine)
            session.save(options.save)
        _say_where(options.save, given_up=False, silent=options.json)
    return _INTERRUPTED if interrupt.asked else 0


def _train(
    session: Session, watching: Watcher, asked: Callable[[], bool], recovery: Unattended
) -> tuple[RunEnd, DivergedError | None]:
    from nnplay.training.whole_run import RunEnd

    last = session.trainer.epoch + session.config.epochs
    due = [epoch for epoch in milestones(last) if epoch > session.trainer.epoch]

    def stop(trainer: Trainer) -> bool:
        if asked():
            return True
        recovery.look()
        watching.show_progress(trainer, last)
        if due and trainer.epoch >= due[0]:
            watching.milestone(trainer, last)
            due.pop(0)
        return False

    try:
        end = session.train(after=stop, pauses=tuple(due))
        if end.reason and (session.trainer.epoch not in milestones(last)):
            watching.milestone(session.trainer, last)
        return end, None
    except DivergedError as error:
        return RunEnd(), error
    finally:
        watching.close()


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        _tell(f"warning: {warning}")


def _tell(words: str) -> None:
    with contextlib.suppress(OSError):  # nobody is left to be told
        print(f"nnplay: {words}", file=sys.stderr, flush=True)


def _warn_of_hopeless(trainer: Trainer) -> None:
    from nnplay.cli.report import hopeless

    _warn(hopeless(trainer))


def _say_head(config: RunConfig, trainer: Trainer) -> None:
    from nnplay.cli.report import head

    print(head(config, trainer), flush=True)


def _say_result(config: RunConfig, trainer: Trainer, outcome: str, end: RunEnd, *, as_json: bool, plot: bool) -> None:
    from nnplay.cli import report

    found = report.scores(trainer)
    if as_json:
        print(report.document(config, trainer, outcome, found, end.reason, end.best))
        return
    if plot:
        from nnplay.cli.plot import loss_plot

        print(loss_plot(trainer.history, trainer.batches))
    rate = trainer.step / max(trainer.seconds, 1e-9)
    done = f"{counted(trainer.epoch, 'epoch')}, {counted(trainer.step, 'step')}"
    print(f"{outcome}: {done} in {_duration(trainer.seconds)} ({rate:,.0f} steps/s)")
    if end.reason:
        print(end.reason)
    if end.best is not None:
        print(end.best.words(trainer.epoch))
    step = trainer.step if end.best is None else end.best.step
    print(report.scores_title(trainer, step))
    real = trainer.players.target is not None
    print(report.score_table(found, report.target_scores(trainer), real=real))
    for line in (*report.units(trainer, found), *report.made(trainer), *report.uncertain(trainer)):
        print(line)
    if outcome != "diverged":
        for line in report.health(trainer, step):
            print(line)
    if text := report.written(trainer):
        print(text)


def _duration(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds >= 0.1 else f"{1000 * seconds:.2g} ms"
