"""The score of the test rows at the end of a run, in words."""

from __future__ import annotations

from nnplay.text import percent
from nnplay.training.scores.uncertainty import describe_interval
from nnplay.training.trainer import Trainer


def describe_test(trainer: Trainer) -> str:
    """As in `test accuracy 86.7 %, likely between 70.3 % and 94.7 % …`; nothing without test rows."""
    if trainer.split.test is None:
        return ""
    scores = trainer.evaluate("test")
    metric = "accuracy" if "accuracy" in scores else "r2"
    value = percent(scores[metric], 1) if metric == "accuracy" else f"{scores[metric]:.3f}"
    name = "accuracy" if metric == "accuracy" else "R²"
    found = trainer.uncertainty("test").get(metric)
    doubt = f", {describe_interval(metric, found, len(trainer.split.test))}" if found else ""
    return f"test {name} {value}{doubt}"
