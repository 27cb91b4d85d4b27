"""A run as a session: what a session's record and tensors mean, and the way back to a trainer that goes on exactly."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import session
from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.history import PREFIX, History
from nnplay.kernels import layout as at
from nnplay.session.blob import match
from nnplay.trainer import Trainer

Array = NDArray[Any]
_LAST_GOOD = "last_good"


@dataclass(frozen=True, slots=True)
class SavedRun:
    """One moment of a run, ready to be written: plain values and copies of arrays, nothing live.

    Attributes:
        config: everything that the user chose.
        progress: step, epoch, batch, seconds of training, and what the loop carries between steps.
        tensors: parameters, optimizer slots, running statistics, last good weights and curves, by name.
        view: settings of the screen.
    """

    config: RunConfig
    progress: Mapping[str, Any]
    tensors: Mapping[str, Array]
    view: Mapping[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> dict[str, Any]:
        """The session's record."""
        return {"run": self.config.to_dict(), "progress": dict(self.progress), "view": dict(self.view)}


def capture(config: RunConfig, trainer: Trainer, view: Mapping[str, Any] | None = None) -> SavedRun:
    """A copy of the trainer's present moment; called at a step boundary, it takes as long as copying the state."""
    clock = trainer.machine.clock
    best, waited, factor = trainer.plateau
    progress = {
        "step": int(clock[at.CLOCK_STEP]),
        "epoch": int(clock[at.CLOCK_EPOCH]),
        "batch": int(clock[at.CLOCK_BATCH]),
        "seconds": float(trainer.seconds),
        "loss": _last_loss(trainer),
        "running_loss": float(trainer.machine.running[0]),
        "plateau": [best, waited, factor],
        "data": fingerprint(trainer.split),
    }
    tensors = {name: value.copy() for name, value in trainer.tensors().items()}
    tensors[_LAST_GOOD] = trainer.machine.view(trainer.machine.tape.named["good"]).copy()
    tensors |= trainer.history.to_arrays()
    return SavedRun(config, progress, tensors, view or {})


def write(path: str | os.PathLike[str], saved: SavedRun, lock: session.Lock | None = None) -> int:
    """Saves into a session folder; returns the generation.

    Raises:
        NotSaved: the disk refused; what was saved before is intact.
    """
    return session.save(path, saved.record, dict(saved.tensors), lock=lock)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was read: the run as config, its trainer where it stopped, and what had to be said about it."""

    config: RunConfig
    trainer: Trainer
    view: Mapping[str, Any]
    warnings: tuple[str, ...]
    read_only: bool


def read(path: str | os.PathLike[str], progress: Callable[[int, int, str], None] | None = None) -> Opened:
    """Opens a session (folder, packed file, or a hand-written TOML text) and makes its trainer.

    Raises:
        InputError: not a session, or one that cannot be; the message says which file and line.
    """
    loaded = session.load(path)
    table = loaded.record.get("run", {key: value for key, value in loaded.record.items() if key not in _NOT_CONFIG})
    config = RunConfig.from_dict(table, where=str(loaded.where))
    trainer: Trainer = config.trainer(progress)
    warnings = list(loaded.warnings)
    if loaded.tensors:
        warnings += _fill(trainer, loaded.record.get("progress", {}), loaded.tensors, str(loaded.where))
    return Opened(config, trainer, loaded.record.get("view", {}), tuple(warnings), loaded.read_only)


_NOT_CONFIG = frozenset({"progress", "view", "generation", "format_read", "format_write", "written_by", "blob"})


def _fill(trainer: Trainer, progress: Mapping[str, Any], tensors: Mapping[str, Array], where: str) -> list[str]:
    own = trainer.tensors()
    expected = {name: (str(value.dtype), value.shape) for name, value in own.items()}
    good = trainer.machine.view(trainer.machine.tape.named["good"])
    expected[_LAST_GOOD] = (str(good.dtype), good.shape)
    curves = {name: value for name, value in tensors.items() if name.startswith(PREFIX)}
    state = {name: value for name, value in tensors.items() if name not in curves}
    broken = match(state, expected, where)
    for name, view in own.items():
        view[...] = state[name]
    good[...] = state[_LAST_GOOD]
    clock = trainer.machine.clock
    for name, place in (("step", at.CLOCK_STEP), ("epoch", at.CLOCK_EPOCH), ("batch", at.CLOCK_BATCH)):
        clock[place] = _whole(progress, name, where)
    trainer.machine.running[0] = _number(progress, "running_loss", where)
    trainer.seconds = _number(progress, "seconds", where)
    best, waited, factor = progress.get("plateau", (float("inf"), 0, 1.0))
    trainer.plateau = (float(best), int(waited), float(factor))
    trainer.history = History.from_arrays(curves)
    trainer.history.truncate(int(clock[at.CLOCK_STEP]))  # a run that was saved in its past goes on from there
    trainer.recorded = int(clock[at.CLOCK_STEP])
    warnings = [f"these tensors hold numbers that are not finite: {', '.join(broken)}"] if broken else []
    if progress.get("data") not in (None, fingerprint(trainer.split)):
        warnings.append("the data are not the ones that this run was trained on")
    return warnings


def fingerprint(split: Split) -> str:
    """Digest of all rows as the network gets them."""
    hashed = hashlib.sha256()
    for part in (split.train, split.validation, split.test):
        if part is not None:
            hashed.update(np.ascontiguousarray(part.x).tobytes())
            hashed.update(np.ascontiguousarray(part.y).tobytes())
    return hashed.hexdigest()[:16]


def _last_loss(trainer: Trainer) -> float:
    curve = trainer.history["loss"] if "loss" in trainer.history.names() else None
    return float(curve.last[-1]) if curve is not None and len(curve) else float("nan")


def _whole(progress: Mapping[str, Any], name: str, where: str) -> int:
    value = progress.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"'{value}' is no count", where=f"{where}, progress.{name}", hint="a whole number from 0")
    return value


def _number(progress: Mapping[str, Any], name: str, where: str) -> float:
    value = progress.get(name, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"'{value}' is no number", where=f"{where}, progress.{name}")
    return float(value)
