"""A discriminator that has won: it is never wrong, so it says nothing about what would look more real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nnplay.health.evidence import Evidence
from nnplay.health.player_facts import PENALTY, WON, PlayerFacts
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import percent

_STEPS: Final = 200
#: The discriminator's rate becomes a quarter; above the slow one a twentieth, if that is no slower.
_EASIER: Final = 4.0
_MUCH_EASIER: Final = 20.0
_SLOW: Final = 0.001
#: What the squared length of the discriminator's slope at real rows counts then (R1).
_R1: Final = 0.1


def examine(evidence: Evidence) -> Sign | None:
    """The share of real and made rows that it takes for what they are."""
    facts = evidence.players
    if facts is None or facts.steps < _STEPS or min(facts.real_seen, facts.made_seen) < WON:
        return None
    share = percent((facts.real_seen + facts.made_seen) / 2)
    what = f"'{facts.discriminator}' has won: it is right about {share} of the real and made rows"
    rate = min(facts.lr / _EASIER, max(facts.lr / _MUCH_EASIER, _SLOW))
    words, changes = _help_generator(facts, rate)
    mend: dict[str, object] = {"optimizer": {"lr": rate}}
    if changes or facts.takes_penalty:
        mend["objectives"] = [*facts.objectives_with(**changes), *_penalty(facts)]
    return Sign("warning", f"{what}; {_cure(facts, words)}", mend)


def _cure(facts: PlayerFacts, words: list[str]) -> str:
    slope = " and hold its slope down (R1)" if facts.takes_penalty else ""
    follow = f"train '{facts.generator}' {', '.join(words)}" if words else f"so '{facts.generator}' can follow"
    return f"lower its learning rate{slope}; {follow}"


def _penalty(facts: PlayerFacts) -> list[Mapping[str, Any]]:
    """The penalty that the discriminator gets, if it takes one."""
    slope = {"path": [facts.discriminator], "gradient_norm": 0, "factor": _R1, "adds_to": facts.discriminator}
    return [{"name": PENALTY, **slope}] if facts.takes_penalty else []


def _help_generator(facts: PlayerFacts, rate: float) -> tuple[list[str], dict[str, Any]]:
    """What the generator needs to catch up: turns as often, a loss that pulls, an optimizer as good as the other's."""
    own = facts.of_generator
    words: list[str] = []
    changes: dict[str, Any] = {}
    if own.every > facts.players.every == 1:
        words.append("in every step")
        changes["every"] = 1
    if own.factor < 0:
        words.append("towards 1")
        changes |= {"target": 1, "factor": 1.0}
    if own.optimizer is not None and own.optimizer.record.name != facts.optimizer["name"]:
        words.append(f"by {facts.optimizer['name']} too")
        changes["optimizer"] = {**facts.optimizer, "lr": rate}
    return words, changes


DISCRIMINATOR_WON = HealthRule("discriminator_won", "Discriminator has won", examine, "pane-training", "3")
