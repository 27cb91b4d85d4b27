"""Sweeps: what ten thousand short trials cost beside their training alone, and beside other loops over trials.

`python benchmarks/sweeps.py` writes the section *Sweeps* of RESULTS.md; Optuna, joblib and scikit-learn must be
installed, Ray is measured where it is. Every loop trains the same work: 1,000 steps of 2-8-8-1, batches of 32, Adam,
with another learning rate and seed each time. Others train fewer trials; all figures are for one trial.
"""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

from results import machine, write_section

from nnplay.config import RunConfig
from nnplay.sweeps.executors.threads import ThreadExecutor
from nnplay.sweeps.results_file import ResultsFile
from nnplay.sweeps.run_sweep import run_sweep
from nnplay.sweeps.sweep import Sweep, plan_sweep
from nnplay.system.processors import cores

TRIALS: Final = 10_000
PEER_TRIALS: Final = 100
RUN: Final[dict[str, Any]] = {
    "data": {"name": "circle"},
    "layers": ["linear 8", "tanh", "linear 8", "tanh", "linear 1"],
    "loss": {"name": "binary_cross_entropy_logits"},
    "training": {"batch_size": 32, "validate_every": 0},
}
STEPS: Final = 1_000


def _plan(trials: int) -> tuple[Sweep, Any]:
    run = RunConfig.from_dict(RUN)
    split = run.load()
    epochs = math.ceil(STEPS / math.ceil(len(split.train) / 32))
    return plan_sweep(run.changed({"epochs": epochs}), ["optimizer.lr=log(1e-4,1e-1)", "seed=0..9999"], trials=trials)


def ours() -> tuple[float, float, float]:
    """Wall seconds, seconds of training of all threads, and seconds a trial of ten thousand in a file."""
    sweep, split = _plan(TRIALS)
    with tempfile.TemporaryDirectory() as folder, ResultsFile(f"{folder}/sweep.jsonl", sweep) as results:
        executor = ThreadExecutor(sweep, split)
        began = time.perf_counter()
        outcomes = run_sweep(sweep, executor, results)
        wall = time.perf_counter() - began
    if any(outcome.end != "done" for outcome in outcomes):
        raise RuntimeError("not all trials were trained to their end")
    return wall, sum(outcome.seconds for outcome in outcomes), wall / len(outcomes)


def from_the_shell() -> float:
    """Seconds of a whole process that trains a hundred trials."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "nnplay", "sweep", "circle", "--layers", ", ".join(RUN["layers"])]
        words += [
            "--loss",
            "binary_cross_entropy_logits",
            "--batch-size",
            "32",
            "--validate-every",
            "0",
            "--epochs",
            "45",
        ]
        words += ["--set", "optimizer.lr=log(1e-4,1e-1)", "--set", "seed=0..9999", "--trials", "100"]
        began = time.perf_counter()
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began


def _objective(trial: Any) -> float:
    """What a user writes for Optuna: a trainer of its own for each trial."""
    sweep, split = _objective_plan()
    run = sweep.run.changed(
        {
            "optimizer": {"lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True)},
            "seed": trial.suggest_int("seed", 0, 9999),
            "training": {"threads": 1},
        }
    )
    trainer = run.trainer(split=split)
    trainer.run(epochs=run.epochs)
    return float(trainer.evaluate("validation")["loss"])


_planned: list[tuple[Sweep, Any]] = []


def _objective_plan() -> tuple[Sweep, Any]:
    if not _planned:
        _planned.append(_plan(10))
    return _planned[0]


def by_optuna() -> float:
    """Seconds a trial of Optuna's own loop over our trainer, with as many threads as there are cores."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    _objective_plan()
    study.optimize(_objective, n_trials=4, n_jobs=1)
    began = time.perf_counter()
    study.optimize(_objective, n_trials=PEER_TRIALS, n_jobs=cores())
    return (time.perf_counter() - began) / PEER_TRIALS


def _fit(rate: float, seed: int, x: Any, y: Any) -> float:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    epochs = math.ceil(STEPS / math.ceil(len(x) / 32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = MLPClassifier(
            (8, 8),
            activation="tanh",
            learning_rate_init=rate,
            batch_size=32,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=epochs,
            random_state=seed,
        ).fit(x, y)
    return float(found.loss_)


def by_joblib() -> float:
    """Seconds a trial of joblib over scikit-learn's network, with as many processes as there are cores."""
    from joblib import Parallel, delayed

    _, split = _objective_plan()
    x, y = split.train.x, split.train.y
    with Parallel(n_jobs=cores()) as pool:
        pool(delayed(_fit)(0.01, seed, x, y) for seed in range(cores()))
        began = time.perf_counter()
        pool(delayed(_fit)(10 ** -(1 + 3 * seed / PEER_TRIALS), seed, x, y) for seed in range(PEER_TRIALS))
    return (time.perf_counter() - began) / PEER_TRIALS


def by_ray() -> float:
    """Seconds a trial of Ray Tune over our trainer."""
    import ray
    from ray import tune

    ray.init(num_cpus=cores(), include_dashboard=False, logging_level="ERROR", log_to_driver=False)

    def train(config: dict[str, Any]) -> dict[str, float]:
        run = _plan(10)[0].run.changed(
            {"optimizer": {"lr": config["lr"]}, "seed": config["seed"], "training": {"threads": 1}}
        )
        trainer = run.trainer()
        trainer.run(epochs=run.epochs)
        return {"loss": float(trainer.evaluate("validation")["loss"])}

    space = {"lr": tune.loguniform(1e-4, 1e-1), "seed": tune.randint(0, 9999)}
    tuner = tune.Tuner(train, param_space=space, tune_config=tune.TuneConfig(num_samples=PEER_TRIALS))
    began = time.perf_counter()
    tuner.fit()
    return (time.perf_counter() - began) / PEER_TRIALS


def scheduler_model() -> list[str]:
    """What a thousand workers would do to the scheduler and to the file of results, from what one trial costs here."""
    task, line, chunk = 0.010, _line_seconds(), 1.0
    lines = []
    for workers in (2, 100, 1_000, 10_000):
        tasks = workers / chunk
        trials = workers / 0.002
        lines.append(
            f"| {workers:,} | {tasks:,.0f} | {100 * tasks * task:,.0f} % "
            f"| {trials:,.0f} | {100 * trials * line:,.0f} % |"
        )
    return lines


def _line_seconds() -> float:
    """Seconds that one outcome costs to be written, in chunks of five hundred."""
    sweep, split = _plan(500)
    outcomes = run_sweep(sweep, ThreadExecutor(sweep, split))
    with tempfile.TemporaryDirectory() as folder, ResultsFile(f"{folder}/sweep.jsonl", sweep) as results:
        began = time.perf_counter()
        results.add(outcomes)
        return (time.perf_counter() - began) / len(outcomes)


def main() -> None:
    """Measures, and writes the section."""
    run_sweep(*_warm())
    wall, training, trial = ours()
    rows = [f"| nnplay sweep, {TRIALS:,} trials into a file, {cores()} threads | {1000 * trial:.2f} | 1.0× |"]
    peers: list[tuple[str, Callable[[], float]]] = [
        ("Optuna's loop over our trainer (random, in memory)", by_optuna),
        ("joblib over scikit-learn's MLPClassifier", by_joblib),
        ("Ray Tune over our trainer", by_ray),
    ]
    for name, measure in peers:
        with contextlib.suppress(ImportError):
            spent = measure()
            rows.append(f"| {name} | {1000 * spent:.2f} | **{spent / trial:.1f}×** |")
    alone = training / cores()
    write_section(
        "Sweeps",
        [
            machine(),
            "",
            f"{TRIALS:,} trials of 1,000 steps of 2-8-8-1, batch 32: **{wall:.1f} s** (goal 20); their training alone, "
            f"spread over {cores()} threads, {alone:.1f} s: **{100 * (wall / alone - 1):.0f} %** above it (goal 15 %). "
            f"A hundred of them from the shell: {from_the_shell():.2f} s (goal 1).",
            "",
            "| loop | ms a trial | beside nnplay |",
            "|---|---|---|",
            *rows,
            "",
            "What many workers would ask of one scheduler and of the file, from 10 ms for a task of Dask (chunks of a "
            "second) and from what writing an outcome takes here, if all trials were as short as these:",
            "",
            "| workers | tasks a second | of Dask's time | trials a second | of the file's time |",
            "|---|---|---|---|---|",
            *scheduler_model(),
            "",
            "So about a hundred workers of networks as small as these fill both: a scheduler wants chunks of ten "
            "seconds then, and more workers another file each. Networks that take a tenth of a second a trial ask a "
            "fiftieth of the file, and as much of the scheduler.",
            "",
            "Command: `python benchmarks/sweeps.py`",
        ],
    )


def _warm() -> tuple[Sweep, ThreadExecutor]:
    sweep, split = _plan(50)
    return sweep, ThreadExecutor(sweep, split)


if __name__ == "__main__":
    main()
