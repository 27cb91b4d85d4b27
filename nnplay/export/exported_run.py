"""A run as other tools see it: a name, settings, curves and scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome
from nnplay.training.curves.history import History

#: A curve: steps, and the value at each.
Points = tuple[Sequence[int], Sequence[float]]


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """A run with everything that other tools can show of it.

    Attributes:
        name: of a session or trial; letters, digits, `-` and `_`.
        settings: flat, such as `optimizer.lr`.
        curves: by name; steps rise.
        scores: by part and name, such as `test/accuracy`.
    """

    name: str
    settings: Mapping[str, Any]
    curves: Mapping[str, Points] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each point of each curve: run, curve, step, value."""
        for name, (steps, values) in self.curves.items():
            for step, value in zip(steps, values, strict=True):
                yield {"run": self.name, "curve": name, "step": int(step), "value": finite(value)}


def finite(value: float) -> float | None:
    """A number, or nothing where it is not finite, which most files cannot hold."""
    return float(value) if math.isfinite(value) else None


def flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """A table of tables as one, with names such as `optimizer.lr`; lists become text."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{above}.{key}" if above else key
        if isinstance(value, Mapping):
            found |= flat(value, name)
        else:
            found[name] = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
    return found


def from_history(name: str, table: Mapping[str, Any], history: History, scores: Mapping[str, float]) -> ExportedRun:
    """A run with its curves.

    Args:
        table: of its configuration.
        scores: by part and name.
    """
    curves = {curve: (history[curve].steps.tolist(), history[curve].last.tolist()) for curve in history.names()}
    return ExportedRun(safe_name(name), flat(table), curves, scores)


def from_sweep(sweep: Sweep, outcomes: Sequence[Outcome]) -> list[ExportedRun]:
    """The trials of a sweep, each a run; the steps of its curve are epochs."""
    runs = []
    for outcome in outcomes:
        trial = outcome.trial
        name = f"trial-{trial.number:06}" + (f"-epochs-{trial.epochs}" if trial.epochs else "")
        settings = {**trial.settings, "end": outcome.end}
        points = ([epoch for epoch, _ in outcome.curve], [loss for _, loss in outcome.curve])
        curves = {"validation_loss": points} if outcome.curve else {}
        scores = {f"validation/{score}": value for score, value in outcome.scores.items()}
        runs.append(ExportedRun(name, settings, curves, {**scores, "seconds": outcome.seconds}))
    return runs


def safe_name(text: str) -> str:
    """A name that is good for a folder everywhere."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text)[:100] or "run"
