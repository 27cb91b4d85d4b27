"""Forks: a second line of the same run from a step on, with one setting changed, to lay its curve beside the run's."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from nnplay import aside
from nnplay.errors import DivergedError, InputError, unknown
from nnplay.history import History
from nnplay.play.inspection import Fork
from nnplay.registry import optimizer_records
from nnplay.setup import SETUP_FIELDS
from nnplay.trainer import Trainer

#: Steps that a fork runs where the run itself has come no further.
AHEAD: Final = 500
#: Forks that lie beside a run at the most.
MOST: Final = 5
_OTHER: Final = tuple(name for name in SETUP_FIELDS if name not in ("real", "threads", "validate_every"))


class ForkRun:
    """One fork on its way.

    Args:
        trainer: at the step where the fork begins; it is not changed.
        words: the setting and its value ("lr 0.1", "optimizer sgd", "batch_size 8").
        latest: how far the run itself has come.
        working: told about kernels that are compiled.

    Raises:
        InputError: no such setting, or a value that it refuses.
    """

    def __init__(self, trainer: Trainer, words: str, latest: int, working: Callable[[str], None]) -> None:
        changes = changes_of(trainer, words)
        self.words, self.begin = " ".join(words.split()), trainer.step
        self.trainer, _ = trainer.remade(lambda done, total, name: working(f"kernels: {done} of {total}"), **changes)
        self.trainer.history = History()
        self.trainer.recorded = self.trainer.step
        self.until = max(latest, self.begin + AHEAD)
        self.ended = False

    @property
    def at(self) -> int:
        """The step that the fork has come to."""
        return self.trainer.step

    def turn(self, seconds: float) -> str:
        """Runs on for so many seconds; returns why it had to end early, if it had to."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and self.at < self.until:
            try:
                self.trainer.advance(self.until - self.at)
            except DivergedError as error:
                self.ended = True
                return f"{self.words}: {error.message}"
        self.ended = self.at >= self.until
        return ""

    @property
    def name(self) -> str:
        """The name of its curve in the run's history."""
        return aside.name_of(self.begin, self.words)

    @property
    def done(self) -> float:
        """How far it has come, 0 to 1."""
        return (self.at - self.begin) / max(1, self.until - self.begin)

    def keep(self, history: History) -> None:
        """Lays the curve so far beside the run's own; the oldest forks give way."""
        if "loss" in self.trainer.history:
            history.put(self.name, self.trainer.history["loss"].copy())
        for name in forks_in(history)[:-MOST]:
            history.drop(name)


def forks_in(history: History) -> list[str]:
    """Names of the forks' curves, the oldest first."""
    return [name for name in history.names() if name.startswith(aside.PREFIX)]


def shown(history: History, running: ForkRun | None = None) -> tuple[Fork, ...]:
    """All forks that lie beside a run."""
    found = []
    for name in forks_in(history):
        step, words = aside.told(name)
        done = running.done if running is not None and running.name == name else 1.0
        found.append(Fork(words, step, history[name].copy(), done))
    return tuple(found)


def changes_of(trainer: Trainer, words: str) -> dict[str, Any]:
    """What `remade` must be told for "lr 0.1", "optimizer sgd" or "l2 0.01".

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
        lr = trainer.optimizer.values["lr"]
        return {"optimizer": records[value](lr=lr)}
    if name in fields:
        return {"optimizer": trainer.optimizer.with_values(**{name: value})}
    if name in _OTHER:
        return {name: value}
    raise unknown("setting", name, ["optimizer", *fields, *_OTHER], where="fork")
