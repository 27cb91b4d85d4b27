"""How sure a classifier of real digits is of what gan_digits makes: `python benchmarks/made_digits.py [seed …]`.

The classifier is a small convolutional network, trained on 16,000 real digits that no generator here has seen. Of 1,000
samples it prints how many it gives at least 90 % to one digit, and of how many the rarest of the ten digits has.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from results import machine, write_section

from nnplay.config.run_config import RunConfig
from nnplay.presets.catalogue import load_preset
from nnplay.training.made_rows import fixed_noise, generator_of, make_rows
from nnplay.training.trainer import Trainer

PRESET: Final = "gan_digits"
SAMPLES: Final = 1000
SURE: Final = 0.9
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


def main(seeds: list[int]) -> None:
    """Trains the classifier, and the preset from each seed; prints, and writes down, the table."""
    classifier = RunConfig.from_dict(CLASSIFIER).trainer()
    classifier.run(epochs=EPOCHS)
    test = classifier.split.test
    assert test is not None
    right = float((chances(classifier, test.x).argmax(axis=1) == test.y.reshape(-1)).mean())
    sure, rarest = measure(classifier, test.x)
    told = f"The classifier is right about {right:.1%} of {len(test):,} real digits, and sure of {sure:.1%}."
    print(told, flush=True)
    lines = ["| seed | turns | sure of | sure ones of the rarest digit | seconds |", "|---|---|---|---|---|"]
    for seed in seeds:
        config = load_preset(PRESET).changed(seed=seed)
        began, trainer = time.perf_counter(), config.trainer()
        trainer.run(epochs=config.epochs)
        generator = generator_of(trainer)
        assert generator is not None
        sure, rarest = measure(classifier, make_rows(trainer, generator, fixed_noise(trainer, generator, SAMPLES)))
        lines.append(f"| {seed} | {trainer.step:,} | {sure:.1%} | {rarest} | {time.perf_counter() - began:.0f} |")
        print(lines[-1], flush=True)
    command = "Command: `python benchmarks/made_digits.py " + " ".join(map(str, seeds)) + "`"
    write_section(f"Digits that {PRESET} makes", [machine(), "", told, "", *lines, "", command])


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [0, 1, 2])
