"""How sure a classifier of real digits is of what a GAN makes: `made_digits.py [run.toml] [seed …] [key=value …]`.

Without a run file it is the preset gan_digits. Changes are those of `--set`, and of its objectives: `certain.factor=0`,
`stop.epochs=7`. The preset's own table, without changes, goes into RESULTS.md.

The classifier is a small convolutional network, trained on 16,000 real digits that no generator here has seen. Of 1,000
samples it prints, for several truncations, how many of them it gives at least 90 % to one digit, and how many of those
the rarest of the ten digits has.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from results import machine, write_section

from nnplay.config.assignments import read_assignment
from nnplay.config.player_assignments import change_player
from nnplay.config.run_config import RunConfig
from nnplay.presets.catalogue import load_preset
from nnplay.training.players.made_rows import fixed_noise, generator_of, make_rows
from nnplay.training.trainer import Trainer

PRESET: Final = "gan_digits"
SAMPLES: Final = 1000
SURE: Final = 0.9
TRUNCATIONS: Final = (1.0, 0.4, 0.3, 0.2)
CLASSIFIER: Final = {
    "seed": 7,
    "layers": "conv2d 16 k5 same, relu, max_pool2d 2, conv2d 32 k5, relu, max_pool2d 2, flatten, "
    "linear 84, relu, dropout 0.3, linear 10",
    "data": {"name": "digits28", "samples": 20_000, "noise": 0, "seed": 7},
    "split": {"train": 0.8, "validation": 0.1, "test": 0.1, "scale": "none"},
    "optimizer": {"name": "adam", "lr": 0.002},
    "schedule": {"name": "cosine", "steps": 2000},
    "training": {"batch_size": 64},
}
EPOCHS: Final = 8


def chances(classifier: Trainer, rows: NDArray[Any]) -> NDArray[np.float64]:
    """What the classifier gives each digit, (N, 10), for pictures (N, 28, 28, 1)."""
    logits = np.asarray(classifier.answers(rows), np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def measure(classifier: Trainer, rows: NDArray[Any]) -> tuple[float, int]:
    """The share of pictures that the classifier is sure of, and how many of the sure ones are the rarest digit."""
    found = chances(classifier, rows)
    sure = found.max(axis=1) >= SURE
    return float(sure.mean()), int(np.bincount(found.argmax(axis=1)[sure], minlength=10).min())


def made_line(classifier: Trainer, config: RunConfig) -> str:
    """Trains a run to its end: one line of the table."""
    began, trainer = time.perf_counter(), config.trainer()
    trainer.run(epochs=config.epochs)
    generator = generator_of(trainer)
    assert generator is not None
    cells = []
    for truncation in TRUNCATIONS:
        noise = fixed_noise(trainer, replace(generator, truncation=truncation), SAMPLES)
        sure, rarest = measure(classifier, make_rows(trainer, generator, noise))
        cells.append(f"{sure:.1%} ({rarest})")
    seconds = time.perf_counter() - began
    return f"| {config.seed} | {trainer.step:,} | {' | '.join(cells)} | {seconds:.0f} |"


def changed(config: RunConfig, word: str) -> RunConfig:
    """The run with one `key=value` changed: a setting of a player, or a field of a section of the run."""
    name, _, value = word.partition("=")
    owner, _, key = name.rpartition(".")
    if about := change_player(config.to_dict(), owner, key, value):
        return config.changed(about)
    section, key, value = read_assignment(word)
    return config.changed({section: {key: value}})


def main(file: str, seeds: list[int], changes: list[str]) -> None:
    """Trains the classifier, and the run from each seed; prints, and of the preset writes down, the table."""
    config = RunConfig.from_file(file) if file else load_preset(PRESET).config
    for word in changes:
        config = changed(config, word)
    classifier = RunConfig.from_dict(CLASSIFIER).trainer()
    classifier.run(epochs=EPOCHS)
    test = classifier.split.test
    assert test is not None
    right = float((chances(classifier, test.x).argmax(axis=1) == test.y.reshape(-1)).mean())
    told = f"The classifier is right about {right:.1%} of {len(test):,} real digits, and sure of "
    told += f"{measure(classifier, test.x)[0]:.1%}."
    widths = " | ".join(f"sure at truncation {truncation:g} (rarest digit)" for truncation in TRUNCATIONS)
    lines = [f"| seed | turns | {widths} | seconds |", "|---" * (3 + len(TRUNCATIONS)) + "|"]
    print(told, *lines, sep="\n", flush=True)
    for seed in seeds:
        lines.append(made_line(classifier, replace(config, seed=seed)))
        print(lines[-1], flush=True)
    if not file and not changes:
        command = "Command: `python benchmarks/made_digits.py " + " ".join(map(str, seeds)) + "`"
        write_section(f"Digits that {PRESET} makes", [machine(), "", told, "", *lines, "", command])


if __name__ == "__main__":
    words = sys.argv[1:]
    changes, seeds = [word for word in words if "=" in word], [int(word) for word in words if word.isdecimal()]
    file = next((word for word in words if "=" not in word and not word.isdecimal()), "")
    main(file, seeds or [0, 1, 2], changes)
