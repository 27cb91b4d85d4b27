"""Silent and frozen parts of a network: "1:3 4" is unit 3 of layer 1, and the whole of layer 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from nnplay.errors import InputError, near
from nnplay.network.network import NetworkPlan, PlannedLayer

#: Stands for all units of a layer.
ALL: Final = -1
#: Layers that a hint names.
_LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class NetworkPart:
    """A unit of a layer, or (`ALL`) the whole of it."""

    path: str
    unit: int = ALL

    def __str__(self) -> str:
        return self.path if self.unit == ALL else f"{self.path}:{self.unit}"

    @property
    def words(self) -> str:
        """For readers."""
        return f"layer {self.path}" if self.unit == ALL else f"unit {self.unit} of layer {self.path}"


def read(text: str) -> tuple[NetworkPart, ...]:
    """What a text names, each once.

    Raises:
        InputError: a part of it is no layer and no unit of one.
    """
    found: dict[NetworkPart, None] = {}
    for part in text.replace(",", " ").split():
        path, colon, unit = part.rpartition(":")
        if colon and not unit.isdecimal():
            raise InputError(
                f"'{part}' does not name a unit", hint="write 1:3 for unit 3 of layer 1, or 1 for the whole layer"
            )
        found[NetworkPart(path, int(unit)) if colon else NetworkPart(part)] = None
    return tuple(found)


def text_of(parts: tuple[NetworkPart, ...]) -> str:
    """The text that `read` reads."""
    return " ".join(map(str, parts))


def plain_text(given: Any) -> Any:
    """A text in its one form; whatever is no text stays as it is, for the field to accept or refuse."""
    return text_of(read(given)) if isinstance(given, str) else given


def toggled(text: str, part: NetworkPart) -> str:
    """The text with one more part, or without it where it was there."""
    present = read(text)
    return text_of(tuple(other for other in present if other != part) if part in present else (*present, part))


def words(silent: str, frozen: str) -> tuple[str, ...]:
    """What is silent and what is frozen, for readers."""
    return (*(f"{part.words} silent" for part in read(silent)), *(f"{part.words} frozen" for part in read(frozen)))


def silent_problem(plan: NetworkPlan, part: NetworkPart) -> str:
    """Why that part of a network cannot be silenced; empty if it can."""
    planned = _layer_of(plan, part)
    if planned is None:
        return f"there is no layer {part.path}"
    units = planned.plan.output[-1]
    return f"layer {part.path} has units 0 to {units - 1}" if part.unit >= units else ""


def frozen_problem(plan: NetworkPlan, part: NetworkPart) -> str:
    """Why the weights of that part of a network cannot be frozen; empty if they can."""
    problem, planned = silent_problem(plan, part), _layer_of(plan, part)
    if problem or planned is None:
        return problem
    if planned.shares:
        return f"layer {part.path} uses the weights of layer {planned.shares}: freeze that one"
    if not planned.plan.parameters:
        return f"layer {part.path} has no weights"
    own = any(parameter.shape[-1] != planned.plan.output[-1] for parameter in planned.plan.parameters.values())
    return f"layer {part.path} shares weights between units: freeze the whole layer" if part.unit != ALL and own else ""


def fitting(plan: NetworkPlan, silent: str, frozen: str) -> tuple[str, str]:
    """The texts without what a network does not have."""
    return (
        text_of(tuple(part for part in read(silent) if not silent_problem(plan, part))),
        text_of(tuple(part for part in read(frozen) if not frozen_problem(plan, part))),
    )


def check(plan: NetworkPlan, silent: str, frozen: str) -> None:
    """Refuses what a network does not have.

    Raises:
        InputError: the first problem.
    """
    for where, text, problem_of in (("silent", silent, silent_problem), ("frozen", frozen, frozen_problem)):
        for part in read(text):
            if problem := problem_of(plan, part):
                fitting = [one.path for one in plan.layers if not problem_of(plan, NetworkPart(one.path, part.unit))]
                hint = near(part.path, fitting) or (f"name {_some(fitting)}" if fitting else "")
                raise InputError(problem, where=where, hint="" if part.path in fitting else hint)


def _some(paths: list[str]) -> str:
    """The first paths of layers, for a hint."""
    return ", ".join(paths[:_LISTED]) + (" …" if len(paths) > _LISTED else "")


def _layer_of(plan: NetworkPlan, part: NetworkPart) -> PlannedLayer | None:
    return next((planned for planned in plan.layers if planned.path == part.path), None)
