"""A dead generator: hardly any gradient reaches it, or it makes the same row of any noise."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import figure

_STEPS: Final = 200
_GRADIENT: Final = 0.01
_SPREAD: Final = 0.01


def examine(evidence: Evidence) -> Sign | None:
    """The length of its gradient against that of its first steps, and how far apart its rows lie."""
    facts = evidence.players
    if facts is None or facts.steps < _STEPS:
        return None
    if facts.spread < _SPREAD:
        what = f"'{facts.generator}' makes the same row of any noise"
        return Sign("error", f"dead generator: {what}; re-initialise the weights")
    if facts.first_gradient <= 0 or facts.gradient >= _GRADIENT * facts.first_gradient:
        return None
    what = f"the gradient of '{facts.generator}' is {figure(facts.gradient)}, down from {figure(facts.first_gradient)}"
    minimax = any(item.name == facts.generator and item.factor < 0 for item in facts.players.objectives)
    if not minimax:
        return Sign("error", f"dead generator: {what}; lower the learning rate of '{facts.discriminator}'")
    cure = "train it towards 1 instead of away from 0, which still pulls where the discriminator is sure"
    mend = {"objectives": facts.objectives_with(target=1, factor=1.0)}
    return Sign("error", f"dead generator: {what}; {cure}", mend)


DEAD_GENERATOR = HealthRule("dead_generator", "Dead generator", examine, "new-weights", "R")
