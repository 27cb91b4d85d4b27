"""Which parameters an optimizer updates together: neighbours in one row, and one alone where its shape matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnplay.records.operation import Shape
from nnplay.records.optimizer import Optimizer, TensorRule


@dataclass(frozen=True, slots=True, eq=False)
class ParameterRun:
    """Parameters that the same rows update.

    Attributes:
        names: neighbours in memory, in their order.
        group: number of the group of layers whose settings are theirs; −1 for those of the optimizer.
        rule: the rows of a single one whose shape they know; None for one elementwise row over all of them.
    """

    names: list[str]
    group: int = -1
    rule: TensorRule | None = None


def cut(shapes: Mapping[str, Shape], optimizer: Optimizer, groups: Sequence[tuple[str, ...]]) -> list[ParameterRun]:
    """The runs of a network's trained parameters: a single one for an elementwise optimizer without groups.

    Args:
        shapes: by name, in the order in which they lie in memory.
        groups: the layers of each group.
    """
    found: list[ParameterRun] = []
    for full, shape in shapes.items():
        rule, group = optimizer.record.by_tensor(shape), _group_of(full.rpartition(".")[0], groups)
        if rule is None and found and found[-1].rule is None and found[-1].group == group:
            found[-1].names.append(full)
        else:
            found.append(ParameterRun([full], group, rule))
    return found or [ParameterRun([])]


def _group_of(path: str, groups: Sequence[tuple[str, ...]]) -> int:
    """Number of the group that a layer belongs to, or −1."""
    holds = [any(path == name or path.startswith(f"{name}.") for name in names) for names in groups]
    return holds.index(True) if True in holds else -1
