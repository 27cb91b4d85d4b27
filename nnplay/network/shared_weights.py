"""Layers that use the weights of another one: `linear 8 share=encoder` has none of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nnplay.errors import InputError, near
from nnplay.records.layer import Layer, Plan

if TYPE_CHECKING:
    from nnplay.network.network import PlannedLayer


def find_shared(name: str, known: Mapping[str, Sequence[str]]) -> str:
    """The path of the layer that a name means: its path, or the name that it has within its block.

    Args:
        known: paths of the layers in front, by the last part of each.

    Raises:
        InputError: there is none, or several have that name.
    """
    alike = known.get(name.rpartition(".")[2], ())
    found = (name,) if name in alike else () if "." in name else alike
    if not found:
        hint = near(name, known) or "name a layer in front of this one"
        raise InputError(f"there is no layer '{name}' in front of it to share with", hint=hint)
    if len(found) > 1:
        raise InputError(f"'{name}' names {len(found)} layers", hint=f"write share={found[0]}")
    return found[0]


def find_output(name: str, known: Mapping[str, Sequence[str]], planned: Mapping[str, PlannedLayer]) -> int:
    """The number of the value that a layer in front gives, for one that recalls it.

    Raises:
        InputError: no layer has that name, or several have.
    """
    try:
        return planned[find_shared(name, known)].output
    except InputError as problem:
        hint = problem.hint.replace("share=", "")
        raise InputError(problem.what.replace("to share with", "to recall"), hint=hint) from None
    except KeyError:
        raise InputError(f"'{name}' is a block", hint="name a layer in it, such as its last one") from None


def borrow(layer: Layer, plan: Plan, planned: Mapping[str, PlannedLayer], path: str) -> tuple[Plan, PlannedLayer]:
    """The plan of a layer without parameters of its own, and the layer at `path` that it takes them from.

    Args:
        planned: the layers in front, by path.

    Raises:
        InputError: that layer is of another kind or size, or this one has nothing that it could share.
    """
    kind = layer.record.name
    owner = planned.get(path)
    if owner is None or owner.layer.record is not layer.record:
        other = "a block" if owner is None else owner.layer.record.name
        raise InputError(f"cannot use the weights of '{path}', which is {other}", hint=f"share with another {kind}")
    if not plan.parameters or plan.buffers:
        what = "keeps numbers of its own" if plan.parameters else "has no weights"
        raise InputError(f"a {kind} {what}, so it cannot share any", hint="remove share=…")
    if layer.frozen:
        raise InputError(f"its weights are those of '{path}'", hint=f"freeze layer {path} instead")
    owner = planned[owner.shares] if owner.shares else owner
    for name, parameter in plan.parameters.items():
        there = owner.plan.parameters.get(name)
        if there is None or there.shape != parameter.shape:
            wanted = list(there.shape) if there else "missing"
            what = f"its {name} would be {list(parameter.shape)}, that of '{path}' is {wanted}"
            raise InputError(what, hint="give both layers the same inputs and settings")
    return replace(plan, parameters={}), owner


def follow_rename(layer: Layer, old: str, new: str) -> Layer:
    """The layer, and all within it, sharing with `new` where it shared with `old`."""
    branches = tuple(tuple(follow_rename(item, old, new) for item in branch) for branch in layer.branches)
    renamed = replace(layer, branches=branches, share=new if layer.share == old else layer.share)
    field = layer.record.recalls
    return renamed.with_values(**{field: new}) if field and layer.values[field] == old else renamed


def shares_anything(layer: Layer) -> bool:
    """Whether the layer, or one within it, uses weights of another."""
    return bool(layer.share) or any(shares_anything(item) for branch in layer.branches for item in branch)


def unshared(layer: Layer) -> Layer:
    """The layer, and all within it, with weights of their own: it can be planned by itself."""
    return replace(layer, share="", branches=tuple(tuple(map(unshared, branch)) for branch in layer.branches))
