"""What a run does where nothing was said: layers, penalty, batch size and epochs that suit the data."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from nnplay.data.split import Split
from nnplay.layer import Layer
from nnplay.loss import Loss
from nnplay.notation import parse_layers
from nnplay.operation import Shape

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


def layers_for(shape: Shape, outputs: int, loss: Loss) -> tuple[Layer, ...]:
    """Two hidden layers, wider where there are more inputs, and what the loss wants at the end.

    Args:
        shape: of one row of inputs.
        outputs: classes or target values.
    """
    size = math.prod(shape)
    width = 16 if size <= 8 else 32 if size <= 32 else 64
    words = ["flatten"] if len(shape) > 1 else []
    words += [f"linear {width}", "relu", f"linear {width}", "relu", f"linear {loss.record.outputs(outputs)}"]
    if loss.record.ends:
        words.append(loss.record.ends)
    return parse_layers(", ".join(words))


def penalty_for(split: Split) -> dict[str, float]:
    """L2 where there are few training rows, else nothing."""
    return {"l2": L2} if len(split.train) < FEW_ROWS else {}


def batch_size_for(split: Split) -> int:
    """Rows of a batch: 32, or all of a smaller training part."""
    return min(BATCH_SIZE, len(split.train))


def epochs_for(split: Split, batch_size: int | Literal["all"]) -> int:
    """Epochs that come to about `STEPS` steps."""
    wanted: Any = math.ceil(STEPS / split.batches(batch_size))
    return int(min(MOST_EPOCHS, max(FEWEST_EPOCHS, wanted)))
