"""What a run does where nothing was said: layers, penalty, batch size and epochs that suit the data."""

from __future__ import annotations

import math
from typing import Any, Final, Literal

from nnplay.data.corpus.vocabulary import Vocabulary
from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.network.notation import parse_layers
from nnplay.records.layer import Layer
from nnplay.records.loss import Loss
from nnplay.training.scores.target_kinds import outputs_for

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
#: Pixels of a side that can be halved three times and still say where something is.
SMALLEST_PICTURE: Final = 16
#: Steps of a sequence, such as a sound, in which something may be found at any time.
LONG: Final = 24
#: A run on a file ends after so many epochs without a better validation loss.
PATIENCE: Final = 30
#: Such a run may take about so many steps, in not fewer and not more than so many epochs, as it ends by itself.
FILE_STEPS: Final = 30_000
FEWEST_FILE_EPOCHS: Final = 40
MOST_FILE_EPOCHS: Final = 600
#: Tables of so many rows get wide layers.
MANY_ROWS: Final = 500
WIDEST: Final = 64
#: Initial weights of hidden layers on tables, where He's, which suit ReLU in deep networks, score less.
HIDDEN_INIT: Final = "xavier_uniform"
#: Stop conditions that say what is done once the run has stopped, not when it does.
AFTER_STOP: Final = ("keep_best",)
#: Stop conditions that a run on a file has unless somebody turns them off; a 0 that was written is kept for that.
ON_FOR_FILES: Final = ("patience", "keep_best")


def layers_for(data: Dataset, loss: Loss) -> tuple[Layer, ...]:
    """What suits the data, with what the loss wants at the end.

    Two hidden layers, wider where there are more inputs, or many rows of a table; convolutions that halve an image or a
    sound, or keep its size where every pixel has a label; an LSTM where every step has one; an encoder and a decoder
    with attention where one sequence becomes another; a GRU over frames of clips, or over a text to go on with;
    convolutions over three words in a text with a label; a grid of an eighth of a picture's size for boxes.
    """
    outputs = outputs_for(loss, data)
    places = data.y.ndim - 1 if data.task == "classification" else 0
    if data.task == "detection":
        shrinking = [f"conv2d {filters} 3 stride=2 padding=same, relu" for filters in (16, 32, 48)]
        return parse_layers(", ".join([*shrinking, "conv2d 48 3 padding=same, relu", f"conv2d {outputs} 1"]))
    if places == 1 and len(data.feature_shape) < 3 and data.y.shape[1] != data.feature_shape[0]:
        return parse_layers(", ".join(_layers_to_rewrite(data, outputs)))
    if data.vocabulary is not None:
        return parse_layers(", ".join(_layers_for_text(data, data.vocabulary, outputs)))
    if places > 1:
        words = ["conv2d 16 3 padding=same", "relu", "conv2d 16 3 padding=same", "relu", f"conv2d {outputs} 1"]
    elif places:
        seen = [] if len(data.feature_shape) > 1 else [f"embedding {_symbols(data)} 16"]
        words = [*seen, "lstm 32 output=sequence", f"linear {outputs}"]
    elif data.frames > 1:
        words = [*_words_for_clips(data), "gru 32", f"linear {outputs}"]
    elif len(data.feature_shape) == 3 and min(data.feature_shape[:2]) >= SMALLEST_PICTURE:
        words = [f"conv2d {filters} 3 stride=2 padding=same, relu" for filters in (16, 32, 32)]
        words += ["flatten", f"linear {outputs}"]
    elif len(data.feature_shape) == 2 and data.feature_shape[0] >= LONG and data.task == "classification":
        stride = 4 if data.feature_shape[1] == 1 else 2
        words = [f"conv1d {filters} 9 stride={stride} padding=same, relu" for filters in (16, 32, 32)]
        words += ["global_avg_pool", f"linear {outputs}"]
    else:
        size = math.prod(data.feature_shape)
        width = 16 if size <= 8 else 32 if size <= 32 else WIDEST
        width = WIDEST if data.columns and len(data) >= MANY_ROWS else width
        words = ["flatten"] if len(data.feature_shape) > 1 else []
        hidden = f"linear {width} init={HIDDEN_INIT}"
        words += [hidden, "relu", hidden, "relu", f"linear {outputs}"]
    if loss.record.ends:
        words.append(loss.record.ends)
    return parse_layers(", ".join(words))


def _words_for_clips(data: Dataset) -> list[str]:
    """What makes a strip of frames a sequence: convolutions whose windows lie side by side, none in two frames."""
    height, width = data.feature_shape[0] // data.frames, data.feature_shape[1]
    words, channels = [], data.feature_shape[2]
    for filters, stride in ((16, 4), (32, 2)):
        if height % stride or width % stride or min(height, width) < 2 * stride:
            break
        words.append(f"conv2d {filters} {stride} stride={stride}, relu")
        height, width, channels = height // stride, width // stride, filters
    return [*words, f"reshape {data.frames}x{height * width * channels}"]


def _layers_for_text(data: Dataset, vocabulary: Vocabulary, outputs: int) -> list[str]:
    """A GRU that goes on with a text, or convolutions over a text with a label (Kim, 2014)."""
    count = len(vocabulary.tokens)
    if data.y.ndim > 1:
        return [f"embedding {count} 32", "gru 128 output=sequence", f"linear {outputs}"]
    seen = f"embedding {count} 32 padding=0"
    return [seen, "conv1d 64 3 padding=same", "relu", "global_max_pool", "dropout 0.5", f"linear {outputs}"]


def _layers_to_rewrite(data: Dataset, outputs: int) -> list[str]:
    """An encoder that reads both ways, and a decoder that looks back at what that has read (Bahdanau, 2014)."""
    known = data.vocabulary
    count = _symbols(data) if known is None else len(known.tokens)
    seen = [] if len(data.feature_shape) > 1 else [f"embedding {count} 16"]
    decoder = f"gru 32, repeat_vector {data.y.shape[1]}, gru 32 output=sequence"
    return [*seen, "gru 32 bidirectional=yes output=sequence", f"attend[{decoder} | identity]", f"linear {outputs}"]


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
