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

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from numpy.typing import NDArray

from nnplay.errors import InputError, unknown
from nnplay.records.layer import Layer
from nnplay.records.loss import Loss
from nnplay.records.optimizer import Optimizer
from nnplay.tape.objective import full_name
from nnplay.training import numbers

Array = NDArray[Any]
Seed = TypeVar("Seed", int, NDArray[Any])
#: Words for targets that are arrays of the data.
DATA: Final = "data"
INPUT: Final = "input"
#: The class that a row had before all rows of the data were called real (`nnplay.data.real_rows`).
CLASS: Final = "class"
#: What lies between the seeds of initial weights of two networks.
_SEEDS_APART: Final = 1_000_003


@dataclass(frozen=True, slots=True)
class PlayerNetwork:
    """A network beside the run's own.

    Attributes:
        layers: the network.
        noise: random numbers that each row of its input has; 0: it is fed the data, or by another network.
        distribution: how they are spread: one of `NOISES`.
        truncation: factor on the noise of samples in views and reports; training and health checks use the full noise.
        source: the saved session that it comes from; empty: it begins with random weights.
        part: which network of that session; empty: its own.
        weights: what it begins with, by the network's own names.
    """

    layers: tuple[Layer, ...]
    noise: int = 0
    distribution: str = "normal"
    truncation: float = 1.0
    source: str = ""
    part: str = ""
    weights: Mapping[str, Array] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PlayerObjective:
    """An objective beside the run's own.

    Attributes:
        name: for curves, tensors and readers.
        path: the networks that its forward pass runs, in order.
        target: what the answer is compared with: a number for all rows ("1"), "data" (the data's targets), "input",
            "class" (of a row that is called real: what it is besides), or the answer of the network of that name to the
            same rows of data, through which no gradient passes.
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
    def network_names(self) -> tuple[str, ...]:
        """What all networks are called, the run's own first."""
        return (self.own, *self.networks)

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
    def has_sum(self) -> bool:
        """Whether the run's own loss is a sum, of which other objectives are a part."""
        return any(item.adds_to == self.own for item in self.objectives)

    def call_number(self, name: str, *, short: bool = False) -> str:
        """What a number of the run is called: "train loss sum"; short "valid real"."""
        words = numbers.short(name) if short else numbers.label(name)
        if name in ("loss", "train_loss"):
            return f"{words} sum" if self.has_sum else words
        if name == "validation_loss" and self.target is not None:
            return f"{words} real" if short else f"{words} of real rows"
        return words

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

    def resting(self, text: str) -> frozenset[int]:
        """The numbers of the objectives that a text names; what is no objective of this run does not rest.

        Raises:
            InputError: every objective would rest.
        """
        found = frozenset(number for number, name in enumerate(self.names) if name in text.replace(",", " ").split())
        if len(found) == len(self.names):
            raise InputError("every objective would rest", where="resting", hint="leave one out")
        return found

    def check_resting(self, text: str) -> None:
        """Refuses to let rest what is no objective of this run.

        Raises:
            InputError: the first such name.
        """
        for name in text.replace(",", " ").split():
            if name not in self.names:
                raise unknown("objective", name, self.names, where="resting")

    @property
    def noises(self) -> dict[str, str]:
        """Arrays that are drawn in training, and how."""
        return {noise_of(name): player.distribution for name, player in self.networks.items() if player.noise}

    def seeds(self, seed: Seed) -> dict[str, Seed]:
        """The seed of each network's initial weights, by the tape's names, where the run's own has this one.

        Of several runs, the seeds of each network (S,).
        """
        return {"": seed} | {name: seed + k * _SEEDS_APART for k, name in enumerate(self.networks, 1)}


def noise_of(network: str) -> str:
    """The array that a network is fed noise from."""
    return full_name(network, "noise")
