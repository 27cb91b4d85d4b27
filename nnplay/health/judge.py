"""Applies every health rule to a run and keeps the findings that matter most."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np

from nnplay.health.evidence import Evidence, gather_evidence
from nnplay.health.finding import Finding
from nnplay.health.rule import HealthRule
from nnplay.records.registry import find_records
from nnplay.training.trainer import Trainer

#: Findings about the training that are shown at once: more than that nobody acts on.
MOST: Final = 4
_ORDER: Final = {"error": 0, "warning": 1, "hint": 2, "good": 3}


@functools.cache
def health_rules() -> dict[str, HealthRule]:
    """Every rule by name: each module of `nnplay.health.rules` that defines one is part of the program."""
    return {rule.name: rule for rule in find_records("nnplay.health.rules", HealthRule)}


def findings(trainer: Trainer, weights_of: int | None = None) -> tuple[Finding, ...]:
    """What the rules see in the run, worst first.

    Args:
        weights_of: the step whose weights are in place, where an earlier one's came back; else the present one.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a run that went wrong has such numbers
        return judge(gather_evidence(trainer, weights_of))


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """The findings of one moment, worst first; praise only where nothing is wrong.

    Of the training at most `MOST`; of the data all, as each has a cure of its own and none may hide another.

    Of a run that cannot work, nobody is told how it trains, nor another rate to try; nor of two players, whose losses
    rise and fall with what the other one does.
    """
    signs = [(rule, sign) for rule in health_rules().values() if (sign := rule.examine(evidence)) is not None]
    hopeless = any(rule.hopeless and sign.level == "error" for rule, sign in signs)
    silent = hopeless or evidence.players is not None
    found = [(rule, sign) for rule, sign in signs if not (silent and rule.trend)]
    wrong = any(sign.level in ("error", "warning") for _, sign in found)
    kept = [(rule, sign) for rule, sign in found if sign.level != "good" or not wrong]
    kept.sort(key=lambda item: _ORDER[item[1].level])
    shown = [rule for rule, _ in kept if not rule.data][:MOST]
    return tuple(
        Finding(sign.level, sign.sentence, rule.key, rule.action, sign.mend, rule.name, sign.column)
        for rule, sign in kept
        if rule.data or rule in shown
    )
