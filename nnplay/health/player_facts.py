"""What the rules need to know about two players: how the discriminator judges, and what the generator makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnplay.config.players_choice import players_tables, record_table
from nnplay.errors import InputError
from nnplay.network import silenced_frozen
from nnplay.network.silenced_frozen import ALL, NetworkPart
from nnplay.tape import gradient_penalty_rows
from nnplay.tape.objective import GradientPenalty, full_name
from nnplay.training.players.made_rows import fixed_rows, generator_of, in_units, judge_rows, make_rows, modes_of
from nnplay.training.players.players import PlayerObjective, Players
from nnplay.training.trainer import Trainer

#: A discriminator that is right about so much of either kind of rows has won.
WON: Final = 0.97
#: Rows of each kind that are looked at.
_ROWS: Final = 200
#: Multiply-adds that looking may cost.
_COST: Final = 4e7
_STEPS: Final = 20
#: What an objective is called that a cure adds.
PENALTY: Final = "penalty"


@dataclass(frozen=True, slots=True)
class PlayerFacts:
    """Facts about a generator and its discriminator.

    Attributes:
        steps: taken since the game is as it is.
        discriminator, generator: names of the objectives that train them.
        real_seen, made_seen: share of real rows, and of made ones, that the discriminator takes for what they are.
        spread: how far made rows lie apart, as a share of how far real ones do.
        covered, lumps: lumps of the data with made rows, and all; 0 and 0 where there are none.
        gradient, first_gradient: length of the generator's gradient now, and in its first steps.
        lr: the discriminator's learning rate.
        optimizer: the discriminator's, as a file has it.
        takes_penalty: whether a penalty can hold the discriminator's slope down, and none does.
        players: the run's players, for cures.
    """

    steps: int
    discriminator: str
    generator: str
    real_seen: float
    made_seen: float
    spread: float
    covered: int
    lumps: int
    gradient: float
    first_gradient: float
    lr: float
    optimizer: Mapping[str, Any]
    takes_penalty: bool
    players: Players

    @property
    def of_generator(self) -> PlayerObjective:
        """The objective that trains the generator."""
        return next(item for item in self.players.objectives if item.name == self.generator)

    def objectives_with(self, **changes: Any) -> list[Mapping[str, Any]]:
        """The run's further objectives as a file has them, with some entries of the generator's changed."""
        tables: list[dict[str, Any]] = players_tables(self.players)["objectives"]
        return [{**table, **changes} if table["name"] == self.generator else table for table in tables]


def player_facts(trainer: Trainer) -> PlayerFacts | None:
    """The facts of a run whose discriminator learns real rows from made ones; None of any other."""
    generator = generator_of(trainer)
    if generator is None or not generator.is_judged or trainer.players.target is None:
        return None
    cost = sum(plan.multiply_adds for plan in trainer.plans.values())
    count = max(16, min(_ROWS, len(trainer.split.train), int(_COST / max(1, cost))))
    noise = fixed_rows(trainer, generator.distribution, count, generator.noise)
    made, real = make_rows(trainer, generator, noise), trainer.split.train.x
    name = trainer.players.names[generator.stage]
    curve = f"{name}_gradient_norm"
    known = trainer.history[curve].last if curve in trainer.history else np.zeros(1)
    modes = modes_of(trainer, made) if real[0].size <= 2 else None
    apart = float(_deviation(in_units(trainer, real[:: -(-len(real) // count)])))
    return PlayerFacts(
        trainer.step - trainer.scored_since,
        trainer.players.own,
        name,
        float(judge_rows(trainer, real[:count]).mean()),
        1.0 - float(judge_rows(trainer, made).mean()),
        float(_deviation(in_units(trainer, made))) / max(apart, 1e-12),
        0 if modes is None else modes.covered,
        0 if modes is None else modes.count,
        float(np.median(known[-_STEPS:])),
        float(np.median(known[:_STEPS])),
        trainer.lr,
        record_table(trainer.optimizer),
        _takes_penalty(trainer),
        trainer.players,
    )


def _takes_penalty(trainer: Trainer) -> bool:
    """Whether a gradient penalty goes through the run's own network, which has none yet."""
    if any(item.gradient_norm is not None or item.name == PENALTY for item in trainer.players.objectives):
        return False
    try:
        gradient_penalty_rows.check(GradientPenalty(PENALTY, ("",)), trainer.plans)
    except InputError:
        return False
    return True


def _deviation(rows: Any) -> float:
    rows = rows.reshape(len(rows), -1).astype(np.float64)
    return float(np.sqrt(np.mean((rows - rows.mean(axis=0)) ** 2)))


def idle_objectives(trainer: Trainer) -> tuple[str, ...]:
    """Names of the objectives that change nothing: of their networks all that has weights is frozen."""
    parts = silenced_frozen.read(trainer.settings.frozen)
    found = []
    for name, stage in zip(trainer.players.names, trainer.machine.tape.stages, strict=True):
        still = [
            planned.frozen or _is_still(full_name(network, planned.path), planned.plan.output[-1], parts)
            for network in stage.objective.trains
            for planned in trainer.plans[network].layers
            if planned.plan.parameters
        ]
        if still and all(still):
            found.append(name)
    return tuple(found)


def uncounted_objectives(trainer: Trainer) -> tuple[str, ...]:
    """Names of the objectives whose losses count nothing: with a factor of 0, all that is added to them too.

    Those that rest are not meant to train.
    """
    stages, resting = trainer.machine.tape.stages, trainer.players.resting(trainer.settings.resting)
    return tuple(
        name
        for k, (name, one) in enumerate(zip(trainer.players.names, [stage.objective for stage in stages], strict=True))
        if k not in resting
        and not any([one.factor, *(term.factor for term in one.terms), *(part.factor for part in one.penalties)])
    )


def thawed(trainer: Trainer, objectives: Sequence[str]) -> str:
    """The setting `frozen` without the layers and units that these objectives train."""
    networks = {
        network
        for name, stage in zip(trainer.players.names, trainer.machine.tape.stages, strict=True)
        if name in objectives
        for network in stage.objective.trains
    }
    paths = {full_name(network, planned.path) for network in networks for planned in trainer.plans[network].layers}
    parts = silenced_frozen.read(trainer.settings.frozen)
    return silenced_frozen.text_of(tuple(part for part in parts if part.path not in paths))


def _is_still(path: str, units: int, parts: Sequence[NetworkPart]) -> bool:
    """Whether these parts are the whole of a layer, or all of its units."""
    own = {part.unit for part in parts if part.path == path}
    return ALL in own or own.issuperset(range(units))
