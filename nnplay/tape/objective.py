"""Objectives: what a training step is for, as a list of stages that are run one after the other.

An ordinary run has one network and one objective. Several of them describe a run that has more: two heads on one trunk,
or two networks that are trained against each other:

    critic = Objective("critic", ("critic",), loss, ("critic",), Adam(lr=0.001), input="real", target="ones")
    fakes = Objective("fakes", ("maker", "critic"), loss, ("critic",), Adam(lr=0.001), input="noise", target="zeros")
    maker = Objective("maker", ("maker", "critic"), loss, ("maker",), Adam(lr=0.001), input="noise", target="ones")
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from nnplay.arguments import kind_of, words
from nnplay.errors import InputError
from nnplay.network.network import NetworkPlan
from nnplay.records.loss import Loss
from nnplay.records.operation import Shape
from nnplay.records.optimizer import Optimizer
from nnplay.text import shown

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MOST_EVERY: Final = 10**12


@dataclass(frozen=True, slots=True)
class Term:
    """One loss of an objective: a forward pass and what is compared with its answer.

    Attributes:
        name: prefix of the tensor names of the pass, behind that of the objective; empty for the objective's own loss.
        forward: names of the networks to run, as of an `Objective`; none where `at` alone says what is compared.
        loss: compares the last output with `target`.
        input, target: the arrays of the batch it reads.
        factor: what its loss counts in the sum.
        at: path of a layer of the objective's own pass, with the network in front ("trunk.2"): the pass begins with
            the output of that layer in place of `input`.
        teacher: the network whose answer to the batch's `input` is the target, in place of an array; as outside
            training, and no gradient passes through it.
        member: the objective's own loss, for one branch of an ensemble: it has the same settings and row weights.
    """

    name: str
    forward: tuple[str, ...]
    loss: Loss
    input: str = "input"
    target: str = "target"
    factor: float = 1.0
    at: str = ""
    teacher: str = ""
    member: bool = False

    @property
    def own(self) -> bool:
        """Whether it is the objective's own loss, of its answer or of a branch of it."""
        return self.member or not self.name


@dataclass(frozen=True, slots=True)
class GradientPenalty:
    """A further loss of an objective: how far the slope of an answer at the networks' input is from a given length.

    Attributes:
        name: prefix of its tensor names, behind that of the objective.
        forward: names of the networks to run.
        norm: the length that the slope is to have.
        factor: what it counts in the sum of losses.
        between: the term whose made rows are mixed with the batch's: slopes are taken at points between them. Empty:
            at the rows of the batch.
    """

    name: str
    forward: tuple[str, ...]
    norm: float = 1.0
    factor: float = 1.0
    between: str = ""


@dataclass(frozen=True, slots=True)
class Objective:
    """One stage of a training step: a forward pass, a loss, and an update that lowers it.

    Attributes:
        name: prefix of the stage's tensor names ("maker.loss").
        forward: names of the networks to run; the first gets `input`, each other one the output of the one
            before it.
        loss: compares the last output with `target`.
        trains: the networks whose parameters are updated; gradients pass through the others.
        optimizer: updates them; its state belongs to this stage alone.
        every: the stage runs in every n-th step; the first stage runs in all of them.
        input, target: the arrays of the batch it reads.
        weight: the array that says what each row counts, (rows,); empty where all count alike.
        to_input: the way back goes on to the input, whose gradient is then in a slot "dinput".
        factor: what its own loss counts in the sum with those of `terms`.
        terms: further losses that are added: their gradients meet in one update.
        clamp: limits each trained number to ±clamp after the update; 0: no limit.
        teacher: as of a `Term`, for its own loss.
        penalties: gradient penalties, which are added to the sum of losses too.

    Raises:
        InputError: not a loss or optimizer, a text instead of a list of names, or not a valid count.
    """

    name: str
    forward: tuple[str, ...]
    loss: Loss
    trains: tuple[str, ...]
    optimizer: Optimizer
    every: int = 1
    input: str = "input"
    target: str = "target"
    weight: str = ""
    to_input: bool = False
    factor: float = 1.0
    terms: tuple[Term, ...] = ()
    clamp: float = 0.0
    teacher: str = ""
    penalties: tuple[GradientPenalty, ...] = ()

    @property
    def passes(self) -> tuple[Term, ...]:
        """Its own loss and the further ones, each with its forward pass."""
        own = Term("", self.forward, self.loss, self.input, self.target, self.factor, teacher=self.teacher)
        return (own, *self.terms)

    @property
    def adds_losses(self) -> bool:
        """Whether its loss is a sum, or not simply its own."""
        return bool(self.terms or self.penalties) or self.factor != 1.0

    def __post_init__(self) -> None:
        for name in (self.name, self.input, self.target, self.weight):
            kind_of(name, str, "name", "objective")
        if not isinstance(self.loss, Loss) or not isinstance(self.optimizer, Optimizer):
            wrong = self.optimizer if isinstance(self.loss, Loss) else self.loss
            hint = "give values such as nn.MSE() and nn.Adam(lr=0.01)"
            raise InputError(f"{shown(wrong)} is not a loss or optimizer with its settings", where=self.name, hint=hint)
        for key in ("forward", "trains"):
            if isinstance(getattr(self, key), str):
                raise InputError(
                    "takes a list of network names", where=self.name, hint='write ("net",) for a single one'
                )
            object.__setattr__(self, key, words(getattr(self, key), self.name))
        if not isinstance(self.every, int) or not 1 <= self.every <= _MOST_EVERY:
            hint = f"give a whole number from 1 to {_MOST_EVERY:,}"
            raise InputError(f"every is {shown(self.every)}", where=self.name, hint=hint)


def only(loss: Loss, optimizer: Optimizer, weight: str = "") -> Objective:
    """The objective of a run with one network: both are called "", so that no name has anything in front."""
    return Objective("", ("",), loss, ("",), optimizer, weight=weight)


def full_name(*parts: str) -> str:
    """A name of several parts, of which empty ones are left out: ("maker", "", "0.weight") is "maker.0.weight"."""
    return ".".join(part for part in parts if part)


def check(objectives: Sequence[Objective], networks: Mapping[str, NetworkPlan]) -> None:
    """Refuses stages that do not fit the networks, or each other.

    The first objective and its network may both be called "": they are the run's own, beside which others have names.

    Raises:
        InputError: the first problem.
    """
    if not objectives:
        raise InputError("there is no objective", where="objectives")
    names = [objective.name for objective in objectives]
    own = "" if names[0] == "" and "" in networks else None
    named = [name for name in (*names[own == "" :], *networks) if name != own]
    several = len(networks) > 1 or len(objectives) > 1
    for name in named if several else ():
        if not _NAME.fullmatch(name) or name == "eval" or names.count(name) > 1:
            hint = "give each its own, of lower-case letters, digits, '-' and '_'"
            raise InputError(f"'{name}' cannot name a stage or a network", where="objectives", hint=hint)
    for objective in objectives:
        terms = [term.name for term in objective.terms]
        for term in objective.terms:
            if not _NAME.fullmatch(term.name) or terms.count(term.name) > 1:
                hint = "give each its own, of lower-case letters, digits, '-' and '_'"
                raise InputError(f"'{term.name}' cannot name a loss", where=objective.name, hint=hint)
            _check_path(term, objective.name, networks)
        _check_networks(objective, networks)


def _check_networks(objective: Objective, networks: Mapping[str, NetworkPlan]) -> None:
    _check_path(objective.passes[0], objective.name, networks)
    run = {name for term in objective.passes for name in term.forward}
    if not objective.trains or not set(objective.trains) <= run:
        raise InputError(
            "trains only networks in its own forward pass",
            where=objective.name,
            hint=f"name {' or '.join(objective.forward)}",
        )


def _check_path(term: Term, where: str, networks: Mapping[str, NetworkPlan]) -> None:
    """Refuses a pass through networks that there are not, or whose shapes do not meet."""
    forward, where = term.forward, term.name or where
    missing = [name for name in forward if name not in networks]
    if missing or not (forward or term.at) or len(set(forward)) < len(forward):
        what = f"there is no network '{missing[0]}'" if missing else "runs each network once, and at least one"
        raise InputError(what, where=where, hint=f"there are {', '.join(networks)}")
    for before, after in pairwise(forward):
        given, taken = networks[before].output_shape, networks[after].values[0]
        if given != taken:
            raise InputError(f"'{before}' outputs {list(given)}, but '{after}' takes {list(taken)}", where=where)


def shapes(
    objectives: Sequence[Objective], networks: Mapping[str, NetworkPlan], targets: Mapping[str, Shape]
) -> dict[str, Shape]:
    """The shape of one row of each array of a batch: inputs as the networks take them, targets as given.

    Raises:
        InputError: two stages read an array in two shapes.
    """
    found: dict[str, Shape] = {}
    for objective in objectives:
        wanted = [(term.target, targets[term.target]) for term in objective.passes if not term.teacher]
        wanted += [("input", networks[term.teacher].values[0]) for term in objective.passes if term.teacher]
        wanted += [(term.input, networks[term.forward[0]].values[0]) for term in objective.passes if not term.at]
        if objective.weight:
            wanted.append((objective.weight, ()))
        for name, shape in wanted:
            if found.setdefault(name, shape) != shape:
                raise InputError(f"'{name}' is {list(found[name])} to one stage, {list(shape)} to '{objective.name}'")
    return found
