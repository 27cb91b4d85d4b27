"""What a run does where nothing was said: penalty, batch size and epochs that suit the data."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from nnplay.data.split import Split
from nnplay.network.members import members_of
from nnplay.records.layer import Layer

#: The optimizer that is used when none is named.
OPTIMIZER: Final = {"name": "adam", "lr": 0.01}
BATCH_SIZE: Final = 32
#: With an optimizer that compares losses: all rows in every step, and differences that float32 would round off.
FOR_WHOLE_DATA: Final = {"batch_size": "all", "real": "float64"}
#: About so many steps, in not fewer and not more than so many epochs.
STEPS: Final = 5_000
FEWEST_EPOCHS: Final = 20
MOST_EPOCHS: Final = 200
#: The same for a text, where each row has an answer for every token.
TEXT_STEPS: Final = 2_000
FEWEST_TEXT_EPOCHS: Final = 5
#: Penalty on the weights where there are few training rows, which the network could learn by heart otherwise.
L2: Final = 0.01
FEW_ROWS: Final = 500
#: A run on a file ends after so many epochs without a better validation loss.
PATIENCE: Final = 30
#: Such a run may take about so many steps, in not fewer and not more than so many epochs, as it ends by itself.
FILE_STEPS: Final = 30_000
FEWEST_FILE_EPOCHS: Final = 40
MOST_FILE_EPOCHS: Final = 600
#: Stop conditions that say what is done once the run has stopped, not when it does.
AFTER_STOP: Final = ("keep_best",)
#: Stop conditions that a run on a file has unless somebody turns them off; a 0 that was written is kept for that.
ON_FOR_FILES: Final = ("patience", "keep_best")


def penalty_for(split: Split, layers: tuple[Layer, ...]) -> dict[str, float]:
    """L2 where there are few training rows, else nothing; divided by the number of networks in an ensemble, as is
    the loss of each.
    """
    return {"l2": L2 / len(members_of(layers))} if len(split.train) < FEW_ROWS else {}


def batch_size_for(split: Split) -> int:
    """Rows of a batch: 32, or all of a smaller training part."""
    return min(BATCH_SIZE, len(split.train))


def epochs_for(split: Split, batch_size: int | Literal["all"], *, ends: bool = False) -> int:
    """Epochs that come to about `STEPS` steps; more in a run that ends by itself, fewer where a text is written on."""
    batches: Any = split.batches(batch_size)
    if split.train.vocabulary is not None and split.train.y.ndim > 1:
        return int(min(MOST_EPOCHS, max(FEWEST_TEXT_EPOCHS, math.ceil(TEXT_STEPS / batches))))
    if ends:
        return int(min(MOST_FILE_EPOCHS, max(FEWEST_FILE_EPOCHS, math.ceil(FILE_STEPS / batches))))
    return int(min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(STEPS / batches))))


def stop_for(split: Split) -> dict[str, Any]:
    """When a run on somebody's own data ends, and that the weights of its best epoch are kept; both need a validation
    part.
    """
    return {"patience": PATIENCE, "keep_best": True} if split.validation is not None else {}
