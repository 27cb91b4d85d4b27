"""A step of the optimizers of second order beside SciPy's: `python benchmarks/second_order.py [rounds]`.

Each peer does the same work in one process, in turn, several rounds; times are the processor's own for one thread. A
step is one trial of Levenberg–Marquardt (loss, Jacobian, system), or one evaluation of L-BFGS (loss and gradient).
SciPy calls NumPy functions for the loss with its exact derivatives.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from results import machine, write_section
from scipy import optimize

import nnplay as nn

#: Name, rows and units of networks 2-H-1 with tanh.
CASES = (("2-4-1, 100 rows", 100, 4), ("2-8-1, 400 rows", 400, 8), ("2-16-1, 1,000 rows", 1_000, 16))
STEPS = 200


def data(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """A smooth surface over two inputs."""
    x = np.random.default_rng(0).uniform(-1, 1, (rows, 2))
    return x, np.sin(3 * x[:, 0]) * np.cos(2 * x[:, 1])


def trainer(rows: int, units: int, optimizer: str) -> nn.Trainer:
    """The run in nnplay."""
    x, y = data(rows)
    network = nn.Network(f"linear {units}, tanh, linear 1", seed=1)
    return nn.Trainer(
        network,
        nn.Dataset(x, y, task="regression"),
        "mse",
        optimizer,
        batch_size="all",
        dtype="float64",
        threads=1,
        validate_every=0,
    )


def functions(rows: int, units: int) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """Residuals, their Jacobian, and loss with gradient, of the weights as one vector."""
    x, y = data(rows)

    def parts(p: np.ndarray) -> tuple[np.ndarray, ...]:
        w, b, v, c = np.split(p, np.cumsum([2 * units, units, units]))
        h = np.tanh(x @ w.reshape(2, units) + b)
        return h, v, h @ v + c[0] - y

    def jacobian(p: np.ndarray) -> np.ndarray:
        h, v, _ = parts(p)
        d = (1 - h * h) * v
        return np.hstack([x[:, :1] * d, x[:, 1:] * d, d, h, np.ones((rows, 1))])

    def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
        h, v, r = parts(p)
        d = (1 - h * h) * v * r[:, None]
        g = np.concatenate([(x.T @ d).ravel(), d.sum(0), h.T @ r, [r.sum()]])
        return float(r @ r) / rows, 2 * g / rows

    return lambda p: parts(p)[2], jacobian, loss


def timed(work: Callable[[], int]) -> float:
    """Microseconds of processor time for one step."""
    began = time.thread_time()
    steps = work()
    return 1e6 * (time.thread_time() - began) / max(1, steps)


def start(made: nn.Trainer) -> np.ndarray:
    """The first weights as SciPy's vector."""
    return np.concatenate([np.asarray(values, float).ravel() for values in made.parameters().values()])


def peers(rows: int, units: int) -> dict[str, Callable[[], float]]:
    """What is timed, by name."""
    residuals, jacobian, loss = functions(rows, units)
    runs = {name: trainer(rows, units, name) for name in ("levenberg_marquardt", "lbfgs")}
    first = start(runs["lbfgs"])

    def ours(name: str) -> float:
        runs[name].rewind()
        runs[name].machine.rates[:STEPS] = 1.0
        return timed(lambda: runs[name].machine.advance(STEPS))

    def least_squares(method: str) -> float:
        found = optimize.least_squares(residuals, first, jacobian, method=method, max_nfev=2, xtol=1e-15, ftol=1e-15)
        return timed(
            lambda: (
                optimize.least_squares(
                    residuals, first, jacobian, method=method, max_nfev=STEPS, xtol=1e-15, ftol=1e-15, gtol=1e-15
                ).nfev
                + 0 * found.nfev
            )
        )

    def minimize() -> float:
        options = {"maxfun": STEPS, "maxiter": STEPS, "ftol": 0.0, "gtol": 0.0, "maxcor": 10}
        return timed(lambda: optimize.minimize(loss, first, jac=True, method="L-BFGS-B", options=options).nfev)

    return {
        "levenberg_marquardt": lambda: ours("levenberg_marquardt"),
        "least_squares lm": lambda: least_squares("lm"),
        "least_squares trf": lambda: least_squares("trf"),
        "lbfgs": lambda: ours("lbfgs"),
        "minimize L-BFGS-B": minimize,
    }


def main() -> None:
    """Writes the section."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    lines = ["| network | step | µs | beside nnplay |", "|---|---|---|---|"]
    for name, rows, units in CASES:
        made = peers(rows, units)
        times: dict[str, list[float]] = {key: [] for key in made}
        for _ in range(rounds):
            for key, run in made.items():
                times[key].append(run())
        found = {key: statistics.median(values) for key, values in times.items()}
        for key, value in found.items():
            own = found["levenberg_marquardt" if key.startswith(("lev", "least")) else "lbfgs"]
            lines.append(f"| {name} | {key} | {value:.1f} | {value / own:.1f} × |")
    words = [machine(), "", "Processor time of one thread for a step, medians.", "", *lines]
    print("\n".join(words))
    write_section("Optimizers of second order", words)


if __name__ == "__main__":
    main()
