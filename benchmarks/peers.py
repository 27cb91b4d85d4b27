"""The same training step in nnplay, PyTorch, JAX and scikit-learn: what is timed, one process a peer and case."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """One network: widths from input to output, activation, loss, batch size, optimizer."""

    name: str
    widths: tuple[int, ...]
    activation: str
    loss: str
    batch: int
    optimizer: str
    over_torch: float
    over_jax: float

    @property
    def layers(self) -> str:
        """The network in nnplay's notation."""
        return f", {self.activation}, ".join(f"linear {width}" for width in self.widths[1:])


CASES = (
    Case("2-4-2-1", (2, 4, 2, 1), "tanh", "mse", 10, "sgd", 250, 5),
    Case("2-8-8-1", (2, 8, 8, 1), "tanh", "mse", 32, "adam", 80, 2),
    Case("784-128-10", (784, 128, 10), "relu", "cross_entropy", 64, "adam", 1.8, 1.3),
    Case("784-512-256-10", (784, 512, 256, 10), "relu", "cross_entropy", 64, "adam", 1.8, 1.2),
)
ROWS = 1920  # a multiple of every batch, so that all peers do the same work
RATE = 0.001


def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Random rows; labels for cross-entropy, one column of values for mean squared error."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((ROWS, case.widths[0])).astype(np.float32)
    if case.loss == "cross_entropy":
        return x, generator.integers(0, case.widths[-1], ROWS)
    return x, generator.standard_normal((ROWS, 1)).astype(np.float32)


def seconds_a_step(
    steps: Callable[[int], object],
    *,
    about: float = 0.2,
    repeats: int = 7,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Median over several runs of about `about` seconds each, after a warm-up."""
    steps(1)
    count = 1
    while True:
        began = clock()
        steps(count)
        spent = clock() - began
        if spent > about / 4:
            break
        count *= 2
    count = max(1, round(count * about / spent))
    times = []
    for _ in range(repeats):
        began = clock()
        steps(count)
        times.append((clock() - began) / count)
    return statistics.median(times)


@dataclass(frozen=True)
class Steps:
    """What is timed: a function that trains for so many times `each` steps."""

    train: Callable[[int], object]
    each: int = 1

    def seconds(self) -> float:
        """Seconds of one step, in a process that does nothing else."""
        return seconds_a_step(self.train) / self.each


def nnplay(case: Case, threads: int) -> Steps:
    """The compiled loop, through the public trainer."""
    import nnplay as nn

    x, y = data(case)
    trainer = nn.Trainer(
        nn.Network(case.layers),
        nn.Dataset(x, y),
        loss=case.loss,
        optimizer=(nn.SGD if case.optimizer == "sgd" else nn.Adam)(lr=RATE),
        batch_size=case.batch,
        threads=threads,
    )
    return Steps(lambda count: trainer.run(steps=count))


def torch(case: Case, threads: int) -> Steps:
    """Eager PyTorch with its fused optimizer, batches sliced from one shuffled tensor."""
    import torch

    torch.set_num_threads(threads)
    x, y = (torch.from_numpy(part) for part in data(case))
    layers: list[torch.nn.Module] = []
    for a, b in zip(case.widths, case.widths[1:], strict=False):
        layers += [torch.nn.Linear(a, b), torch.nn.Tanh() if case.activation == "tanh" else torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    loss_of = torch.nn.MSELoss() if case.loss == "mse" else torch.nn.CrossEntropyLoss()
    kind = torch.optim.SGD if case.optimizer == "sgd" else torch.optim.Adam
    optimizer = kind(net.parameters(), lr=RATE, fused=True)
    batches = ROWS // case.batch

    def steps(count: int) -> None:
        for step in range(count):
            if step % batches == 0:
                order = torch.randperm(ROWS)
            at = step % batches * case.batch
            rows = order[at : at + case.batch]
            optimizer.zero_grad(set_to_none=True)
            loss_of(net(x[rows]), y[rows]).backward()
            optimizer.step()

    return Steps(steps)


def jax(case: Case, threads: int) -> Steps:
    """JAX with the loop over the steps compiled too: `jit` around `lax.scan`."""
    import jax
    import jax.numpy as jnp
    from jax_training import jax_epochs

    del threads  # XLA's own pool decides
    x, y = (jnp.asarray(part) for part in data(case))
    keys = jax.random.split(jax.random.PRNGKey(0), len(case.widths))
    shapes = zip(case.widths, case.widths[1:], strict=False)
    weights = [
        (jax.random.normal(key, s) / np.sqrt(s[0]), jnp.zeros(s[1])) for key, s in zip(keys, shapes, strict=False)
    ]
    act = jnp.tanh if case.activation == "tanh" else jax.nn.relu

    def loss_of(weights, x, y):
        for w, b in weights[:-1]:
            x = act(x @ w + b)
        x = x @ weights[-1][0] + weights[-1][1]
        if case.loss == "mse":
            return jnp.mean((x - y) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1))

    return Steps(*jax_epochs(loss_of, weights, x, y, batch=case.batch, rate=RATE, optimizer=case.optimizer))


def sklearn(case: Case, threads: int) -> Steps:
    """scikit-learn's MLP, one epoch a call."""
    import warnings

    from sklearn.neural_network import MLPClassifier, MLPRegressor

    del threads
    warnings.simplefilter("ignore")
    x, y = data(case)
    kind = MLPClassifier if case.loss == "cross_entropy" else MLPRegressor
    net = kind(
        hidden_layer_sizes=case.widths[1:-1], activation=case.activation, solver=case.optimizer, batch_size=case.batch,
        alpha=0.0, learning_rate_init=RATE, momentum=0.0, max_iter=1, warm_start=True,
    )  # fmt: skip
    batches = ROWS // case.batch

    def epochs(count: int) -> None:
        for _ in range(count):
            net.fit(x, y.ravel())

    return Steps(epochs, batches)


PEERS = {"nnplay": nnplay, "torch": torch, "jax": jax, "sklearn": sklearn}

if __name__ == "__main__":
    chosen = next(case for case in CASES if case.name == sys.argv[2])
    print(json.dumps(PEERS[sys.argv[1]](chosen, int(sys.argv[3])).seconds()))
