"""The record of one health rule: how it looks at the evidence, and the action that applies its cure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nnplay.health.evidence import Evidence

Level = Literal["good", "hint", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Sign:
    """What a rule saw: how bad it is, in one sentence with numbers.

    Attributes:
        mend: entries of the run's table that mend it, as in `{"training": {"batch_size": 32}}`.
        column: the column of the data that it is about, or empty.
    """

    level: Level
    sentence: str
    mend: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""


@dataclass(frozen=True, slots=True)
class HealthRule:
    """One rule.

    Attributes:
        name: stable name, as in tests and documents ("dead_relu").
        title: two or three words.
        examine: what it sees in the evidence, or None; called several times a second, so it only compares numbers.
        action: id of the playground's action that leads to the cure, or empty.
        key: the key of that action, as the screen shows it.
        hopeless: a run of which it finds an error cannot work, however it is trained.
        trend: it judges how the training goes, which means nothing in a run that cannot work.
        at_start: what it finds is said before a run trains, too, whatever its level.
        data: it judges the data; what it finds is always shown, however many other findings there are.
    """

    name: str
    title: str
    examine: Callable[[Evidence], Sign | None]
    action: str = ""
    key: str = ""
    hopeless: bool = False
    trend: bool = False
    data: bool = False
    at_start: bool = False
