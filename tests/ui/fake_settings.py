"""A run, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnplay.config import RunConfig
from nnplay.data.sources.csv import CSV
from nnplay.fields import Field, choice, integer, number


def fake_config(**changes: Any) -> RunConfig:
    """What the user chose, with some entries of its table changed."""
    table = {
        "data": {"name": "spiral", "noise": 0.1, "samples": 1000},
        "layers": ["linear 8", "tanh", "linear 8", "tanh", "linear 2"],
        "loss": "cross_entropy",
        "training": {"batch_size": 32},
    }
    return RunConfig.from_dict(table).changed(changes)


@dataclass(frozen=True, slots=True)
class FakeLine:
    """A ledger line."""

    text: str
    shape: str
    units: int
    parameters: int
    multiply_adds: int = 0
    note: str = ""
    remark: str = ""
    problem: str = ""
    parts: tuple[tuple[FakeLine, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class FakeLedger:
    """A ledger."""

    lines: tuple[FakeLine, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: int
    bytes: int
    multiply_adds: int = 0


_SET = (
    number("noise", 0.0, "random change of the examples", low=0.0, high=0.5),
    integer("samples", 1000, "examples made", low=20, high=5000),
    integer("seed", 0, "which examples are drawn", low=0),
)


_RATE = (number("lr", 0.01, "length of a step along the gradient", low=0.0, above=True, live=True),)


_TRAINING = (
    number("l2", 0.0, "penalty on squared weights", low=0.0, live=True),
    number("clip_norm", 0.0, "longest gradient, 0 for any", low=0.0, live=True),
)


_STOPS = (integer("epochs", 0, "stop at this epoch", low=0), number("accuracy", 0.0, "stop there", low=0.0, high=1.0))


@dataclass(frozen=True, slots=True)
class FakeCatalogue:
    """Names to choose from."""

    datasets: Mapping[str, Sequence[Field]] = field(
        default_factory=lambda: dict.fromkeys(("circle", "gauss", "moons", "spiral", "xor"), _SET)
    )
    losses: Mapping[str, Sequence[Field]] = field(
        default_factory=lambda: dict.fromkeys(("cross_entropy", "mse", "huber"), ())
    )
    optimizers: Mapping[str, Sequence[Field]] = field(default_factory=lambda: dict.fromkeys(("sgd", "adam"), _RATE))
    layers: Mapping[str, Sequence[Field]] = field(
        default_factory=lambda: {
            "linear": (
                integer("units", 8, "numbers that come out"),
                choice("init", "auto", "initialisation", ("auto", "he_normal", "zeros")),
            ),
            "tanh": (),
            "relu": (),
            "relu6": (),
            "dropout": (number("rate", 0.5, "share set to zero", low=0.0, high=0.9),),
            "sigmoid": (),
        }
    )
    schedules: Mapping[str, Sequence[Field]] = field(
        default_factory=lambda: {"none": (), "cosine": (integer("steps", 1000, "until the rate is lowest"),)}
    )
    penalties: Sequence[Field] = _TRAINING
    training: Sequence[Field] = ()
    stops: Sequence[Field] = _STOPS
    features: Sequence[str] = ("x1", "x2", "x1^2", "x2^2", "x1x2", "sin(x1)", "sin(x2)")
    presets: Mapping[str, str] = field(
        default_factory=lambda: {"spiral": "two classes wound round each other", "circle": "one class inside the other"}
    )

    def fields_of_file(self, path: str, values: Mapping[str, Any]) -> Sequence[Field]:
        """How a table is read, whatever the file."""
        return CSV.fields


@dataclass(frozen=True, slots=True)
class FakeRecent:
    """A saved run."""

    path: str
    name: str
    data: str = "spiral"
    network: str = "8·8·2"
    trained: str = "12 epochs"
    loss: float = 0.25
    age: float = 75.0
    recovered: bool = False
    problem: str = ""
