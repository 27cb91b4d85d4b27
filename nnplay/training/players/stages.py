"""The stages of a step with players: each network planned for what feeds it, and the objectives of the tape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from nnplay.errors import InputError, unknown
from nnplay.network.network import Network, NetworkPlan
from nnplay.records.loss import Loss
from nnplay.records.operation import Shape, shape_text
from nnplay.records.optimizer import Optimizer
from nnplay.tape.objective import GradientPenalty, Objective, Term, full_name
from nnplay.text import clean
from nnplay.training.players.players import CLASS, DATA, INPUT, PlayerObjective, Players, noise_of
from nnplay.training.whole_data import looks_at_all


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of a tape, and what their targets are.

    Attributes:
        objectives: one for each stage, the run's own first.
        targets: shape of one row of each array of targets besides the data's own, by name.
        constants: those that are one number for every row.
    """

    objectives: list[Objective] = field(default_factory=list)
    targets: dict[str, Shape] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)


def plan_networks(players: Players, own: NetworkPlan) -> dict[str, NetworkPlan]:
    """Each network worked out for what feeds it, by the tape's names; the run's own first.

    Raises:
        InputError: one that nothing feeds, or shapes that do not meet.
    """
    found = {players.own: own}
    for name, player in players.networks.items():
        if player.noise:
            found[name] = _plan(players, name, (player.noise,))
    paths = [(item.name, item.at, item.path) for item in players.objectives]
    paths += [(item.name, "", (item.target,)) for item in players.objectives if item.target in players.networks]
    for _ in players.networks:  # a network may be fed by one that a later path runs first
        for where, at, path in paths:
            _plan_path(players, where, at, path, found)
    if missing := [name for name in players.networks if name not in found]:
        raise InputError(f"nothing feeds '{missing[0]}'", where="players", hint="give it noise, or a path to it")
    return {players.in_tape(name): plan for name, plan in found.items()}


def list_layers(plans: Mapping[str, NetworkPlan]) -> NetworkPlan:
    """One plan with the layers of all networks under the tape's names: it says which layers a text may name."""
    layers = tuple(
        replace(planned, path=full_name(name, planned.path)) for name, plan in plans.items() for planned in plan.layers
    )
    return replace(plans[""], layers=layers)


def _plan_path(players: Players, where: str, at: str, path: Sequence[str], found: dict[str, NetworkPlan]) -> None:
    """Adds the plans of a path's networks to those that are known, as far as it is known what feeds them."""
    shape: Shape | None = _shape_at(players, where, at, found) if at else None
    for name in path:
        if name not in found:
            if shape is None and name == path[0] and not at:
                shape = found[players.own].values[0]  # the data
            if shape is None:
                return
            found[name] = _plan(players, name, shape)
        shape = found[name].output_shape
    for before, after in pairwise(path):
        given, taken = found[before].output_shape, found[after].values[0]
        if given != taken:
            what = f"'{before}' gives {shape_text(given)}, but '{after}' takes {shape_text(taken)}"
            hint = f"end '{before}' with {_last_layer(given, taken)}"
            raise InputError(what, where=where, hint=hint)


def _plan(players: Players, name: str, shape: Shape) -> NetworkPlan:
    """A network worked out for rows of that shape; what does not fit is said with its name."""
    try:
        return Network(players.networks[name].layers).plan(shape)
    except InputError as error:
        raise InputError(error.what, where=f"{name}, {error.where}", hint=error.hint) from None


def _shape_at(players: Players, where: str, at: str, found: Mapping[str, NetworkPlan]) -> Shape | None:
    """The shape that a layer, such as "autoencoder.code", gives; None while its network is not planned."""
    network, _, path = at.partition(".")
    if network not in players.network_names:
        raise unknown("network", network, players.network_names, where=f"{where}, at")
    if network not in found:
        return None
    layers = {planned.path: planned.plan.output for planned in found[network].layers}
    if path not in layers:
        raise unknown("layer", path, list(layers), where=f"{where}, at")
    return layers[path]


def make_stages(
    players: Players, loss: Loss, optimizer: Optimizer, weight: str, plans: Mapping[str, NetworkPlan]
) -> Stages:
    """The stages of the tape, the run's own first, and what their targets are.

    Args:
        loss, optimizer: the run's own.
        weight: array of row weights for the run's own loss; empty for none.
        plans: from `plan_networks`.

    Raises:
        InputError: a target that does not fit the answer that it is compared with.
    """
    found = Stages()
    added = {
        name: tuple(
            _term(players, item, loss, plans, found)
            for item in players.objectives
            if item.adds_to == name and item.gradient_norm is None
        )
        for name in players.names
    }
    trained = tuple(dict.fromkeys(("", *map(players.in_tape, players.trains))))
    members = () if looks_at_all(optimizer) else _members(plans[""], loss, players.factor)
    own = Objective(
        "", ("",), loss, trained, optimizer, players.every, weight=weight, factor=0.0 if members else players.factor,
        terms=(*members, *added[players.own]), clamp=players.clamp, penalties=_penalties(players, players.own),
    )  # fmt: skip
    found.objectives.append(own)
    for item in players.updates:
        term, trains = _term(players, item, loss, plans, found), tuple(map(players.in_tape, item.trains))
        stage = Objective(
            item.name, term.forward, term.loss, trains, item.optimizer or optimizer, item.every, input=term.input,
            target=term.target, factor=term.factor, terms=added[item.name], clamp=item.clamp, teacher=term.teacher,
            penalties=_penalties(players, item.name),
        )  # fmt: skip
        found.objectives.append(stage)
    return found


def _members(plan: NetworkPlan, loss: Loss, factor: float) -> tuple[Term, ...]:
    """A loss for each branch of an ensemble at the end of a network, in place of one for their mean."""
    if not plan.layers or not plan.layers[-1].layer.record.traits.members:
        return ()
    ends = {planned.output: planned.path for planned in plan.layers}
    paths = [ends[value] for value in plan.layers[-1].inputs if value in ends]
    return tuple(
        Term(f"member-{number}", (), loss, factor=factor / len(paths), at=path, member=True)
        for number, path in enumerate(paths, 1)
    )


def _term(
    players: Players, item: PlayerObjective, own_loss: Loss, plans: Mapping[str, NetworkPlan], found: Stages
) -> Term:
    """One objective's forward pass and loss; what its target is goes into `found`."""
    loss, shape = item.loss or own_loss, answer_shape(players, item, plans)
    teacher = item.target if item.target in players.networks else ""
    if teacher:
        _check_teacher(players, item, loss, shape, plans)
        target = teacher
    else:
        target, constant = _target(item, loss, shape, plans)
        if constant is not None:
            found.constants[target] = constant
        if target != "target":
            found.targets[target] = plans[""].values[0] if target == INPUT else target_shape(loss, shape)
    first = item.path[0] if item.path and not item.at else ""
    given = noise_of(first) if first in players.networks and players.networks[first].noise else INPUT
    forward, at = tuple(map(players.in_tape, item.path)), players.at_in_tape(item.at)
    return Term(item.name, forward, loss, given, target, item.factor, at, teacher)


def _check_teacher(
    players: Players, item: PlayerObjective, loss: Loss, shape: Shape, plans: Mapping[str, NetworkPlan]
) -> None:
    """Refuses a network as the target of answers of another shape, or one that is fed noise."""
    answer = plans[item.target].output_shape
    if target_shape(loss, shape) != answer:
        what = f"'{item.target}' answers with {shape_text(answer)}, but {loss.record.name} compares with "
        wanted = shape_text(target_shape(loss, shape))
        hint = f"end the path as '{item.target}' ends" if wanted else 'write loss = "mse", or "distillation"'
        raise InputError(what + (wanted or "labels"), where=item.name, hint=hint)
    if players.networks[item.target].noise:
        hint = "name a network that is fed the data"
        raise InputError(f"'{item.target}' is fed noise, and cannot teach", where=item.name, hint=hint)


def _penalties(players: Players, name: str) -> tuple[GradientPenalty, ...]:
    """The gradient penalties that are added to an objective."""
    return tuple(
        GradientPenalty(
            item.name, tuple(map(players.in_tape, item.path)), item.gradient_norm, item.factor, item.between
        )
        for item in players.objectives
        if item.adds_to == name and item.gradient_norm is not None
    )


def answer_shape(players: Players, item: PlayerObjective, plans: Mapping[str, NetworkPlan]) -> Shape:
    """The shape of one row of the answer that an objective compares."""
    if item.path:
        return plans[players.in_tape(item.path[-1])].output_shape
    named = {name or players.own: plan for name, plan in plans.items()}
    return _shape_at(players, item.name, item.at, named) or ()


def _target(
    item: PlayerObjective, loss: Loss, shape: Shape, plans: Mapping[str, NetworkPlan]
) -> tuple[str, float | None]:
    """The array that a term is compared with, and the number that it holds throughout, if it does."""
    if item.target in (DATA, INPUT):
        name = "target" if item.target == DATA else INPUT
        if name == INPUT and math.prod(shape) != math.prod(plans[""].values[0]):
            what = f"its answer of {shape_text(shape)} is compared with inputs of {shape_text(plans[''].values[0])}"
            hint = f"end the path with linear {math.prod(plans[''].values[0])}"
            raise InputError(what, where=item.name, hint=hint)
        return name, None
    if item.target == CLASS:
        return CLASS, None
    try:
        value = float(item.target)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        hint = 'write a number such as "1", "data", "input", "class", or the name of a network'
        raise InputError(f"'{clean(item.target)}' cannot be a target", where=item.name, hint=hint)
    classes = max([2, *shape[-1:]])
    if loss.target == "binary" and not 0 <= value <= 1:
        raise InputError(f"{value:g} cannot be a target of {loss.record.name}", where=item.name, hint="take 0 to 1")
    if loss.target == "labels" and value not in range(classes):
        hint = f"name a class from 0 to {classes - 1}"
        raise InputError(f"{value:g} cannot be a target of {loss.record.name}", where=item.name, hint=hint)
    return f"always {value:g}{list(target_shape(loss, shape))}", value


def target_shape(loss: Loss, output: Shape) -> Shape:
    """The shape of one row's target of a loss: numbers as the outputs are, or labels."""
    kind = loss.target
    if kind == "groups":
        return ()
    if kind in ("labels", "binary"):
        return output[:-1]
    last = output[-1:]
    half = bool(last) and loss.record.outputs(last[0]) != last[0]  # two outputs for each target
    return (*output[:-1], last[0] // 2) if half else output


def _last_layer(given: Shape, taken: Shape) -> str:
    """Layers that make that of it."""
    if len(taken) == 1:
        return f"linear {taken[0]}" if len(given) == 1 else f"flatten, linear {taken[0]}"
    shaped, count = f"reshape {'x'.join(map(str, taken))}", math.prod(taken)
    if math.prod(given) == count:
        return shaped
    return f"linear {count}, {shaped}" if len(given) == 1 else f"a layer that gives {shape_text(taken)}"
