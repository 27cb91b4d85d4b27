"""Tensors by the names that a user gives them."""

from __future__ import annotations

from nnplay.errors import InputError
from nnplay.tape.machines.machine import Machine
from nnplay.tape.memory_layout import Slot
from nnplay.text import counted


def slot_named(machine: Machine, name: str) -> Slot:
    """The slot of a tensor as a user names it: "0.weight", or "weight" or "w" where only one layer has it.

    Raises:
        InputError: no such tensor, or several.
    """
    slots = [slot for slot in machine.tape.layout.all() if slot.region not in ("evaluation", "last_good")]
    own = [slot for slot in slots if slot.region == "parameters" and "." in slot.name]
    exact = [slot for slot in slots if slot.name == name]
    ending = [slot for slot in own if slot.name.endswith(f".{name}")]
    short = [slot for slot in own if _abbreviates(name, slot.name)]
    found = exact[:1] or ending or short
    if len(found) != 1:
        names = ", ".join(
            slot.name for slot in slots if "." in slot.name and slot.region in ("parameters", "activations")
        )
        count = "no tensor" if not found else f"{counted(len(found), 'tensor')}"
        raise InputError(f"'{name}' names {count}", where="step", hint=f"the network has {names}")
    return found[0]


def _abbreviates(name: str, full: str) -> bool:
    """Whether a name is short for a full one: "w" or "0.w" for "0.weight"."""
    path, _, last = full.rpartition(".")
    given_path, dot, given = name.rpartition(".")
    return bool(given) and last.startswith(given) and (not dot or given_path == path)
