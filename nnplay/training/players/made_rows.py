"""What a generator makes: rows out of noise, from fixed noise always the same places of the latent space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.operations.step.draw import NOISES
from nnplay.tape.objective import full_name
from nnplay.training.input_gradient import can_probe, prober_of
from nnplay.training.players.players import noise_of
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: The stream of the noise that samples over time are made from; no layer has it.
_FIXED: Final = 0x2000
#: A lump of the data is covered if so much of its fair share of made rows lies in it, this many deviations wide.
_SHARE: Final = 0.2
_DEVIATIONS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Generator:
    """A network that is fed noise, and where its answers are.

    Attributes:
        name: the network.
        stage: number of the stage whose evaluation runs it.
        slot: of its output there.
        end: of what the stage's last network makes of it: a discriminator's score.
        noise: numbers of one row of its input.
        distribution: how they are spread.
        truncation: what the noise of samples is multiplied by.
        is_judged: the run's own network scores what it makes.
    """

    name: str
    stage: int
    slot: str
    end: str
    noise: int
    distribution: str
    truncation: float
    is_judged: bool


def generator_of(trainer: Trainer) -> Generator | None:
    """The generator of a run; None where no objective begins with a network that is fed noise."""
    for number, stage in enumerate(trainer.machine.tape.stages):
        objective = stage.objective
        for name, player in trainer.players.networks.items():
            if objective.input == noise_of(name):
                plan = trainer.plans[name]
                path = next((layer.path for layer in plan.layers if layer.output == plan.output), "")
                slot = full_name("eval", objective.name, name, path, "output")
                judged = objective.forward[-1:] == ("",)
                end = stage.named["eval.output"].name
                drawn = (player.noise, player.distribution, player.truncation)
                return Generator(name, number, slot, end, *drawn, judged)
    return None


def fixed_noise(trainer: Trainer, generator: Generator, count: int) -> Array:
    """The noise (count, noise) of samples, the same at every step of a run."""
    return fixed_rows(trainer, generator.distribution, count, generator.noise) * generator.truncation


def fixed_rows(trainer: Trainer, distribution: str, count: int, width: int) -> Array:
    """The same noise (count, width) of one of `NOISES` at every step of a run."""
    return NOISES[distribution][1](trainer.settings.seed, _FIXED, 0, (count, width))


def make_rows(trainer: Trainer, generator: Generator, noise: Array) -> Array:
    """What the generator makes of noise (N, noise): rows as the discriminator takes them, (N, …)."""
    with trainer.answering_weights():
        return trainer.machine.forward(noise, [generator.slot], generator.stage)[generator.slot]


@dataclass(frozen=True, slots=True)
class Decoder:
    """The part of a network behind a layer that samples: it makes rows of any code.

    Attributes:
        value: number of the value that the layer gives.
        size: numbers of a code.
    """

    value: int
    size: int


def decoder_of(trainer: Trainer) -> Decoder | None:
    """The decoder of a run; None where no layer samples, or what follows needs more than its numbers."""
    for planned in trainer.plan.layers:
        if planned.layer.record.traits.samples and can_probe(trainer, planned.output):
            return Decoder(planned.output, planned.plan.output[-1])
    return None


def decode(trainer: Trainer, decoder: Decoder, codes: Array) -> Array:
    """What the decoder makes of codes (N, size), in the targets' own units."""
    prober = prober_of(trainer, decoder.value)
    assert prober is not None  # `decoder_of` has asked whether there is one
    with trainer.answering_weights():
        answers = prober.answers(codes.astype(trainer.machine.dtype))
    return np.asarray(trainer.split.scaler.inverse_target(answers))


def judge_rows(trainer: Trainer, rows: Array) -> NDArray[np.bool_]:
    """Which rows (N, …) the run's own network takes for real, (N,)."""
    decide = trainer.form.decide
    if decide is None:
        raise InputError("this run does not tell real rows from made ones", where="players")
    return np.asarray(decide(trainer.answers(rows)).reshape(len(rows)) == 1)


def in_units(trainer: Trainer, rows: Array) -> Array:
    """Made rows (N, …) in the data's own units."""
    return trainer.split.scaler.inverse(rows)


@dataclass(frozen=True, slots=True)
class Modes:
    """Which lumps of the data a generator's rows cover.

    Attributes:
        covered, count: lumps with their share of rows, and all.
        near: the share of made rows that lie within a lump.
    """

    covered: int
    count: int
    near: float


def modes_of(trainer: Trainer, made: Array) -> Modes | None:
    """How many lumps of the training rows have made rows (N, …); None where the rows were of no kinds.

    A lump counts if at least a fifth of its fair share of rows lies within three deviations of its middle.
    """
    data = trainer.split.train
    kinds = np.unique([] if data.kinds is None else data.kinds)
    if data.kinds is None or len(kinds) < 2:
        return None
    rows, made = data.x.reshape(len(data), -1), made.reshape(len(made), -1)
    middles = np.stack([rows[data.kinds == kind].mean(axis=0) for kind in kinds])
    spreads = np.array([_spread(rows[data.kinds == kind]) for kind in kinds])
    distances = np.linalg.norm(made[:, None] - middles[None], axis=2)
    nearest = distances.argmin(axis=1)
    within = distances[np.arange(len(made)), nearest] <= _DEVIATIONS * spreads[nearest]
    counts = np.bincount(nearest[within], minlength=len(kinds))
    shares = np.bincount(np.searchsorted(kinds, data.kinds), minlength=len(kinds)) / len(data)
    covered = int((counts >= np.maximum(1, _SHARE * shares * len(made))).sum())
    return Modes(covered, len(kinds), float(within.mean()))


def _spread(rows: Array) -> float:
    """The deviation of rows (N, D) from their middle, per number of a row."""
    return float(np.sqrt(np.mean((rows - rows.mean(axis=0)) ** 2)))


def scores(trainer: Trainer, count: int = 1000) -> Mapping[str, float]:
    """What a generator is scored by: "modes" (lumps covered) and "near" (share of its rows within a lump).

    Raises:
        InputError: the run has no generator, or its rows have no lumps.
    """
    generator = generator_of(trainer)
    if generator is None:
        raise InputError("no network of this run is fed noise", where="modes")
    found = modes_of(trainer, make_rows(trainer, generator, fixed_noise(trainer, generator, count)))
    if found is None:
        raise InputError("the rows of this run have no classes that could be covered", where="modes")
    return {"modes": float(found.covered), "near": found.near}


#: Cells of the grid each way on which two clouds of points are compared, and what an empty one counts (GAN Lab's).
_CELLS: Final = 30
_EMPTY: Final = 1e-4


def divergences(real: Array, made: Array, low: Array, high: Array) -> tuple[float, float]:
    """Kullback-Leibler divergence KL(real‖made) and Jensen-Shannon divergence in bits, of points on a grid.

    Args:
        real, made: (N, 2) and (M, 2).
        low, high: (2,), the corners of the grid; points beyond count in its outermost cells.
    """
    p, q = (_shares(points, low, high) for points in (real, made))
    middle = (p + q) / 2
    kl = float(np.sum(p * np.log2(p / q)))
    return kl, float(np.sum(p * np.log2(p / middle)) + np.sum(q * np.log2(q / middle))) / 2


def _shares(points: Array, low: Array, high: Array) -> Array:
    """The share of points (N, 2) in each cell, none of which is quite empty."""
    places = np.clip((points - low) / (high - low) * _CELLS, 0, _CELLS - 1).astype(np.int64)
    counts = np.bincount(places[:, 0] * _CELLS + places[:, 1], minlength=_CELLS**2) / len(points)
    return np.asarray((counts + _EMPTY) / np.sum(counts + _EMPTY))
