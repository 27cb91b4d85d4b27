"""A discriminator that has won: it is never wrong, so it says nothing about what would look more real."""

from __future__ import annotations

from typing import Any, Final

from nnplay.health.evidence import Evidence
from nnplay.health.player_facts import WON, PlayerFacts
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import percent

_STEPS: Final = 200
_EASIER: Final = 4.0


def examine(evidence: Evidence) -> Sign | None:
    """The share of real and made rows that it takes for what they are."""
    facts = evidence.players
    if facts is None or facts.steps < _STEPS or min(facts.real_seen, facts.made_seen) < WON:
        return None
    share = percent((facts.real_seen + facts.made_seen) / 2)
    what = f"'{facts.discriminator}' has won: it is right about {share} of the real and made rows"
    cure, changes = _help_generator(facts)
    mend: dict[str, object] = {"optimizer": {"lr": facts.lr / _EASIER}}
    if changes:
        mend["objectives"] = facts.objectives_with(**changes)
    return Sign("warning", f"{what}; lower its learning rate{cure}", mend)


def _help_generator(facts: PlayerFacts) -> tuple[str, dict[str, Any]]:
    """What else the generator needs to catch up: turns as often."""
    own = next((item for item in facts.players.objectives if item.name == facts.generator), None)
    if own is not None and own.every > facts.players.every == 1:
        return f" and give '{facts.generator}' a turn in every step", {"every": 1}
    return f", so that '{facts.generator}' can follow", {}


DISCRIMINATOR_WON = HealthRule("discriminator_won", "Discriminator has won", examine, "pane-training", "3")
