"""What a run does where nothing was said: layers, penalty, batch size and epochs that suit the data."""

from __future__ import annotations

import math
from typing import Final, Literal

from nnplay.data.corpus.vocabulary import Vocabulary
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
#: The same for a text, where each row has an answer for every token.
TEXT_STEPS: Final = 2_000
FEWEST_TEXT_EPOCHS: Final = 5
#: Penalty on the weights where there are few training rows, which the network could learn by heart otherwise.
L2: Final = 0.01
FEW_ROWS: Final = 500


def layers_for(data: Dataset, loss: Loss) -> tuple[Layer, ...]:
    """What suits the data, with what the loss wants at the end.

    Two hidden layers, wider where there are more inputs; convolutions that keep the size where every pixel has a label;
    a recurrent layer where every step has one. Texts with a label are looked at through windows of three words.
    """
    outputs = loss.record.outputs(data.outputs)
    if data.vocabulary is not None:
        return parse_layers(", ".join(_layers_for_text(data, data.vocabulary, outputs)))
    places = data.y.ndim - 1 if data.task == "classification" else 0
    if places > 1:
        words = ["conv2d 16 3 padding=same", "relu", "conv2d 16 3 padding=same", "relu", f"conv2d {outputs} 1"]
    elif places:
        seen = [] if len(data.feature_shape) > 1 else [f"embedding {_symbols(data)} 16"]
        words = [*seen, "lstm 32 output=sequence", f"linear {outputs}"]
    else:
        size = math.prod(data.feature_shape)
        width = 16 if size <= 8 else 32 if size <= 32 else 64
        words = ["flatten"] if len(data.feature_shape) > 1 else []
        words += [f"linear {width}", "relu", f"linear {width}", "relu", f"linear {outputs}"]
    if loss.record.ends:
        words.append(loss.record.ends)
    return parse_layers(", ".join(words))


def _layers_for_text(data: Dataset, vocabulary: Vocabulary, outputs: int) -> list[str]:
    """A GRU that goes on with a text, or convolutions over a text with a label (Kim, 2014)."""
    count = len(vocabulary.tokens)
    if data.y.ndim > 1:
        return [f"embedding {count} 32", "gru 128 output=sequence", f"linear {outputs}"]
    seen = f"embedding {count} 32 padding=0"
    return [seen, "conv1d 64 3 padding=same", "relu", "global_max_pool", "dropout 0.5", f"linear {outputs}"]


def _symbols(data: Dataset) -> int:
    """How many symbols the inputs are made of: as many as can be answered, or more where more are seen."""
    return max(data.outputs, int(data.x.max()) + 1)


def penalty_for(split: Split) -> dict[str, float]:
    """L2 where there are few training rows, else nothing."""
    return {"l2": L2} if len(split.train) < FEW_ROWS else {}


def batch_size_for(split: Split) -> int:
    """Rows of a batch: 32, or all of a smaller training part."""
    return min(BATCH_SIZE, len(split.train))


def epochs_for(split: Split, batch_size: int | Literal["all"]) -> int:
    """Epochs that come to about `STEPS` steps, or `TEXT_STEPS` where a text is to be written on."""
    writes = split.train.vocabulary is not None and split.train.y.ndim > 1
    steps, fewest = (TEXT_STEPS, FEWEST_TEXT_EPOCHS) if writes else (STEPS, FEWEST_EPOCHS)
    return min(MOST_EPOCHS, max(fewest, math.ceil(steps / split.batches(batch_size))))
