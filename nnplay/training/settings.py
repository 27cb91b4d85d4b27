"""The settings of a run besides data, network, loss and optimizer, and how they are read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

from nnplay import fields as kinds
from nnplay.errors import InputError, unknown
from nnplay.network import silenced_frozen
from nnplay.records.registry import schedule_records
from nnplay.records.schedule import Schedule, ScheduleRecord
from nnplay.text import shown


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that decides a run, besides data, network, loss and optimizer.

    Attributes:
        batch_size: rows of a batch, or "all" for full-batch gradient descent.
        seed: order of the data, dropout and noise (the network has a seed of its own for its initial weights).
        schedule: how the learning rate changes with the step; None keeps it.
        l1, l2: penalties on the weights (not the biases).
        clip_norm, clip_value: limits of the gradient; 0 turns them off.
        shuffle: a new order of the rows in each epoch.
        validate_every: epochs between evaluations of the validation part; 0 never.
        threads: how many may share large operations, 0 for one a core; the numbers are the same for any.
        dtype: "float32", or "float64" for gradient checks.
        silent, frozen: parts of the network that are held still; see `nnplay.network.silenced_frozen`.
    """

    batch_size: int | Literal["all"] = 32
    seed: int = 0
    schedule: Schedule | None = None
    l1: float = 0.0
    l2: float = 0.0
    clip_norm: float = 0.0
    clip_value: float = 0.0
    shuffle: bool = True
    validate_every: int = 1
    threads: int = 0
    dtype: str = "float32"
    silent: str = ""
    frozen: str = ""

    def batch_rows(self, rows: int) -> int:
        """Rows of a full batch, of so many training rows."""
        return rows if self.batch_size == "all" else self.batch_size

    def changed(self, **changes: Any) -> Setup:
        """A copy with some values changed, each checked.

        Raises:
            InputError: an unknown name, or a value that its field refuses.
        """
        read: dict[str, Any] = {}
        for name, value in changes.items():
            if name == "schedule":
                read[name] = _schedule(value)
            elif name in SETUP_FIELDS:
                read[name] = SETUP_FIELDS[name].read(_nothing(name) if value is None else value)
                if name in SILENCED_FROZEN:
                    read[name] = silenced_frozen.text_of(silenced_frozen.read(read[name]))
            else:
                raise unknown("setting", name, [item.name for item in fields(self)], where="trainer")
        return replace(self, **read)


#: The same settings as typed fields, for forms, the command line and files.
SETUP_FIELDS: Final = {
    item.name: item
    for item in (
        kinds.integer("batch_size", 32, "rows of a batch, or all", choices=("all",)),
        kinds.integer("seed", 0, "order of the data, dropout and noise", low=0, high=2**62),
        kinds.number("l1", 0.0, "pull of every weight towards 0 by a constant", low=0.0, live=True),
        kinds.number("l2", 0.0, "pull of every weight towards 0 in proportion to its size", low=0.0, live=True),
        kinds.number("clip_norm", 0.0, "longest gradient; 0 is no limit", low=0.0, live=True),
        kinds.number("clip_value", 0.0, "largest number in the gradient; 0 is no limit", low=0.0, live=True),
        kinds.flag("shuffle", True, "a new order of the rows in each epoch"),
        kinds.integer("validate_every", 1, "epochs between evaluations of the validation part; 0 never", low=0),
        kinds.integer("threads", 0, "threads that share large operations; 0 is one a core", low=0, high=256),
        kinds.choice("dtype", "float32", "type of all numbers", ("float32", "float64")),
        kinds.text("silent", "", "units that say nothing, as in 1:3 for unit 3 of layer 1, or whole layers", live=True),
        kinds.text("frozen", "", "units or layers whose weights stay as they are, as in 1:3 or 1", live=True),
    )
}


#: Settings that name parts of the network.
SILENCED_FROZEN: Final = ("silent", "frozen")


def _nothing(name: str) -> Any:
    """What turns a setting off."""
    return "" if name in SILENCED_FROZEN else 0.0


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resolve_record(given: Any, kind: str, records: Mapping[str, Any], made_type: type[Any]) -> Any:
    """A loss or optimizer given as itself, as its record, or in one line of text: `adam`, or `adam lr=0.01`.

    Raises:
        InputError: an unknown name, or something else.
    """
    if isinstance(given, made_type):
        return given
    if isinstance(given, str):
        name, *words = given.split()[:100] or [""]
        if name.lower() not in records:
            raise unknown(kind, name, records)
        pairs = [word.partition("=") for word in words]
        if wrong := [word for word, equals, _ in pairs if not equals]:
            raise InputError(f"'{wrong[0]}' is not of the form key=value", where=kind)
        return records[name.lower()](**{key: value for key, _, value in pairs})
    if any(given is record for record in records.values()):
        return given()
    raise InputError(f"{shown(given)} is no {kind}", hint=f"give a name such as '{next(iter(records))}'")


def _schedule(value: Any) -> Schedule | None:
    if value is None or isinstance(value, Schedule):
        return value
    if isinstance(value, ScheduleRecord):
        return value()
    schedule: Schedule = resolve_record(value, "schedule", schedule_records(), Schedule)
    return schedule
