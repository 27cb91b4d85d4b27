"""Mode collapse: the generator makes only a few of the kinds of rows that there are, whatever the noise."""

from __future__ import annotations

from typing import Final

from nnplay.health.evidence import Evidence
from nnplay.health.player_facts import WON, PlayerFacts
from nnplay.health.rule import HealthRule, Sign
from nnplay.text import percent

#: Steps that a game has to spread out, the share of the lumps, and how far apart made rows must lie.
_STEPS: Final = 2500
_COVERED: Final = 0.5
_SPREAD: Final = 0.4


def examine(evidence: Evidence) -> Sign | None:
    """The lumps that are covered, or where there are none how far apart made rows lie."""
    facts = evidence.players
    if facts is None or evidence.step < _STEPS or min(facts.real_seen, facts.made_seen) >= WON:
        return None  # where the discriminator has won, that is what is wrong
    if facts.lumps > 1 and facts.covered <= _COVERED * facts.lumps:
        what = f"made rows cover only {facts.covered} of {facts.lumps} lumps"
    elif facts.spread < _SPREAD:
        what = f"made rows lie only {percent(facts.spread)} as far apart as real ones"
    else:
        return None
    if facts.steps < _STEPS:
        return Sign("warning", f"mode collapse: {what}; the game was changed {facts.steps:,} steps ago, give it time")
    cure, mend = _cure(facts)
    return Sign("warning", f"mode collapse: {what}; {cure}", mend)


def _cure(facts: PlayerFacts) -> tuple[str, dict[str, object]]:
    if facts.players.every > 1:
        own = {"name": facts.discriminator, "target": 1, "factor": facts.players.factor, "clamp": facts.players.clamp}
        return f"train it in every step ({facts.discriminator}.every 1)", {"objective": {**own, "every": 1}}
    return f"raise the learning rate of '{facts.discriminator}'", {"optimizer": {"lr": 2 * facts.lr}}


MODE_COLLAPSE = HealthRule("mode_collapse", "Mode collapse", examine, "pane-training", "3")
