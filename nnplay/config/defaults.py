"""What a run does where nothing was said: layers, penalty, batch size and epochs that suit the data."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.network.notation import parse_layers
from nnplay.records.layer import Layer
from nnplay.records.loss import Loss

#: The optimizer that is used when none is named.
OPTIMIZER: Final = {"name": "adam", "lr": 0.01}
BATCH_SIZE: Final = 32
#: About so many steps, in not fewer and not more than so many epochs.
STEPS: Final = 5_000
FEWEST_EPOCHS: Final = 20
MOST_EPOCHS: Final = 200
#: Penalty on the weights where there are few training rows, which the network could learn by heart otherwise.
L2: Final = 0.01
FEW_ROWS: Final = 500
#: A run on a file ends after so many epochs without a better validation loss.
PATIENCE: Final = 30
#: Such a run may take about so many steps, in not fewer and not more than so many epochs, as it ends by itself.
FILE_STEPS: Final = 30_000
FEWEST_FILE_EPOCHS: Final = 40
MOST_FILE_EPOCHS: Final = 600
#: Tables of so many rows get wide layers.
MANY_ROWS: Final = 500
WIDEST: Final = 64
#: Stop conditions that say what is done once the run has stopped, not when it does.
AFTER_STOP: Final = ("keep_best",)
#: Stop conditions that a run on a file has unless somebody turns them off; a 0 that was written is kept for that.
ON_FOR_FILES: Final = ("patience", "keep_best")


def layers_for(data: Dataset, loss: Loss) -> tuple[Layer, ...]:
    """What suits the data, with what the loss wants at the end.

    Two hidden layers, wider where there are more inputs, or many rows of a table; convolutions that keep the size where
    every pixel has a label; an LSTM where every step has one.
    """
    outputs = loss.record.outputs(data.outputs)
    places = data.y.ndim - 1 if data.task == "classification" else 0
    if places > 1:
        words = ["conv2d 16 3 padding=same", "relu", "conv2d 16 3 padding=same", "relu", f"conv2d {outputs} 1"]
    elif places:
        seen = [] if len(data.feature_shape) > 1 else [f"embedding {_symbols(data)} 16"]
        words = [*seen, "lstm 32 output=sequence", f"linear {outputs}"]
    else:
        size = math.prod(data.feature_shape)
        width = 16 if size <= 8 else 32 if size <= 32 else WIDEST
        width = WIDEST if data.columns and len(data) >= MANY_ROWS else width
        words = ["flatten"] if len(data.feature_shape) > 1 else []
        words += [f"linear {width}", "relu", f"linear {width}", "relu", f"linear {outputs}"]
    if loss.record.ends:
        words.append(loss.record.ends)
    return parse_layers(", ".join(words))


def _symbols(data: Dataset) -> int:
    """How many symbols the inputs are made of: as many as can be answered, or more where more are seen."""
    return max(data.outputs, int(data.x.max()) + 1)


def penalty_for(split: Split) -> dict[str, float]:
    """L2 where there are few training rows, else nothing."""
    return {"l2": L2} if len(split.train) < FEW_ROWS else {}


def batch_size_for(split: Split) -> int:
    """Rows of a batch: 32, or all of a smaller training part."""
    return min(BATCH_SIZE, len(split.train))


def epochs_for(split: Split, batch_size: int | Literal["all"], *, ends: bool = False) -> int:
    """Epochs that come to about `STEPS` steps; more in a run that ends by itself."""
    batches: Any = split.batches(batch_size)
    if ends:
        return int(min(MOST_FILE_EPOCHS, max(FEWEST_FILE_EPOCHS, math.ceil(FILE_STEPS / batches))))
    return int(min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(STEPS / batches))))


def stop_for(split: Split) -> dict[str, Any]:
    """When a run on somebody's own data ends, and that the weights of its best epoch are kept; both need a validation
    part.
    """
    return {"patience": PATIENCE, "keep_best": True} if split.validation is not None else {}
