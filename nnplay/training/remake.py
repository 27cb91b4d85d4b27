"""Another trainer in place of one: what a change leaves as it was is kept, and the run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nnplay.arguments import kind_of
from nnplay.network.network import Network
from nnplay.records.layer import Layer
from nnplay.records.optimizer import Optimizer
from nnplay.records.registry import optimizer_records
from nnplay.tape.machines.machine import Progress
from nnplay.training import parameter_groups
from nnplay.training.averaged_weights import carry_average
from nnplay.training.learning_rate import Plateau
from nnplay.training.players.players import Players
from nnplay.training.players.stages import list_layers, plan_networks
from nnplay.training.settings import resolve_record
from nnplay.training.state.weight_transfer import transfer_weights
from nnplay.training.trainer import Trainer


def remake(trainer: Trainer, progress: Progress | None = None, **changes: Any) -> tuple[Trainer, list[str]]:
    """A trainer with some arguments changed (network, data, loss, optimizer or fields of `TrainingSettings`).

    Layers that still fit keep their weights and optimizer state; step, epoch and history continue.

        wider, fresh = nn.remake(trainer, network=nn.Network("linear 16, tanh, linear 2"))

    Args:
        trainer: is not changed.
        progress: called for kernels that are compiled first, as `(done, total, name)`.

    Returns:
        The new trainer, and the names of the parameters that were re-initialised.

    Raises:
        InputError: as for a new trainer.
    """
    kind_of(trainer, Trainer, "Trainer", "remake")
    arguments = {
        "network": changes.pop("network", trainer.network),
        "data": changes.pop("data", trainer.split),
        "loss": changes.pop("loss", trainer.loss),
        "optimizer": changes.pop("optimizer", trainer.optimizer),
    }
    players = changes.pop("players", trainer.players)
    settings = trainer.settings.changed(**changes)
    if "groups" not in changes:
        settings = replace(settings, groups=_fitting_groups(settings.groups, players, **arguments))
    machine = trainer.machine_maker
    other = Trainer(**arguments, settings=settings, progress=progress, machine=machine, players=players)
    return other, take_place(other, trainer)


def _fitting_groups(groups: str, players: Players, *, network: Any, data: Any, optimizer: Any, **_: Any) -> str:
    """The groups without layers and settings that another network or optimizer does not have."""
    if not groups or not isinstance(network, Network):
        return groups
    shape = data.feature_shape
    return parameter_groups.fitting(
        list_layers(plan_networks(players, network.plan(shape))),
        resolve_record(optimizer, "optimizer", optimizer_records(), Optimizer),
        groups,
    )


def take_place(trainer: Trainer, before: Trainer) -> list[str]:
    """Lets a trainer take the place of another: its step, epoch and history, and the weights of layers that fit.

    Returns:
        The names of the parameters of `trainer` that keep what they held.
    """
    kind_of(trainer, Trainer, "Trainer", "take_place")
    kind_of(before, Trainer, "Trainer", "take_place")
    machine = trainer.machine
    fresh = transfer_weights(before.plans, before.machine, trainer.plans, machine)
    if trainer.settings.average == before.settings.average:
        carry_average(machine, before.machine)
    clock = machine.clock._replace(step=before.step, epoch=before.epoch)
    rows = len(trainer.split.train)
    if before.split is trainer.split and before.settings.step_rows(rows) == trainer.settings.step_rows(rows):
        clock = clock._replace(batch=before.batch)
        machine.loss_sum = before.machine.loss_sum
    machine.clock = clock
    machine.keep_last_good()
    trainer.history, trainer.seconds, trainer.plateau = before.history, before.seconds, before.plateau
    trainer.recorded = before.recorded
    trainer.scored_since = before.scored_since if _scores_alike(before, trainer) else before.step
    if not trainer.loss.measures_as(before.loss):
        trainer.plateau = Plateau(factor=before.plateau.factor)  # the best of another loss is no measure
    return fresh


def _scores_alike(one: Trainer, other: Trainer) -> bool:
    """Whether losses and scores of one run are those of the other too: the same rows, network and loss."""
    kinds = one.split is other.split and one.loss.measures_as(other.loss)
    forms = _forms(one.network.layers) == _forms(other.network.layers)
    return kinds and forms and _forms_of_players(one.players) == _forms_of_players(other.players)


def _forms_of_players(players: Players) -> tuple[Players, list[Any]]:
    """Players without their layers, and of these what decides their answers."""
    bare = {name: replace(network, layers=()) for name, network in players.networks.items()}
    return replace(players, networks=bare), [_forms(network.layers) for network in players.networks.values()]


def _forms(layers: Sequence[Layer]) -> list[Any]:
    """What decides the answers of layers with the same weights: neither their names nor what is frozen."""
    return [(layer.record.name, dict(layer.values), [_forms(branch) for branch in layer.branches]) for layer in layers]
