"""Short seeded runs: each with one fault that a health rule is for, and some without any."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.columns.table import columns_dataset
from nnplay.data.csv.options import CsvOptions
from nnplay.data.dataset import Dataset
from nnplay.errors import DivergedError
from nnplay.network.network import Network
from nnplay.records.registry import optimizer_records
from nnplay.training.trainer import Trainer

ADAM, SGD = optimizer_records()["adam"], optimizer_records()["sgd"]


def run(
    net: str, data: Any, *, epochs: int = 0, steps: int = 0, lr: float = 0.01, sgd: bool = False, **more: Any
) -> Trainer:
    """A trained trainer; a divergence ends the run."""
    split = data.split(seed=0) if isinstance(data, Dataset) else data
    trainer = Trainer(Network(net, seed=1), split, optimizer=(SGD if sgd else ADAM)(lr=lr), threads=1, **more)
    try:
        trainer.run(epochs=epochs) if epochs else trainer.run(steps=steps)
    except DivergedError:
        assert trainer.step >= 0
    return trainer


def table(rows: int, *, columns: int = 2, seed: int = 0) -> tuple[Any, Any]:
    """Inputs (rows, columns) and classes by the sign of the first two's product."""
    x = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.int64)


def healthy() -> Trainer:
    """A run without any fault: circle, a small tanh network, a good rate."""
    return run("linear 8, tanh, linear 2", load_dataset("circle", samples=600, noise=0.0, seed=0), epochs=40, lr=0.02)


def healthy_relu() -> Trainer:
    """Another run without any fault: moons of the plane, two relu layers."""
    return run("linear 16, relu, linear 16, relu, linear 2", load_dataset("gauss", samples=600, seed=0), epochs=25)


def healthy_regression() -> Trainer:
    """A third one: a plane of the inputs, learned by four units."""
    return run("linear 4, tanh, linear 1", load_dataset("plane", samples=600, seed=0), epochs=25)


def deep_relu() -> Trainer:
    """Eight layers that keep their gradient."""
    return run(", ".join(["linear 16, relu"] * 7) + ", linear 2", load_dataset("circle", samples=400, seed=0), steps=5)


def one_zero_layer() -> Trainer:
    """Zeros in the last layer only, as many do."""
    return run("linear 8, tanh, linear 2 init=zeros", load_dataset("circle", samples=400, seed=0), steps=1)


def noise() -> Trainer:
    """Labels without any relation to the inputs, and too few units to learn them by heart: the loss goes nowhere."""
    x, _ = table(600)
    return run("linear 2", Dataset(x, np.random.default_rng(5).integers(0, 2, 600)), epochs=60, lr=0.03)


def diverging() -> Trainer:
    data = load_dataset("plane", samples=300, seed=0)
    trainer = run("linear 8, tanh, linear 1", data, epochs=30, lr=0.03, sgd=True, l2=0.0)
    for weight in trainer.parameters().values():
        weight *= 30.0
    trainer.set(lr=1e-6)
    trainer.run(epochs=1)
    return trainer


def not_finite() -> Trainer:
    data = load_dataset("plane", samples=300, seed=0)
    trainer = run("linear 8, linear 8, linear 1", data, epochs=2, lr=0.01, sgd=True)
    trainer.set(lr=1e6)
    with pytest.raises(DivergedError):
        trainer.run(epochs=5)
    return trainer


def rate_high() -> Trainer:
    return run(
        "linear 8, tanh, linear 8, tanh, linear 2", load_dataset("spiral", samples=400, seed=0), epochs=40, lr=3.0
    )


def rate_low() -> Trainer:
    return run("linear 8, tanh, linear 2", load_dataset("circle", samples=400, seed=0), epochs=30, lr=1e-6)


def dead() -> Trainer:
    trainer = run("linear 8, relu, linear 2", load_dataset("circle", samples=400, seed=0), epochs=2)
    trainer.parameters()["0.bias"][:6] = -100.0
    trainer.run(epochs=2)
    return trainer


def saturated() -> Trainer:
    trainer = run("linear 8, tanh, linear 2", load_dataset("spiral", samples=400, seed=0), epochs=2)
    trainer.parameters()["0.bias"][:] = 40.0
    trainer.run(epochs=2)
    return trainer


def saturated_at_its_own_limit() -> Trainer:
    trainer = run("linear 8, hardtanh limit=0.25, linear 2", load_dataset("spiral", samples=400, seed=0), epochs=2)
    trainer.parameters()["0.bias"][:] = 40.0
    trainer.run(epochs=2)
    return trainer


def vanishing() -> Trainer:
    deep = ", ".join(["linear 8, sigmoid"] * 7)
    return run(f"{deep}, linear 2", load_dataset("circle", samples=400, seed=0), steps=5)


def exploding() -> Trainer:
    x, _ = table(300)
    data = Dataset(x, (x[:, :1] * 5000.0).astype(np.float32), task="regression")
    return run("linear 8, tanh, linear 1", data, epochs=3, lr=1e-4)


def overfitting() -> Trainer:
    x, _ = table(120, columns=10)
    y = np.random.default_rng(7).integers(0, 2, 120)
    return run("linear 64, tanh, linear 2", Dataset(x, y), epochs=120, lr=0.02)


def underfitting() -> Trainer:
    return run("linear 2", load_dataset("circle", samples=400, seed=0), epochs=60, lr=0.02)


def unscaled() -> Trainer:
    x, y = table(300)
    x[:, 1] *= 4000.0
    return run("linear 8, tanh, linear 2", Dataset(x, y, feature_names=("age", "income")), steps=3)


def uneven() -> Trainer:
    x, y = table(300)
    x[:, 0] *= 0.001
    return run("linear 8, tanh, linear 2", Dataset(x, y, feature_names=("age", "income")), steps=3)


def equal_weights() -> Trainer:
    return run("linear 8 init=ones, tanh, linear 2 init=ones", load_dataset("circle", samples=400, seed=0), epochs=3)


def zero_weights() -> Trainer:
    return run("linear 8 init=zeros, tanh, linear 2 init=zeros", load_dataset("circle", samples=400, seed=0), steps=1)


def imbalanced() -> Trainer:
    x, _ = table(400)
    return run("linear 2", Dataset(x, (x[:, 0] > 1.6).astype(np.int64), class_names=("no", "yes")), epochs=3, lr=1e-4)


def few_rows() -> Trainer:
    x, y = table(40)
    return run("linear 2", Dataset(x, y), steps=3, batch_size=8)


def few_of_class() -> Trainer:
    x, _ = table(300)
    y = np.array(["common"] * 290 + ["rare"] * 10)
    return run("linear 2", Dataset(x, y), steps=3)


def leaking() -> Trainer:
    x, y = table(150)
    return run("linear 2", Dataset(np.concatenate([x, x]), np.concatenate([y, y])), steps=3)


def given_away() -> Trainer:
    """One class has most of the rows, two columns tell it, a third one is large, and the network cannot learn."""
    x, _ = table(60)
    y = (x[:, 0] > 1.2).astype(int)
    columns = NamedColumns(("copy", "twice", "large", "class"), [y, 2 * y, 5000.0 * x[:, 1], y])
    data = columns_dataset(columns, CsvOptions(target="class"), name="t", where="t")
    return run("linear 8 init=ones, tanh, linear 2 init=ones", data.split(seed=0, scale="none"), epochs=30)


def moons(net: str, **more: Any) -> Trainer:
    """A run on two moons that is only set up."""
    return run(net, load_dataset("moons", samples=300, seed=0), **more)


def softmax_twice() -> Trainer:
    return moons("linear 8, relu, linear 2, softmax")


def no_probabilities() -> Trainer:
    return moons("linear 8, relu, linear 1", loss="binary_cross_entropy")


def softmax_of_one() -> Trainer:
    return run("linear 8, relu, linear 1, softmax", load_dataset("plane", samples=300, seed=0))


def nothing_gets_through() -> Trainer:
    trainer = moons("linear 8, relu, linear 2", steps=20)
    trainer.parameters()["0.bias"][:] = -100.0
    return trainer


def last_batch_of_one() -> Trainer:
    x, y = table(33)
    return run("linear 4, batch_norm, linear 2", Dataset(x, y).split(1, 0, 0, seed=0), batch_size=32)


def tokens(net: str, scale: Any) -> Trainer:
    """A class for each token of twelve, and some tokens much more often than others."""
    x = np.repeat(np.arange(12), np.arange(10, 22))
    return run(net, Dataset(x[:, None].astype(np.float32), x % 2).split(seed=0, scale=scale))


def scaled_tokens() -> Trainer:
    return tokens("embedding 12 4, flatten, linear 2", "standard")


def too_few_tokens() -> Trainer:
    return tokens("embedding 4 4, flatten, linear 2", "none")
