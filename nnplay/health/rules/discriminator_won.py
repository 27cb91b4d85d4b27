"""A discriminator that has won: it is never wrong, so it says nothing about what would look more real."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.player_facts import WON
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
    cure = f"lower its learning rate, so that '{facts.generator}' can follow"
    return Sign("warning", f"{what}; {cure}", {"optimizer": {"lr": facts.lr / _EASIER}})


DISCRIMINATOR_WON = HealthRule("discriminator_won", "Discriminator has won", examine, "pane-training", "3")
