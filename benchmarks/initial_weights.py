"""What initial weights in front of ReLU score on tables.

    pip install scikit-learn
    python benchmarks/initial_weights.py

Tables of scikit-learn, built in or generated, with scaled inputs and targets; each network is trained with Adam
(0.003, batches of 32) for 80 epochs, with three splits and seeds. The score is R² or accuracy on the test rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

import nnplay as nn

Array = NDArray[Any]
NETWORKS = {"1 × 32": [32], "2 × 64": [64, 64], "6 × 32": [32] * 6, "14 × 32": [32] * 14}
#: Of hidden layers and of the last one.
SCHEMES = [("he", "xavier"), ("xavier", "xavier"), ("lecun", "lecun"), ("pytorch", "pytorch")]
EPOCHS, SEEDS = 80, 3


def tables() -> Iterator[tuple[str, Array, Array]]:
    """Names, inputs and targets; whole numbers are classes."""
    friedman = {
        1: (datasets.make_friedman1, 1.0),
        2: (datasets.make_friedman2, 50.0),
        3: (datasets.make_friedman3, 0.1),
    }
    for number, (make, noise) in friedman.items():
        for rows in (200, 1000):
            yield f"friedman{number} {rows}", *make(n_samples=rows, noise=noise, random_state=0)
    yield "linear", *datasets.make_regression(500, 20, n_informative=8, noise=20, random_state=0)
    yield "diabetes", *datasets.load_diabetes(return_X_y=True)
    for name in ("breast_cancer", "wine", "iris", "digits"):
        yield name, *getattr(datasets, f"load_{name}")(return_X_y=True)
    yield "classes", *datasets.make_classification(600, 20, n_informative=6, n_classes=3, random_state=0)
    yield "moons", *datasets.make_moons(500, noise=0.25, random_state=0)
    x, y = datasets.make_hastie_10_2(1000, random_state=0)
    yield "hastie", x, (y > 0).astype(np.int64)


def score(x: Array, y: Array, widths: list[int], schemes: tuple[str, str], seed: int) -> float:
    """R² or accuracy on the test rows of one run."""
    classes = len(set(y.tolist())) if y.dtype.kind == "i" else 0
    hidden = [f"linear {width} init={schemes[0]}_uniform, relu" for width in widths]
    layers = ", ".join([*hidden, f"linear {classes or 1} init={schemes[1]}_uniform"])
    split = nn.Dataset(x, y if classes else (y - y.mean()) / y.std()).split(0.6, 0.2, 0.2, seed=seed, scale="standard")
    loss = "cross_entropy" if classes else "mse"
    trainer = nn.Trainer(nn.Network(layers, seed=seed), split, loss, nn.Adam(lr=0.003), batch_size=32, seed=seed)
    trainer.run(epochs=EPOCHS)
    return float(trainer.evaluate("test")["accuracy" if classes else "r2"])


def main() -> None:
    """Prints a line a table and network, then mean differences from He's."""
    differences: dict[tuple[str, str], list[float]] = defaultdict(list)
    print("| table | network |", " | ".join(first for first, _ in SCHEMES), "|")
    for name, x, y in tables():
        for network, widths in NETWORKS.items():
            found = [np.mean([score(x, y, widths, pair, seed) for seed in range(SEEDS)]) for pair in SCHEMES]
            print(f"| {name} | {network} |", " | ".join(f"{value:.3f}" for value in found), "|", flush=True)
            for (first, _), value in zip(SCHEMES, found, strict=True):
                differences[network, first].append(float(value - found[0]))
    for (network, first), values in differences.items():
        print(f"{network}, {first}: {np.mean(values):+.4f} on the mean, {min(values):+.3f} at worst")


if __name__ == "__main__":
    main()
