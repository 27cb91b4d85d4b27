"""What ran a step: an earlier engine, or a graphics card, may have given other last digits."""

from __future__ import annotations

from typing import Final

from nnplay.tape.machines.device import ran_on_card, trains_on_card
from nnplay.tape.machines.machine import Machine

#: Raised by one whenever a change gives any run other bits; `tests/golden/digests.json` shows when that is so. On what
#: processor, with how many threads and by what compiler a step was run does not matter. The digests are a processor's,
#: and so is this number: other bits on graphics cards (other shares of a cut sum) do not raise it. Steps are replayed
#: on whatever trains now, a card or a processor, and where that was the other one, a note says so.
ENGINE: Final = "4"
#: The same on a graphics card, and where a processor ran some steps and a card others.
ON_CARD: Final = f"{ENGINE} on a card"
ON_BOTH: Final = f"{ENGINE} on both"
#: What is kept in place of a name where the steps of a run were not all run by the same version.
SEVERAL: Final = "several"
_NAMES: Final = {ENGINE: "a processor", ON_CARD: "a graphics card", ON_BOTH: "a processor and a graphics card"}


def engine_of(machine: Machine) -> str:
    """What has run the steps of a machine in this process; empty where a card is to, and none was run yet."""
    if not ran_on_card(machine):
        return "" if trains_on_card(machine) else ENGINE
    return ON_CARD if trains_on_card(machine) else ON_BOTH


def join_engines(one: str, other: str) -> str:
    """What ran steps of which one ran some, and the other one others."""
    if one == other or not (one and other):
        return one or other
    return ON_BOTH if {one, other} <= _NAMES.keys() else SEVERAL


def is_this_version(engine: str) -> bool:
    """Whether this version ran all steps, on whatever device."""
    return engine in _NAMES


def describe_device(engine: str, machine: Machine) -> str:
    """Where earlier steps were run, if that was not on what replays them; empty where it was, or by another version."""
    here = ON_CARD if trains_on_card(machine) else ENGINE
    if engine == here or not is_this_version(engine):
        return ""
    return f"earlier steps were run on {_NAMES[engine]}: replayed on {_NAMES[here]}, their last digits may differ"
