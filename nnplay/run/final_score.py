"""The score of the test rows at the end of a run, in words."""

from __future__ import annotations

from typing import Final

from nnplay.text import percent
from nnplay.training.scores.uncertainty import describe_interval
from nnplay.training.trainer import Trainer

#: The scores that say most, and what they are called.
_NAMES: Final = {
    "mask_map_50": "mask mAP at IoU 0.5",
    "map_50": "mAP at IoU 0.5",
    "iou": "mIoU",
    "accuracy": "accuracy",
    "r2": "R²",
}


def describe_test(trainer: Trainer) -> str:
    """As in `test accuracy 86.7 %, likely between 70.3 % and 94.7 % …`; nothing without test rows."""
    if trainer.split.test is None:
        return ""
    scores = trainer.evaluate("test")
    metric = next(name for name in (*_NAMES, "loss") if name in scores)
    value = percent(scores[metric], 1) if metric == "accuracy" else f"{scores[metric]:.3f}"
    name = _NAMES.get(metric, metric)
    found = trainer.uncertainty("test").get(metric)
    doubt = f", {describe_interval(metric, found, len(trainer.split.test))}" if found else ""
    return f"test {name} {value}{doubt}"
