"""The numbers of a run: what each is called, of what it is, and when. Labels and the glossary take them from here.

Counting, wherever a person reads: what has an index in Python (layers, units, rows, elements, operations of a step)
counts from 0, as names such as "0.weight" do. Steps, epochs and batches are counted as they are taken, from 1: step 40
is the fortieth, and a run stands at step 40 once forty have been taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a run.

    Attributes:
        name: in code and files, as of its curve ("train_loss").
        label: in sentences, tables and the glossary ("train loss").
        short: where a line is narrow ("train").
        meaning: of what it is, and at which step, in sentences.
        panes: where the help has it first.
    """

    name: str
    label: str
    short: str
    meaning: str
    panes: tuple[str, ...] = ("curves",)


_ALL: Final = (
    Number(
        "step",
        "step",
        "step",
        "Step 40 is the fortieth; a run is at step 40 once it has taken forty. The inspector shows the step that "
        "comes next: step 41.",
    ),
    Number(
        "epoch",
        "epoch",
        "epoch",
        "Epoch, batch and step in the header are those of the last step taken, all counted from 1: an epoch is "
        "over after its last batch.",
        ("training", "curves"),
    ),
    Number(
        "loss",
        "batch loss",
        "batch loss",
        "The mean loss of the rows of one batch, with the weights as they were before its step. The inspector, "
        "the curves of forks and the summary of a saved run show it; so does the header until the first epoch is over.",
    ),
    Number(
        "train_loss",
        "train loss",
        "train",
        "The mean of the batch losses of the last complete epoch, measured while the weights were still changing "
        "and with dropout active. So it usually differs from the loss on the training part with the final weights.",
    ),
    Number(
        "validation_loss",
        "validation loss",
        "valid",
        "The mean loss over all validation rows with the weights at the end of an epoch, without dropout. The "
        "header shows the latest one measured.",
    ),
    Number(
        "validation_accuracy",
        "validation accuracy",
        "acc",
        "The share of validation rows that are predicted correctly, from 0 to 100 %. The weights are those at the "
        "end of an epoch.",
    ),
    Number(
        "gradient_norm",
        "gradient norm",
        "norm",
        "It is measured on one batch, penalties included, before clipping.",
        ("curves", "health"),
    ),
    Number("lr", "learning rate", "lr", "The curve shows it for each step, schedule included.", ("training", "curves")),
    Number(
        "scores",
        "scores",
        "scores",
        "Loss and metrics over a whole part, computed with the current weights and without dropout. They are in "
        "the table at the end of a run, and under train, validation and test in its JSON. Where targets are scaled "
        "the loss is of scaled targets, while mae and rmse are in the target's units.",
        ("output", "training"),
    ),
)
NUMBERS: Final[Mapping[str, Number]] = {number.name: number for number in _ALL}


def label(name: str) -> str:
    """What a number is called in a sentence: "train loss" for "train_loss"."""
    return NUMBERS[name].label


def short(name: str) -> str:
    """What it is called where a line is narrow."""
    return NUMBERS[name].short


def last_taken(epoch: int, batch: int, batches: int) -> tuple[int, int]:
    """Epoch and batch of the last step taken, from 1; (0, 0) before the first.

    Args:
        epoch, batch: how many whole epochs, and batches of the next, have been taken.
        batches: of an epoch.
    """
    if batch:
        return epoch + 1, batch
    return epoch, batches if epoch else 0
