"""Refusing "class" as a target where rows have no classes besides being real, or the answer is not about them."""

from __future__ import annotations

from collections.abc import Mapping

from nnplay.data.dataset import Dataset
from nnplay.errors import InputError
from nnplay.network.network import NetworkPlan
from nnplay.records.loss import Loss
from nnplay.records.operation import shape_text
from nnplay.text import counted
from nnplay.training.players.players import CLASS, Players
from nnplay.training.players.stages import answer_shape


def check_classes(players: Players, own_loss: Loss, plans: Mapping[str, NetworkPlan], data: Dataset) -> None:
    """Refuses objectives that are compared with the class of a row where that cannot be.

    Args:
        own_loss: of objectives that have none of their own.
        plans: all networks, from `plan_networks`.

    Raises:
        InputError: the first problem.
    """
    for item in players.objectives:
        if item.target != CLASS:
            continue
        loss, count = item.loss or own_loss, len(data.kind_names)
        if data.kinds is None:
            what = "rows of these data have no class besides what they are compared with"
            hint = 'write target = "data", or choose data with classes and [objective] target = 1'
            raise InputError(what, where=item.name, hint=hint)
        if loss.target != "labels":
            what = f"{loss.record.name} compares no classes"
            raise InputError(what, where=item.name, hint='write loss = "cross_entropy"')
        if (shape := answer_shape(players, item, plans)) != (loss.record.outputs(count),):
            what = f"{counted(count, 'class')} need as many outputs, and its answer has {shape_text(shape)}"
            raise InputError(what, where=item.name, hint=f"end the path with a network that ends with linear {count}")
