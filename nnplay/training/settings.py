"""The settings of a run besides data, network, loss and optimizer, and how they are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from nnplay import fields as kinds
from nnplay.data.split import BATCH_SIZE
from nnplay.errors import InputError, unknown
from nnplay.fields import Field
from nnplay.network import silenced_frozen
from nnplay.operations.step.clip import CLIP_NORM, CLIP_VALUE
from nnplay.operations.step.penalty import PENALTY
from nnplay.records.operation import Operation
from nnplay.records.registry import schedule_records
from nnplay.records.schedule import Schedule, ScheduleRecord, is_chain
from nnplay.text import shown
from nnplay.training import parameter_groups
from nnplay.training.averaged_weights import AVERAGES


@dataclass(frozen=True, slots=True)
class Declared:
    """All that there is to say of one setting of the training; whatever handles settings reads it here.

    Attributes:
        field: name, default, range and help; one that is `live` may change while a network trains.
        form: where the playground shows it: among the penalties, or below everything else; empty where it does not.
        penalty: the row that adds to the gradient of the weights as long as the setting is above 0.
        clip: the row that limits the finished gradient as long as the setting is above 0.
        parts: it names parts of the network, as in `1:3`; they decide which rows there are.
        plain: turns what may be given in Python into what the field reads, in the one form that is kept.
        fixed: a trainer is made for it, so a checkpoint with another value belongs to another run.
        forks: a fork may try another value.
        objectives: training with several objectives has it too.
        written: what files and the command line call it, where that is another word.
    """

    field: Field
    form: Literal["", "penalty", "more"] = ""
    penalty: Operation | None = None
    clip: Operation | None = None
    parts: bool = False
    plain: Callable[[Any], Any] = lambda value: value
    fixed: bool = False
    forks: bool = True
    objectives: bool = True
    written: str = ""

    @property
    def table_field(self) -> Field:
        """Its field as files and the command line know it."""
        return replace(self.field, name=self.written or self.field.name)

    @property
    def in_memory(self) -> bool:
        """Whether it is a number in the engine's memory, which the rows of a step read."""
        return self.field.live and self.field.kind in ("number", "integer")


def _declare(kind: Callable[..., Field], default: Any, about: str, **more: Any) -> Any:
    """One line of `TrainingSettings`: a field of that kind, called as the attribute, and what `Declared` says of it."""
    own = {item.name: more.pop(item.name) for item in dataclasses.fields(Declared) if item.name in more}
    return _line(default, lambda name: Declared(kind(name, default, about, **more), **own))


def _declare_as(field: Field) -> Any:
    """A line of `TrainingSettings` whose field stands where others need it too."""
    return _line(field.default, lambda name: Declared(field))


def _line(default: Any, describe: Callable[[str], Declared]) -> Any:
    return dataclasses.field(default=default, metadata={"declare": describe})


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Everything that determines a run, besides data, network, loss and optimizer.

    A setting is declared here and nowhere else. Files, the command line, the playground's form, the words of undo,
    forks, and what may change while a network trains all follow from its line. One that is a live number has a place in
    the engine's memory, where the rows of a training step read it by its name.

    `seed` determines row order, dropout and noise; the network has its own seed for its initial weights.
    `schedule` says how the learning rate changes over the steps; None keeps it constant.
    """

    batch_size: int | Literal["all"] = _declare_as(BATCH_SIZE)
    seed: int = _declare(kinds.integer, 0, "seed of row order, dropout and noise", low=0, high=2**62, forks=False)
    schedule: Schedule | None = None
    l1: float = _declare(
        kinds.number,
        0.0,
        "L1 penalty: pulls every weight towards 0 by a constant",
        low=0.0,
        live=True,
        form="penalty",
        penalty=PENALTY,
    )
    l2: float = _declare(
        kinds.number,
        0.0,
        "L2 penalty: pulls every weight towards 0 in proportion to its size",
        low=0.0,
        live=True,
        form="penalty",
        penalty=PENALTY,
    )
    clip_norm: float = _declare(
        kinds.number, 0.0, "largest gradient norm; 0: no limit", low=0.0, live=True, form="penalty", clip=CLIP_NORM
    )
    clip_value: float = _declare(
        kinds.number,
        0.0,
        "largest value in the gradient; 0: no limit",
        low=0.0,
        live=True,
        form="more",
        clip=CLIP_VALUE,
    )
    shuffle: bool = _declare(kinds.flag, True, "shuffle the rows in every epoch", form="more", fixed=True)
    validate_every: int = _declare(
        kinds.integer,
        1,
        "epochs between evaluations on the validation part; 0: never",
        low=0,
        form="more",
        fixed=True,
        forks=False,
        objectives=False,
    )
    threads: int = _declare(
        kinds.integer, 0, "threads that share large operations; 0: one per core", low=0, high=256, forks=False
    )
    dtype: str = _declare(
        kinds.choice,
        "float32",
        "number type of the whole run",
        choices=("float32", "float64"),
        written="real",
        fixed=True,
        forks=False,
    )
    silent: str = _declare(
        kinds.text,
        "",
        "units whose output is forced to 0: 1:3 is unit 3 of layer 1; whole layers too",
        longest=20_000,
        live=True,
        form="more",
        parts=True,
        plain=silenced_frozen.plain_text,
        objectives=False,
    )
    frozen: str = _declare(
        kinds.text,
        "",
        "units or layers whose weights stay fixed, as in 1:3 or 1",
        longest=20_000,
        live=True,
        form="more",
        parts=True,
        plain=silenced_frozen.plain_text,
        objectives=False,
    )
    groups: str = _declare(
        kinds.text,
        "",
        "layers with settings of their own, as in 1 lr_factor=0.1, head weight_decay=0",
        longest=4000,
        live=True,
        form="more",
        plain=parameter_groups.text_of,
        objectives=False,
    )
    resting: str = _declare(
        kinds.text,
        "",
        "objectives that update nothing for now, of a run with several: the others go on",
        longest=20_000,
        live=True,
        form="more",
        objectives=False,
    )
    accumulate: int = _declare(
        kinds.integer,
        1,
        "batches that make one step: gradients are averaged over their rows, as in one larger batch (mean losses)",
        low=1,
        high=2**20,
        form="more",
        fixed=True,
        objectives=False,
    )
    average: str = _declare(
        kinds.choice,
        "none",
        "weights averaged beside the trained ones; ema: over steps, swa: over epochs",
        choices=("none", *AVERAGES),
        form="more",
        fixed=True,
        objectives=False,
    )
    ema_decay: float = _declare(
        kinds.number,
        0.999,
        "how slowly a moving average follows (ema): 0.999 averages about the last 1,000 steps",
        low=0.0,
        high=1.0,
        below=True,
        reason="at 1 the average would never take anything in",
        live=True,
        form="more",
        objectives=False,
    )
    average_from: int = _declare(
        kinds.integer,
        0,
        "first epoch whose weights are averaged",
        low=0,
        high=2**24,
        live=True,
        form="more",
        objectives=False,
    )
    use_average: bool = _declare(
        kinds.flag,
        False,
        "answer, score and validate with the averaged weights; the training curve stays that of the trained ones",
        live=True,
        form="more",
        objectives=False,
    )

    def batch_rows(self, rows: int) -> int:
        """Rows of a full batch, of so many training rows."""
        return rows if self.batch_size == "all" else self.batch_size

    def step_rows(self, rows: int) -> int:
        """Rows that a full step takes, of so many training rows."""
        return self.batch_rows(rows) * self.accumulate

    def changed(self, **changes: Any) -> TrainingSettings:
        """A copy with some values changed, each checked.

        Raises:
            InputError: an unknown name, or a value that its field refuses.
        """
        read: dict[str, Any] = {}
        for name, value in changes.items():
            if name == "schedule":
                read[name] = _schedule(value)
            elif name in DECLARED:
                declared = DECLARED[name]
                given = declared.plain(_off(name) if value is None else value)
                read[name] = declared.field.read(given)
            else:
                raise unknown("setting", name, [item.name for item in dataclasses.fields(self)], where="trainer")
        return replace(self, **read) if read else self


#: What is declared of each setting, in the order of their lines; `schedule` is a record, and has none.
DECLARED: Final[Mapping[str, Declared]] = {
    item.name: item.metadata["declare"](item.name)
    for item in dataclasses.fields(TrainingSettings)
    if "declare" in item.metadata
}
#: Settings that name parts of the network.
SILENCED_FROZEN: Final = tuple(name for name, declared in DECLARED.items() if declared.parts)


def _off(name: str) -> Any:
    """What turns a setting off."""
    field = DECLARED[name].field
    return "" if field.kind == "text" else False if field.kind == "flag" else 0.0


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
    raise InputError(f"{shown(given)} is not a valid {kind}", hint=f"give a name such as '{next(iter(records))}'")


def _schedule(value: Any) -> Schedule | None:
    if value is None or isinstance(value, Schedule):
        return value
    if isinstance(value, ScheduleRecord):
        return value()
    if is_chain(value):
        return schedule_records()["chained"](parts=value)
    schedule: Schedule = resolve_record(value, "schedule", schedule_records(), Schedule)
    return schedule
