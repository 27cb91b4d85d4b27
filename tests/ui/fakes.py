"""A back end without an engine: hand-made snapshots of a spiral that gets learnt, and a record of what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnplay.answers import Output, Shown
from nnplay.config import CSV_FIELDS
from nnplay.errors import InputError
from nnplay.fields import Field, choice, integer, number
from nnplay.tempo import Tempo


@dataclass(frozen=True, slots=True)
class FakeCurve:
    """Arrays of a curve."""

    steps: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    last: np.ndarray


@dataclass(frozen=True, slots=True)
class FakePoints:
    """Examples."""

    places: np.ndarray
    targets: np.ndarray
    held_out: np.ndarray


@dataclass(frozen=True, slots=True)
class FakeSurface:
    """A surface."""

    values: np.ndarray
    classes: int
    low: float
    high: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    points: FakePoints | None


@dataclass(frozen=True, slots=True)
class FakeFinding:
    """A finding."""

    level: str
    sentence: str
    key: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class FakeSnapshot:
    """One state of a run."""

    running: bool = False
    epoch: int = 0
    batch: int = 0
    batches: int = 22
    step: int = 0
    first: int = 0
    latest: int = 0
    steps_per_second: float = 0.0
    seconds: float = 0.0
    train_loss: float = 0.6931
    validation_loss: float = 0.7012
    metrics: Mapping[str, float] = field(default_factory=dict)
    learning_rate: float = 0.01
    gradient_norm: float = 0.1
    curves: Mapping[str, FakeCurve] = field(default_factory=dict)
    surface: FakeSurface | None = None
    neurons: Mapping[tuple[int, int], np.ndarray] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    output: Output | None = None
    shown: Shown = field(default_factory=Shown)
    health: Sequence[FakeFinding] = ()
    held: Sequence[str] = ()
    marks: Sequence[int] = ()
    message: str = ""
    error: str = ""
    generation: int = 0


@dataclass(frozen=True, slots=True)
class FakeSettings:
    """What the user chose."""

    dataset: str = "spiral"
    dataset_fields: Mapping[str, Any] = field(default_factory=lambda: {"noise": 0.1, "samples": 1000})
    features: tuple[str, ...] = ("x1", "x2")
    split: tuple[int, int, int] = (70, 15, 15)
    batch_size: int = 32
    loss: str = "cross_entropy"
    loss_fields: Mapping[str, Any] = field(default_factory=dict)
    optimizer: str = "adam"
    optimizer_fields: Mapping[str, Any] = field(default_factory=lambda: {"lr": 0.01})
    schedule: str = "none"
    schedule_fields: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[str, ...] = ("linear 8", "tanh", "linear 8", "tanh", "linear 2")
    seed: int = 0
    stops: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FakeLine:
    """A ledger line."""

    text: str
    shape: str
    units: int
    parameters: int
    multiply_adds: int = 0
    note: str = ""
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
    file: Sequence[Field] = CSV_FIELDS
    losses: Mapping[str, Sequence[Field]] = field(
        default_factory=lambda: dict.fromkeys(("cross_entropy", "mse", "huber"), ())
    )
    optimizers: Mapping[str, Sequence[Field]] = field(default_factory=lambda: dict.fromkeys(("sgd", "adam"), _RATE))
    layers: Mapping[str, Sequence[Field]] = field(
        default_factory=lambda: {
            "linear": (
                integer("units", 8, "numbers that come out"),
                choice("init", "auto", "first weights", ("auto", "he_normal", "zeros")),
            ),
            "tanh": (),
            "relu": (),
            "dropout": (number("rate", 0.5, "share set to zero", low=0.0, high=0.9),),
            "activation": (choice("kind", "tanh", "which", ("tanh", "relu")),),
        }
    )
    schedules: Mapping[str, Sequence[Field]] = field(
        default_factory=lambda: {"none": (), "cosine": (integer("steps", 1000, "until the rate is lowest"),)}
    )
    training: Sequence[Field] = _TRAINING
    stops: Sequence[Field] = _STOPS
    features: Sequence[str] = ("x1", "x2", "x1^2", "x2^2", "x1x2", "sin(x1)", "sin(x2)")
    presets: Mapping[str, str] = field(
        default_factory=lambda: {"spiral": "two classes wound round each other", "circle": "one class inside the other"}
    )


@dataclass(frozen=True, slots=True)
class FakeRecent:
    """A saved run."""

    path: str
    name: str
    data: str = "spiral"
    network: str = "8·8·2"
    epoch: int = 12
    loss: float = 0.25
    age: float = 75.0
    recovered: bool = False
    problem: str = ""


def spiral_points(count: int = 160) -> FakePoints:
    """Examples on two arms."""
    t = np.linspace(0.08, 1, count // 2)
    arms = []
    for sign in (1.0, -1.0):
        angle = 1.75 * t * 2 * np.pi + (0 if sign > 0 else np.pi)
        arms.append(np.stack([5 * t * np.sin(angle), 5 * t * np.cos(angle)], 1))
    targets = np.r_[np.ones(count // 2), -np.ones(count // 2)]
    return FakePoints(np.concatenate(arms), targets, np.arange(count) % 6 == 0)


def spiral_surface(progress: float, size: int = 60) -> FakeSurface:
    """What a net would answer when `progress` (0…1) of the training is over."""
    axis = np.linspace(-6, 6, size)
    x, y = np.meshgrid(axis, -axis)
    radius, angle = np.hypot(x, y), np.arctan2(x, y)
    good = np.cos(angle - 1.75 * radius / 5 * 2 * np.pi) * np.minimum(1, radius / 1.2)
    early = np.tanh((x + 0.6 * y) / 4)
    values = (1 - progress) * early + progress * good * 1.3
    return FakeSurface(values.astype(np.float32), 2, -1.0, 1.0, (-6.0, 6.0), (-6.0, 6.0), spiral_points())


def curve(steps: int, start: float, end: float, *, rough: float = 0.08, seed: int = 0) -> FakeCurve:
    """A falling curve with noise."""
    x = np.linspace(1, max(2, steps), 300).astype(int)
    rng = np.random.default_rng(seed)
    y = end + (start - end) * np.exp(-4 * x / max(2, steps)) * (1 + rough * rng.normal(size=x.size))
    return FakeCurve(x, y * 0.93, y * 1.07, y)


def neurons(progress: float, layers: Mapping[int, int], size: int = 12) -> dict[tuple[int, int], np.ndarray]:
    """Pictures of waves that turn with progress."""
    axis = np.linspace(-1, 1, size)
    x, y = np.meshgrid(axis, -axis)
    pictures: dict[tuple[int, int], np.ndarray] = {}
    for layer, units in layers.items():
        for unit in range(units):
            angle = unit * 0.8 + layer + progress
            bend = (1 + layer) * progress
            field = np.tanh(2 * (x * np.cos(angle) + y * np.sin(angle)) + bend * np.sin(3 * x * y + unit))
            pictures[layer, unit] = field.astype(np.float32)
    return pictures


def trained(step: int = 2745, *, running: bool = True) -> FakeSnapshot:
    """A run after `step` steps."""
    progress = 1 - float(np.exp(-step / 1500))
    rng = np.random.default_rng(step // 50)
    weights = {
        "0.weight": rng.normal(size=(2, 8)).astype(np.float32),
        "0.bias": rng.normal(size=8).astype(np.float32),
        "2.weight": rng.normal(size=(8, 8)).astype(np.float32),
        "2.bias": rng.normal(size=8).astype(np.float32),
        "4.weight": rng.normal(size=(8, 2)).astype(np.float32),
        "4.bias": rng.normal(size=2).astype(np.float32),
    }
    return FakeSnapshot(
        running=running,
        epoch=step // 22,
        batch=step % 22,
        step=step,
        latest=step,
        steps_per_second=612_345.0,
        seconds=12.5,
        train_loss=0.69 * (1 - progress) + 0.0214,
        validation_loss=0.7 * (1 - progress) + 0.0342,
        metrics={"train_accuracy": 0.5 + 0.49 * progress, "validation_accuracy": 0.5 + 0.484 * progress},
        curves={
            "train_loss": curve(step, 0.7, 0.0214),
            "validation_loss": curve(step, 0.72, 0.0342, seed=1),
            "train_accuracy": curve(step, 0.5, 0.99, rough=0.01),
            "validation_accuracy": curve(step, 0.5, 0.984, rough=0.01, seed=2),
            "gradient_norm": curve(step, 1.2, 0.04, seed=3),
            "lr": curve(step, 0.01, 0.01, rough=0),
        },
        surface=spiral_surface(progress),
        shown=Shown("map", ("map", "confusion matrix"), 0, 12, "example"),
        neurons=neurons(progress, {1: 8, 3: 8, 4: 2}),
        weights=weights,
        health=(
            FakeFinding("good", "learning: the loss falls on both parts"),
            FakeFinding("warning", "validation loss rises since epoch 90: overfitting", "3", "pane-training"),
        ),
    )


class FakeBackend:
    """Answers at once; `asked` lists the calls."""

    def __init__(self, snapshot: FakeSnapshot | None = None) -> None:
        start = trained(1, running=False)
        self.snapshot = snapshot or replace(start, step=0, latest=0, curves={}, health=(), epoch=0, batch=0, metrics={})
        self.settings = FakeSettings()
        self.catalogue = FakeCatalogue()
        self.asked: list[tuple[Any, ...]] = []
        self.looked: dict[str, Any] = {}
        self.saved: list[FakeRecent] = []
        self.past: list[FakeSettings] = []
        self.future: list[FakeSettings] = []
        self.unsaved_steps = False
        self.read_only = ""
        self.view: Mapping[str, Any] = {}

    def run(self) -> None:
        self._do("run", running=True)

    def pause(self) -> None:
        if self.snapshot.running:
            self._do("pause", running=False)

    def batch(self) -> None:
        self._do("batch", running=False, step=self.snapshot.step + 1)

    def back(self) -> None:
        self._do("back", running=False, step=max(0, self.snapshot.step - 1))

    def epoch(self) -> None:
        self._do("epoch")

    def rewind(self) -> None:
        self._do("rewind", step=0, epoch=0, batch=0, curves={})

    def reseed(self) -> str:
        self._do("reseed")
        self.settings = replace(self.settings, seed=self.settings.seed + 1)
        return "new weights"

    def goto(self, unit: str, number: int) -> None:
        self._do("goto", unit, number)

    def run_for(self, *, steps: int | None = None, epochs: int | None = None) -> None:
        self._do("run_for", steps, epochs)

    def look(self, **seen: Any) -> None:
        self.looked = seen

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> str:
        self._do("set_weight", name, index, value)
        return f"{name} = {value:g}"

    def summary(self) -> str:
        return "700 training rows in batches of 32"

    def notes(self) -> tuple[str, ...]:
        return ()

    def recent(self) -> list[FakeRecent]:
        return self.saved

    def recovered(self) -> list[FakeRecent]:
        return [item for item in self.saved if item.recovered]

    def open_copy(self, path: str) -> str:
        self.asked.append(("open_copy", path))
        return f"opened a copy of {path}"

    def discard(self, path: str) -> str:
        self.asked.append(("discard", path))
        self.saved = [item for item in self.saved if item.path != path]
        return "discarded"

    def tempo(self, tempo: Tempo) -> None:
        self._do("tempo", tempo)

    def _do(self, *what: Any, **changed: Any) -> None:
        self.asked.append(what)
        self.snapshot = replace(self.snapshot, **changed)

    def changed(self, **values: Any) -> FakeSettings:
        return replace(self.settings, **values)

    def apply(self, settings: FakeSettings, *, anew: bool = False) -> str:
        problem = next((line.problem for line in self.ledger(settings.layers).lines if line.problem), "")
        if problem:
            raise InputError(problem)
        self.asked.append(("apply", settings))
        self.past, self.future = [*self.past, self.settings], []
        kept = "weights kept" if settings.layers == self.settings.layers else "2 of 3 layers kept their weights"
        self.settings = settings
        return kept

    def caught_up(self) -> bool:
        return False

    def undo(self) -> str:
        return self._swap(self.past, self.future, "undone", "nothing to take back")

    def redo(self) -> str:
        return self._swap(self.future, self.past, "made again", "nothing to make again")

    def _swap(self, source: list[FakeSettings], target: list[FakeSettings], done: str, nothing: str) -> str:
        if not source:
            return nothing
        target.append(self.settings)
        self.settings = source.pop()
        return f"{done}: a change"

    def preset(self, name: str) -> FakeSettings:
        if name not in self.catalogue.presets:
            raise InputError(f"unknown preset '{name}'")
        return replace(self.settings, dataset=name)

    def ledger(self, layers: Sequence[str]) -> FakeLedger:
        width, lines, total = 2, [], 0
        for text in layers:
            word, *rest = text.split()
            if word not in self.catalogue.layers:
                lines.append(FakeLine(text, "", width, 0, problem=f"unknown layer '{word}'"))
            elif word == "linear":
                units = int(rest[0]) if rest and rest[0].isdigit() else 8
                count = units * width + units
                note = "frozen" if "frozen" in rest else "he-normal"
                lines.append(FakeLine(text, f"{width}→{units}", units, count, units * width, note))
                total, width = total + count, units
            else:
                lines.append(FakeLine(text, f"{width}", width, 0))
        names = ("orange", "blue") if width == 2 else ()
        return FakeLedger(tuple(lines), ("x1", "x2"), names, total, 4 * total, total)

    def save(self, path: str) -> str:
        self.asked.append(("save", path))
        return f"saved to {path or 'spiral.nnplay'}"

    def open(self, path: str) -> str:
        self.asked.append(("open", path))
        return f"opened {path}"

    def unsaved(self) -> bool:
        return self.unsaved_steps

    def rescue(self) -> str:
        self.asked.append(("rescue",))
        return "the run was saved to rescued.nnplay"

    def stop(self, *, keep: bool = False) -> None:
        self.asked.append(("stop",))
