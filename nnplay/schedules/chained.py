"""Chained: schedules one behind the other, each for a number of steps; a warm-up and then a cosine, for instance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError, unknown
from nnplay.fields import text
from nnplay.records.layer import Refused
from nnplay.records.registry import schedule_records
from nnplay.records.schedule import Schedule, ScheduleRecord
from nnplay.text import clean

Array = NDArray[np.float64]
_HINT = "write it as in warmup 100, cosine 900"


CHAINED = ScheduleRecord(
    name="chained",
    title="Chained",
    about="Schedules one behind the other. Each begins at its own step 0 once the one before it has had its steps.",
    when="A warm-up and then a cosine, which most transformers are trained with.",
    formula="factor_k(t − begin_k), where begin_k is the sum of the steps of the schedules before",
    factor=lambda values, steps: factor(values, steps),
    fields=(
        text(
            "parts",
            "warmup 100, cosine 900",
            "schedules with their steps, separated by commas; settings follow, as in warmup 100 start_factor=0.01",
            longest=1000,
        ),
    ),
    check=lambda values: check(values),
    torch="torch.optim.lr_scheduler.SequentialLR",
    cases=(
        (
            {"parts": "warmup 4 start_factor=0.2, cosine 10"},
            {0: 0.2, 2: 0.6, 3: 0.8, 4: 1.0, 9: 0.5, 14: 0.0, 99: 0.0},
        ),
        (
            {"parts": "constant 2, step 3 step_size=2 gamma=0.5, linear_decay 4 end_factor=0.5"},
            {1: 1.0, 3: 1.0, 4: 0.5, 5: 1.0, 7: 0.75, 9: 0.5, 99: 0.5},
        ),
    ),
    refused=(
        Refused({"parts": "warmup 100"}, (), "two schedules or more"),
        Refused({"parts": "warmup, cosine 9"}, (), "how many steps"),
        Refused({"parts": "warmup 100, cosin 900"}, (), "did you mean 'cosine'"),
        Refused({"parts": "warmup 100, plateau 900"}, (), "validation loss"),
        Refused({"parts": "warmup 100 9, cosine 900"}, (), "key=value"),
    ),
)


def check(values: Mapping[str, Any]) -> None:
    """Refuses a text that is no chain.

    Raises:
        InputError: fewer than two schedules, or one that cannot be part of a chain.
    """
    _parts(values["parts"])


def factor(values: Mapping[str, Any], steps: Array) -> Array:
    """The factor of the schedule whose turn it is, at the steps since its turn began; the last one stays."""
    parts = _parts(values["parts"])
    begins = [0, *accumulate(count for count, _ in parts[:-1])]
    result = np.ones_like(steps)
    for begin, (_, schedule) in zip(begins, parts, strict=True):
        own = steps >= begin
        if own.any():
            result[own] = schedule.record.factor(schedule.values, steps[own] - begin)
    return result


@cache
def _parts(words: str) -> tuple[tuple[int, Schedule], ...]:
    """Steps and schedule of each part.

    Raises:
        InputError: fewer than two, or one that cannot be part of a chain.
    """
    given = [part.split() for part in re.split(r",(?!\d)", words) if part.strip()]
    if len(given) < 2:
        raise InputError("a chain has two schedules or more", where="chained, parts", hint=_HINT)
    return tuple(_part(*part) for part in given)


def _part(name: str, count: str = "", *settings: str) -> tuple[int, Schedule]:
    where, records = "chained, parts", schedule_records()
    if name.lower() not in records:
        raise unknown("schedule", name, records, where=where)
    record = records[name.lower()]
    if record.patience or record is CHAINED:
        why = "waits for the validation loss" if record.patience else "is a chain itself"
        raise InputError(f"{name} {why}, so it cannot be part of a chain", where=where, hint=_HINT)
    if not (count.isascii() and count.isdecimal()) or not 0 < int(count[:10]) <= 2**31:
        raise InputError(f"'{clean(name)}' does not say for how many steps", where=where, hint=_HINT)
    pairs = [word.partition("=") for word in settings]
    if wrong := [word for word, equals, _ in pairs if not equals]:
        raise InputError(f"'{clean(wrong[0])}' is not of the form key=value", where=where, hint=_HINT)
    own = {"steps": int(count)} if any(field.name == "steps" for field in record.fields) else {}
    return int(count), record(**{**own, **{key: value for key, _, value in pairs}})
