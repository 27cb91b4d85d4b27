"""What a run trains beside its own network and loss: further named networks, and objectives over paths through them.

A run without players has one network and one loss. With players the same run also has, say, a generator that is fed
noise, and objectives that train it against the run's own network:

    players = Players(
        own="discriminator",
        networks={"generator": PlayerNetwork(parse_layers("linear 16, relu, linear 2"), noise=2)},
        objectives=(
            PlayerObjective("made", ("generator", "discriminator"), target="0", adds_to="discriminator"),
            PlayerObjective("fool", ("generator", "discriminator"), target="1", trains=("generator",)),
        ),
        target=1,
    )

On the tape the run's own network and objective have no name, so that its tensors are called as in any other run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, TypeVar

from numpy.typing import NDArray

from nnplay.errors import InputError, unknown
from nnplay.network.network import Network, NetworkPlan
from nnplay.operations.step.draw import NOISES
from nnplay.records.layer import Layer
from nnplay.records.loss import Loss
from nnplay.records.operation import Shape, shape_text
from nnplay.records.optimizer import Optimizer
from nnplay.tape.objective import GradientPenalty, Objective, Term, full_name
from nnplay.text import clean

Array = NDArray[Any]
Seed = TypeVar("Seed", int, NDArray[Any])
#: Networks and objectives that a run may have beside its own.
MOST: Final = 50
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
#: Words for targets that are arrays of the data.
DATA: Final = "data"
INPUT: Final = "input"
#: What lies between the seeds of initial weights of two networks.
_SEEDS_APART: Final = 1_000_003


@dataclass(frozen=True, slots=True)
class PlayerNetwork:
    """A network beside the run's own.

    Attributes:
        layers: the network.
        noise: random numbers that each row of its input has; 0: it is fed the data, or by another network.
        distribution: how they are spread: one of `NOISES`.
        source: the saved session that it comes from; empty: it begins with random weights.
        part: which network of that session; empty: its own.
        weights: what it begins with, by the network's own names.
    """

    layers: tuple[Layer, ...]
    noise: int = 0
    distribution: str = "normal"
    source: str = ""
    part: str = ""
    weights: Mapping[str, Array] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PlayerObjective:
    """An objective beside the run's own.

    Attributes:
        name: for curves, tensors and readers.
        path: the networks that its forward pass runs, in order.
        target: what the answer is compared with: a number for all rows ("1"), "data" (the data's targets), "input", or
            the answer of the network of that name to the same rows of data, through which no gradient passes.
        loss: None takes the run's own.
        trains: networks that it updates; none where it `adds_to` another objective.
        optimizer: None takes the run's own, with a state of its own.
        every: it is run in every n-th step.
        factor: what its loss counts.
        clamp: limits each trained weight to ±clamp after the update; 0: no limit.
        adds_to: the objective whose loss it is added to, and whose update is then that of the sum.
        at: path of a layer of that objective's pass, with whose output its own pass begins.
        gradient_norm: it is a gradient penalty: the slope of the path's answer at its input is to be this long, and no
            target is compared with anything. None: it is none.
        between: of a gradient penalty, the loss of made rows: the slope is taken at points between real and made rows.
            Empty: at the rows of the data.
    """

    name: str
    path: tuple[str, ...] = ()
    target: str = DATA
    loss: Loss | None = None
    trains: tuple[str, ...] = ()
    optimizer: Optimizer | None = None
    every: int = 1
    factor: float = 1.0
    clamp: float = 0.0
    adds_to: str = ""
    at: str = ""
    gradient_norm: float | None = None
    between: str = ""


@dataclass(frozen=True, slots=True)
class Players:
    """All that a run trains beside its own network and loss.

    Attributes:
        own: what the run's own network, and the objective that trains it, are called.
        networks: the others by name.
        objectives: the others.
        target: the run's own network is to answer this for every row of the data, whatever their targets are: the
            rows are real, and it learns to tell them from made ones. None: the data's targets.
        every, factor, clamp: of the run's own objective, as of a `PlayerObjective`.
        trains: further networks that the run's own objective updates, as its sum of losses reaches them.
        source: the saved session whose weights the run's own network begins with, layer by layer where they fit.
        weights: these, by the network's own names.
    """

    own: str = "network"
    networks: Mapping[str, PlayerNetwork] = field(default_factory=dict)
    objectives: tuple[PlayerObjective, ...] = ()
    target: float | None = None
    every: int = 1
    factor: float = 1.0
    clamp: float = 0.0
    trains: tuple[str, ...] = ()
    source: str = ""
    weights: Mapping[str, Array] = field(default_factory=dict, compare=False, repr=False)

    def __bool__(self) -> bool:
        return self != Players(self.own)

    # -- names -----------------------------------------------------------------------------------------------------

    @property
    def updates(self) -> tuple[PlayerObjective, ...]:
        """The objectives that have an update of their own, without the run's own one."""
        return tuple(item for item in self.objectives if not item.adds_to)

    def with_sources(self, whole: Callable[[str], str]) -> Players:
        """The same with the path of each session as that function gives it."""
        if not self.source and not any(one.source for one in self.networks.values()):
            return self
        networks = {n: replace(one, source=whole(one.source) if one.source else "") for n, one in self.networks.items()}
        return replace(self, source=whole(self.source) if self.source else "", networks=networks)

    @property
    def given(self) -> dict[str, Array]:
        """What networks begin with that come from saved sessions, by the tape's names."""
        others = {
            full_name(name, own): array for name, one in self.networks.items() for own, array in one.weights.items()
        }
        return {**self.weights, **others}

    @property
    def teachers(self) -> tuple[str, ...]:
        """The networks whose answers are targets."""
        return tuple(dict.fromkeys(item.target for item in self.objectives if item.target in self.networks))

    @property
    def names(self) -> tuple[str, ...]:
        """What the objectives with an update are called, the run's own first: one for each stage of the tape."""
        return (self.own, *(item.name for item in self.updates))

    def in_tape(self, name: str) -> str:
        """What the tape calls a network or an objective."""
        return "" if name == self.own else name

    def at_in_tape(self, at: str) -> str:
        """What the tape calls a layer: the run's own network stands in front of nothing."""
        network, dot, path = at.partition(".")
        return path if dot and network == self.own else at

    def check(self) -> None:
        """Refuses names that are taken or unknown, and objectives that train nothing.

        Raises:
            InputError: the first problem.
        """
        hint = "use lower-case letters, digits, '-' and '_'"
        if max(len(self.networks), len(self.objectives)) > MOST:
            raise InputError(f"more than {MOST} networks or objectives", where="players", hint="leave some out")
        for kind, names in (
            ("network", [self.own, *self.networks]),
            ("objective", [self.own, *(o.name for o in self.objectives)]),
        ):
            for name in names:
                if not _NAME.fullmatch(name) or name == "eval":
                    raise InputError(f"'{clean(name)}' cannot name a {kind}", where="players", hint=hint)
                if names.count(name) > 1:
                    hint = "give each a name of its own"
                    raise InputError(f"two {kind}s are called '{name}'", where="players", hint=hint)
        networks, used = [self.own, *self.networks], {self.own, *self.trains, *self.teachers}
        for item in self.objectives:
            used.update(item.path)
            for name in (*item.path, *item.trains):
                if name not in networks:
                    raise unknown("network", name, networks, where=item.name)
            for key, used_by in (("path", item.path), ("trains", item.trains)):
                if twice := [name for name in used_by if used_by.count(name) > 1]:
                    what = f"its {key} names '{twice[0]}' twice"
                    raise InputError(what, where=item.name, hint="name each network once")
            self._check_objective(item)
        if min(self.every, *(item.every for item in self.updates), self.every) > 1:
            raise InputError("nothing is trained in some of the steps", where="players", hint="set every = 1 somewhere")
        for name in self.trains:
            if name not in networks:
                raise unknown("network", name, networks, where=self.own)
        for name in self.networks:
            if name not in used:
                raise InputError(
                    f"no objective uses '{name}'", where="players", hint="add an objective, or leave it out"
                )

    def _check_objective(self, item: PlayerObjective) -> None:
        if item.adds_to:
            first = next((one.adds_to for one in self.objectives if one.name == item.adds_to and one.adds_to), "")
            if first:
                what = f"'{item.adds_to}' is itself added to '{first}'"
                raise InputError(what, where=item.name, hint=f"write adds_to = '{clean(first)}'")
            if item.adds_to not in self.names:
                raise unknown("objective", item.adds_to, self.names, where=item.name)
            if item.trains or item.optimizer or item.every != 1 or item.clamp:
                what = f"it is added to '{item.adds_to}', whose update is for both"
                raise InputError(what, where=item.name, hint="set trains, optimizer, every and clamp there")
        elif not item.trains:
            hint = f"add trains = ['{item.path[-1] if item.path else self.own}'], or adds_to = '{self.own}'"
            raise InputError("it trains nothing", where=item.name, hint=hint)
        elif not set(item.trains) <= set(item.path):
            raise InputError(
                f"it trains '{next(name for name in item.trains if name not in item.path)}', which it does not run",
                where=item.name,
                hint=f"name {' or '.join(item.path)}",
            )
        if not item.path and not item.at:
            raise InputError("it runs no network", where=item.name, hint=f"add path = ['{self.own}']")
        self._check_penalty(item)
        if item.at and not item.adds_to:
            raise InputError("'at' needs an objective to add to", where=item.name, hint=f"add adds_to = '{self.own}'")

    def check_average(self, kind: str) -> None:
        """Refuses averages of weights that two objectives train, and those of epochs that an objective sits out.

        Raises:
            InputError: the first problem.
        """
        trains = [self.own, *self.trains, *(name for item in self.updates for name in item.trains)]
        if twice := [name for name in trains if trains.count(name) > 1]:
            what = f"two objectives train '{twice[0]}', so there is no one average of its weights"
            raise InputError(what, where="average", hint="set average to none")
        if kind == "swa" and max(self.every, *(item.every for item in self.updates), self.every) > 1:
            what = "swa averages after the last step of an epoch, which an objective may sit out"
            raise InputError(what, where="average", hint="set average to ema, or every to 1")

    def _check_penalty(self, item: PlayerObjective) -> None:
        if item.gradient_norm is None:
            if item.between:
                raise InputError("'between' is for gradient penalties", where=item.name, hint="add gradient_norm = 1")
            return
        if not item.adds_to:
            what, hint = "a gradient penalty needs an objective to add to", f"add adds_to = '{self.own}'"
            raise InputError(what, where=item.name, hint=hint)
        if item.at or item.target != DATA or item.loss:
            what = "a gradient penalty is compared with no target"
            raise InputError(what, where=item.name, hint="leave target, loss and at out")
        if item.path[:1] and item.path[0] in self.networks and self.networks[item.path[0]].noise:
            what = f"a gradient penalty begins with the data, not with the noise of '{item.path[0]}'"
            raise InputError(what, where=item.name, hint=f"name a path such as ['{self.own}']")
        others = [one for one in self.objectives if one.adds_to == item.adds_to and one.gradient_norm is None]
        fitting = [one.name for one in others if item.path[0] in one.path[1:]]
        if item.between and item.between not in fitting:
            hint = f"name {' or '.join(fitting)}" if fitting else "add a loss of made rows, or leave it out"
            what = f"'{clean(item.between)}' makes no rows for '{item.path[0]}'"
            raise InputError(what, where=item.name, hint=hint)

    def resting(self, text: str) -> frozenset[int]:
        """The numbers of the objectives that a text names; what is no objective of this run does not rest.

        Raises:
            InputError: every objective would rest.
        """
        found = frozenset(number for number, name in enumerate(self.names) if name in text.replace(",", " ").split())
        if len(found) == len(self.names):
            raise InputError("every objective would rest", where="resting", hint="leave one out")
        return found

    # -- the tape ----------------------------------------------------------------------------------------------------

    def plans(self, own: NetworkPlan, seeds: int = 0) -> dict[str, NetworkPlan]:
        """Each network worked out for what feeds it, by the tape's names; the run's own first.

        Raises:
            InputError: one that nothing feeds, or shapes that do not meet.
        """
        found = {self.own: own}
        for name, player in self.networks.items():
            if player.noise:
                found[name] = Network(player.layers).plan((player.noise,))
        paths = [(item.name, item.at, item.path) for item in self.objectives]
        paths += [(item.name, "", (item.target,)) for item in self.objectives if item.target in self.networks]
        for _ in self.networks:  # a network may be fed by one that a later path runs first
            for where, at, path in paths:
                self._plan_path(where, at, path, found)
        if missing := [name for name in self.networks if name not in found]:
            raise InputError(f"nothing feeds '{missing[0]}'", where="players", hint="give it noise, or a path to it")
        return {self.in_tape(name): plan for name, plan in found.items()}

    def _plan_path(self, where: str, at: str, path: Sequence[str], found: dict[str, NetworkPlan]) -> None:
        shape: Shape | None = self._shape_at(where, at, found) if at else None
        for name in path:
            if name not in found:
                if shape is None and name == path[0] and not at:
                    shape = found[self.own].values[0]  # the data
                if shape is None:
                    return
                found[name] = Network(self.networks[name].layers).plan(shape)
            shape = found[name].output_shape
        for before, after in pairwise(path):
            given, taken = found[before].output_shape, found[after].values[0]
            if given != taken:
                what = f"'{before}' gives {shape_text(given)}, but '{after}' takes {shape_text(taken)}"
                hint = f"end '{before}' with {_last_layer(taken)}"
                raise InputError(what, where=where, hint=hint)

    def _shape_at(self, where: str, at: str, found: Mapping[str, NetworkPlan]) -> Shape | None:
        network, _, path = at.partition(".")
        if network not in (self.own, *self.networks):
            raise unknown("network", network, [self.own, *self.networks], where=f"{where}, at")
        if network not in found:
            return None
        layers = {planned.path: planned.plan.output for planned in found[network].layers}
        if path not in layers:
            raise unknown("layer", path, list(layers), where=f"{where}, at")
        return layers[path]

    @property
    def noises(self) -> dict[str, str]:
        """Arrays that are drawn in training, and how."""
        return {noise_of(name): player.distribution for name, player in self.networks.items() if player.noise}

    def objectives_of(self, loss: Loss, optimizer: Optimizer, weight: str, plans: Mapping[str, NetworkPlan]) -> Stages:
        """The stages of the tape, the run's own first, and what their targets are.

        Args:
            loss, optimizer: the run's own.
            weight: array of row weights for the run's own loss; empty for none.
            plans: from `plans`.
        """
        targets: dict[str, Shape] = {}
        constants: dict[str, float] = {}

        def term_of(item: PlayerObjective) -> Term:
            used = item.loss or loss
            shape = self._output_shape(item, plans)
            name, constant = self._target(item, used, shape, plans)
            if constant is not None:
                constants[name] = constant
            teacher = item.target if item.target in self.networks else ""
            if name != "target" and not teacher:
                targets[name] = plans[""].values[0] if name == INPUT else target_shape(used, shape)
            forward = tuple(self.in_tape(name) for name in item.path)
            first = item.path[0] if item.path and not item.at else ""
            given = noise_of(first) if first in self.networks and self.networks[first].noise else INPUT
            at = self.at_in_tape(item.at)
            return Term(item.name, forward, used, given, name, item.factor, at, teacher)

        def terms_of(name: str) -> tuple[Term, ...]:
            added = [item for item in self.objectives if item.adds_to == name]
            return tuple(term_of(item) for item in added if item.gradient_norm is None)

        trained = tuple(dict.fromkeys(("", *(self.in_tape(name) for name in self.trains))))
        own = Objective(
            "",
            ("",),
            loss,
            trained,
            optimizer,
            self.every,
            weight=weight,
            factor=self.factor,
            terms=terms_of(self.own),
            clamp=self.clamp,
            penalties=self._penalties(self.own),
        )
        stages = [own]
        for item in self.updates:
            term = term_of(item)
            stages.append(
                Objective(
                    item.name,
                    term.forward,
                    term.loss,
                    tuple(self.in_tape(name) for name in item.trains),
                    item.optimizer or optimizer,
                    item.every,
                    input=term.input,
                    target=term.target,
                    factor=item.factor,
                    terms=terms_of(item.name),
                    clamp=item.clamp,
                    teacher=term.teacher,
                    penalties=self._penalties(item.name),
                )
            )
        return Stages(stages, targets, constants)

    def _target(
        self, item: PlayerObjective, loss: Loss, shape: Shape, plans: Mapping[str, NetworkPlan]
    ) -> tuple[str, float | None]:
        """The array that a term is compared with, and the number that it holds throughout, if it does."""
        if item.target not in self.networks:
            return _target(item, loss, shape, plans)
        answer = plans[item.target].output_shape
        if target_shape(loss, shape) != answer:
            what = f"'{item.target}' answers with {shape_text(answer)}, but {loss.record.name} compares with "
            raise InputError(what + (shape_text(target_shape(loss, shape)) or "labels"), where=item.name)
        if self.networks[item.target].noise:
            hint = "name a network that is fed the data"
            raise InputError(f"'{item.target}' is fed noise, and cannot teach", where=item.name, hint=hint)
        return item.target, None

    def _penalties(self, name: str) -> tuple[GradientPenalty, ...]:
        """The gradient penalties that are added to an objective."""
        return tuple(
            GradientPenalty(
                item.name, tuple(map(self.in_tape, item.path)), item.gradient_norm, item.factor, item.between
            )
            for item in self.objectives
            if item.adds_to == name and item.gradient_norm is not None
        )

    def _output_shape(self, item: PlayerObjective, plans: Mapping[str, NetworkPlan]) -> Shape:
        if item.path:
            return plans[self.in_tape(item.path[-1])].output_shape
        named = {name or self.own: plan for name, plan in plans.items()}
        return self._shape_at(item.name, item.at, named) or ()

    def seeds(self, seed: Seed) -> dict[str, Seed]:
        """The seed of each network's initial weights, by the tape's names, where the run's own has this one.

        Of several runs, the seeds of each network (S,).
        """
        return {"": seed} | {name: seed + k * _SEEDS_APART for k, name in enumerate(self.networks, 1)}


@dataclass(frozen=True, slots=True)
class Stages:
    """The objectives of a tape, the shapes of their targets by name, and those that are one number for every row."""

    objectives: list[Objective]
    targets: dict[str, Shape]
    constants: dict[str, float]


def noise_of(network: str) -> str:
    """The array that a network is fed noise from."""
    return full_name(network, "noise")


def _target(
    item: PlayerObjective, loss: Loss, shape: Shape, plans: Mapping[str, NetworkPlan]
) -> tuple[str, float | None]:
    """The array that a term is compared with, and the number that it holds throughout, if it does."""
    if item.target in (DATA, INPUT):
        name = "target" if item.target == DATA else INPUT
        if name == INPUT and math.prod(shape) != math.prod(plans[""].values[0]):
            what = f"its answer of {shape_text(shape)} is compared with inputs of {shape_text(plans[''].values[0])}"
            raise InputError(what, where=item.name)
        return name, None
    try:
        value = float(item.target)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        hint = 'write a number such as "1", "data", "input", or the name of a network'
        raise InputError(f"'{clean(item.target)}' cannot be a target", where=item.name, hint=hint)
    classes = max(2, *shape[-1:], 2)
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


def check_noise(distribution: str, where: str) -> str:
    """A name in `NOISES`.

    Raises:
        InputError: it is none.
    """
    if distribution not in NOISES:
        raise unknown("distribution", distribution, NOISES, where=where)
    return distribution


def _last_layer(shape: Shape) -> str:
    return f"linear {shape[0]}" if len(shape) == 1 else f"a layer that gives {shape_text(shape)}"
