"""Forks: a second line of the same run from a step on, with one setting changed, to lay its curve beside the run's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnplay.errors import DivergedError, InputError, unknown
from nnplay.network import silenced_frozen
from nnplay.records.registry import optimizer_records
from nnplay.timeline.branches import MOST, Line, own_curves, spare
from nnplay.timeline.change_log import DIVERGED, Change, SetValues, other
from nnplay.timeline.checkpoint_store import Moment, RunPart
from nnplay.timeline.timeline import Timeline
from nnplay.training import side_curves
from nnplay.training.checkpoint_file import KeptState
from nnplay.training.driver import Driver
from nnplay.training.history import Curve, History
from nnplay.training.live_settings import LIVE_SETUP
from nnplay.training.settings import DECLARED
from nnplay.training.trainer import Trainer

PartOf = Callable[[Trainer, Mapping[str, Any]], RunPart]

#: Steps that a fork runs where the run itself has come no further.
AHEAD: Final = 500
_OTHER: Final = tuple(name for name, declared in DECLARED.items() if declared.forks)


@dataclass(frozen=True, slots=True)
class Fork:
    """Another line of the run from `step` on, with one setting changed; `losses` of its batches, `done` from 0 to 1."""

    words: str
    step: int
    losses: Curve
    done: float


class ForkRun:
    """One fork on its way; its line lies beside the run's from its first step on.

    Args:
        timeline: at the step where the fork begins; the run on it is not changed.
        words: the setting and its value ("lr 0.1", "optimizer sgd", "batch_size 8").
        part_of: the part of a run that a trainer with some changes belongs to, where it needs one of its own.
        working: told about kernels that are compiled.

    Raises:
        InputError: no such setting, or a value that it refuses.
    """

    def __init__(self, timeline: Timeline, words: str, part_of: PartOf, working: Callable[[str], None]) -> None:
        trainer = timeline.trainer
        self._timeline, begin = timeline, trainer.step
        words = " ".join(words.replace("=", " ").split())
        deed, changes = read_fork(trainer, words)
        refuse_taken(timeline, words)
        self.trainer, _ = trainer.remade(lambda done, total, name: working(f"kernels: {done} of {total}"), **changes)
        self.trainer.history = own_curves(trainer.history)
        self.trainer.history.truncate(begin)
        self.trainer.recorded, self._diverged = begin, False
        self.until, self.ended = max(timeline.latest, begin + AHEAD), False
        shared = sum(change.step <= begin for change in timeline.changes)
        self._made = shared + 1
        self._part = timeline.part if deed is not None else part_of(trainer, changes)
        moments = [] if deed is not None else [self._moment(pinned=True)]
        changed = [Change(begin, words, deed or other)]
        self.line = Line(words, begin, begin, shared, begin, self.trainer.history, changed, moments)
        timeline.lines.append(self.line)

    @property
    def words(self) -> str:
        """The setting and its value."""
        return self.line.words

    @property
    def at(self) -> int:
        """The step that the fork has come to."""
        return self.trainer.step

    def turn(self, seconds: float) -> str:
        """Runs on for so many seconds; returns why it had to end early, if it had to."""
        end, driver = time.perf_counter() + seconds, Driver(self.trainer, self.until)
        try:
            while time.perf_counter() < end and not driver.arrived:
                driver.turn()
        except DivergedError as error:
            self.ended = self._diverged = True
            return f"{self.words}: {error.message}"
        self.ended = driver.arrived
        return ""

    @property
    def name(self) -> str:
        """The name of its curve in the run's history."""
        return self.line.name

    @property
    def done(self) -> float:
        """How far it has come, 0 to 1."""
        return (self.at - self.line.step) / max(1, self.until - self.line.step)

    def keep(self) -> None:
        """Ends the fork: its line and its curve so far lie beside the run's own; the oldest ones give way."""
        timeline = self._timeline
        line = next((one for one in timeline.lines if one.name == self.name), None)
        if line is None:
            return
        if self._diverged:
            line.changes.append(Change(self.at, DIVERGED, other))
            self._made += 1
        line.latest, line.seconds = self.at, self.trainer.seconds
        line.moments.append(self._moment(pinned=self._diverged))
        history = timeline.trainer.history
        if "loss" in self.trainer.history:
            history.put(self.name, self.trainer.history["loss"].since(line.step))
        timeline.lines = spare(timeline.lines)
        kept = [one.name for one in timeline.lines]
        only_curves = [name for name in forks_in(history) if name not in kept]
        for name in only_curves[: max(0, len(only_curves) + len(kept) - MOST)]:
            history.drop(name)

    def _moment(self, *, pinned: bool) -> Moment:
        state = KeptState.of(self.trainer.state(), self.trainer.machine)
        return Moment(self.at, self._made, state, self._part, pinned)


def forks_in(history: History) -> list[str]:
    """Names of the forks' curves, the oldest first."""
    return [name for name in history.names() if name.startswith(side_curves.PREFIX)]


def shown(history: History, running: ForkRun | None = None) -> tuple[Fork, ...]:
    """All forks that lie beside a run."""
    found = []
    for name in forks_in(history):
        step, words = side_curves.told(name)
        done = running.done if running is not None and running.name == name else 1.0
        found.append(Fork(words, step, history[name].copy(), done))
    return tuple(found)


def refuse_taken(timeline: Timeline, words: str) -> None:
    """Refuses a fork that is there already.

    Raises:
        InputError: the present line or another one is the same.
    """
    name = side_curves.name_of(timeline.trainer.step, words)
    present = side_curves.name_of(timeline.since, timeline.words) if timeline.words else ""
    if name == present:
        raise InputError(f"the run itself is the line '{words}' from this step", where="fork")
    if any(line.name == name for line in timeline.lines):
        hint = "T trains on from it, X lets the newest fork go"
        raise InputError(f"there is a line '{words}' from this step already", where="fork", hint=hint)


def let_newest_go(timeline: Timeline) -> str:
    """Lets the newest fork go that was never the run itself; what was done."""
    history = timeline.trainer.history
    trained = [line.name for line in timeline.lines if line.trained]
    names = [name for name in forks_in(history) if name not in trained]
    if not names:
        return "there is no fork; a line that was trained stays" if trained else "there is no fork"
    history.drop(names[-1])
    timeline.lines = [line for line in timeline.lines if line.name != names[-1]]
    return f"let go: {side_curves.told(names[-1])[1]}"


def line_named(timeline: Timeline | None, words: str) -> Line:
    """The line that a user means by "lr 0.1", or by "lr 0.1 from step 40" where there are several such.

    Raises:
        InputError: there is none, or only its curve was kept.
    """
    wanted = " ".join(words.replace("=", " ").lower().split())
    if timeline is None:
        raise _no_line()
    for line in reversed(timeline.lines):
        if wanted in (line.words.lower(), line.told.lower(), line.name):
            return line
    if any(side_curves.told(name)[1] == wanted for name in forks_in(timeline.trainer.history)):
        raise InputError(f"only the curve of '{wanted}' was kept", where="line", hint="fork once more, with F")
    names = [line.words for line in timeline.lines]
    raise unknown("line", wanted, names, where="line") if names else _no_line()


def _no_line() -> InputError:
    return InputError("there is no other line", where="line", hint="F in the inspector forks one")


def read_fork(trainer: Trainer, words: str) -> tuple[SetValues | None, dict[str, Any]]:
    """What "lr 0.1", "optimizer sgd" or "l2 0.01" changes: while training goes on, if it can; and for `remade`.

    Raises:
        InputError: no such setting, or a value that it refuses.
    """
    name, _, value = words.strip().replace("=", " ").partition(" ")
    name, value = name.lower().replace("-", "_"), value.strip()
    fields = [item.name for item in trainer.optimizer.record.fields]
    if not value:
        raise InputError(f"'{words}' names no value", where="fork", hint="as in lr 0.1 or optimizer sgd")
    if name == "optimizer":
        records = optimizer_records()
        if value not in records:
            raise unknown("optimizer", value, records, where="fork")
        return None, {"optimizer": records[value](lr=trainer.optimizer.values["lr"])}
    if name in fields:
        optimizer = trainer.optimizer.with_values(**{name: value})
        return SetValues({name: optimizer.values[name]}), {"optimizer": optimizer}
    if name in _OTHER:
        setup = trainer.setup.changed(**{name: value})
        silenced_frozen.check(trainer.plan, setup.silent, setup.frozen)
        live = name in LIVE_SETUP
        return SetValues({name: getattr(setup, name)}) if live else None, {name: getattr(setup, name)}
    raise unknown("setting", name, ["optimizer", *fields, *_OTHER], where="fork")
