"""Parameter groups: layers with settings of their own, as in "front lr_factor=0.1, 2 4 weight_decay=0".

A group gives layers another learning rate, as a factor of the optimizer's, and other values of the optimizer's fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnplay.errors import InputError, unknown
from nnplay.fields import Field, number
from nnplay.network.network import NetworkPlan
from nnplay.records.optimizer import Optimizer
from nnplay.text import clean, shown

#: What a group has besides the optimizer's fields; a schedule and a change of `lr` act on the product.
LR_FACTOR: Final = number("lr_factor", 1.0, "factor of the learning rate", low=0.0)
_HINT: Final = "write it as in front lr_factor=0.1, 2 4 weight_decay=0"


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Layers, and what is set for them.

    Attributes:
        layers: names or places of layers; one that contains others stands for all of them.
        values: as they were written, by the names of the fields.
    """

    layers: tuple[str, ...]
    values: Mapping[str, str]

    def __str__(self) -> str:
        return " ".join([*self.layers, *(f"{name}={value}" for name, value in self.values.items())])

    def holds(self, path: str) -> bool:
        """Whether a layer is one of them, or lies in one of them."""
        return any(path == name or path.startswith(f"{name}.") for name in self.layers)

    def numbers(self, optimizer: Optimizer) -> list[float]:
        """The optimizer's settings for this group as rows read them, with the factor in place of the learning rate."""
        own = optimizer.with_values(**{name: value for name, value in self.values.items() if name != LR_FACTOR.name})
        return [LR_FACTOR.read(self.values.get(LR_FACTOR.name, 1.0)), *own.numbers[1:]]


def read(text: str) -> tuple[ParameterGroup, ...]:
    """The groups that a text describes.

    Raises:
        InputError: one without layers or without settings, or a setting that is given twice.
    """
    groups = []
    for part in text.split(","):
        words = part.split()
        layers = tuple(word for word in words if "=" not in word)
        pairs = [word.partition("=")[::2] for word in words if "=" in word]
        if words and (not layers or not pairs):
            what = "no layer" if pairs else "nothing that is set for it"
            raise InputError(f"'{clean(part.strip())}' has {what}", where="groups", hint=_HINT)
        if len(dict(pairs)) < len(pairs):
            raise InputError(f"'{clean(part.strip())}' sets something twice", where="groups", hint=_HINT)
        groups += [ParameterGroup(layers, dict(pairs))] if words else []
    return tuple(groups)


def text_of(given: Any) -> str:
    """The text of groups that are given as one, or as a table: `{"front": {"lr_factor": 0.1}}`.

    Raises:
        InputError: something else, or a text that `read` refuses.
    """
    if isinstance(given, Mapping):
        given = ", ".join(_entry(layers, values) for layers, values in given.items())
    if not isinstance(given, str):
        raise InputError(f"{shown(given)} is neither a text nor a table", where="groups", hint=_HINT)
    return ", ".join(map(str, read(given)))


def _entry(layers: Any, values: Any) -> str:
    if not isinstance(values, Mapping):
        hint = 'write {"front": {"lr_factor": 0.1}}'
        raise InputError(f"{shown(values)} is not a table of settings", where=f"groups, {clean(layers)}", hint=hint)
    names = " ".join(map(str, layers)) if isinstance(layers, tuple | list) else str(layers)
    return f"{names} {' '.join(f'{name}={value}' for name, value in values.items())}"


def check(plan: NetworkPlan, optimizer: Optimizer, text: str) -> None:
    """Refuses groups of layers that there are not, and settings that the optimizer does not have.

    Raises:
        InputError: the first problem.
    """
    groups = read(text)
    for group in groups:
        for layer in group.layers:
            if problem := _layer_problem(plan, layer):
                raise InputError(problem, where="groups")
        for name, value in group.values.items():
            _field(optimizer, name).read(value, "groups")
    for planned in plan.layers:
        if sum(group.holds(planned.path) for group in groups) > 1:
            raise InputError(f"layer {planned.path} is in two groups", where="groups", hint="name it in one of them")


def _layer_problem(plan: NetworkPlan, layer: str) -> str:
    found = [planned for planned in plan.layers if ParameterGroup((layer,), {}).holds(planned.path)]
    if not found:
        return f"there is no layer {clean(layer)}"
    return "" if any(planned.plan.parameters for planned in found) else f"layer {clean(layer)} has no weights"


def _field(optimizer: Optimizer, name: str) -> Field:
    fields = {item.name: item for item in optimizer.record.fields if item.live and item.name != "lr"}
    if name == "lr":
        hint = "lr_factor=0.1 gives it a tenth of the learning rate, whatever that is"
        raise InputError("a group has no learning rate of its own", where="groups", hint=hint)
    if name != LR_FACTOR.name and name not in fields:
        raise unknown("setting", name, [LR_FACTOR.name, *fields], where=f"groups, {optimizer.record.name}")
    return fields.get(name, LR_FACTOR)


def fitting(plan: NetworkPlan, optimizer: Optimizer, text: str) -> str:
    """The text without layers that a network does not have, and settings that an optimizer does not have."""
    known = {item.name for item in optimizer.record.fields if item.live}
    kept = []
    for group in read(text):
        layers = tuple(layer for layer in group.layers if not _layer_problem(plan, layer))
        values = {name: value for name, value in group.values.items() if name == LR_FACTOR.name or name in known}
        kept += [ParameterGroup(layers, values)] if layers and values else []
    return ", ".join(map(str, kept))


def layers_of(text: str) -> tuple[tuple[str, ...], ...]:
    """The layers of each group: what the rows of an update are cut by."""
    return tuple(group.layers for group in read(text))
