"""The network that nnplay chooses where nobody said one: a record for each kind of data, the first that fits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from nnplay.data.csv.advice import in_python
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError
from nnplay.layers.piecewise_linear import ALL, MOST_INPUTS, show_places
from nnplay.memory_budget import size_text
from nnplay.network.network import Network
from nnplay.network.notation import parse_layers
from nnplay.records.layer import Layer
from nnplay.records.loss import Loss
from nnplay.training.scores.target_kinds import outputs_for

#: Pixels of a side that can be halved three times and still say where something is.
SMALLEST_PICTURE: Final = 16
#: Steps of a sequence, such as a sound, in which something may be found at any time.
LONG: Final = 24
#: Tables of so many rows get wide layers.
MANY_ROWS: Final = 500
WIDEST: Final = 64
#: Parameters of a network that nobody asked for; the bytes of each, with its gradient and Adam's two moments.
MOST_PARAMETERS: Final = 1 << 25
_BYTES: Final = 16
#: Rows that tell measures from symbols.
_LOOKED_AT: Final = 1000
#: Tables of so many training rows have each number in ranges besides, of about so many rows each; at the most so many
#: ranges of one number, and of all together.
RANGES_FROM: Final = 700
ROWS_A_RANGE: Final = 16
MOST_RANGES: Final = 128
MOST_RANGES_IN_ALL: Final = 1024
#: For numbers, on smaller tables: networks side by side, whose outputs are averaged.
MEMBERS: Final = 4
#: Initial weights of hidden layers on tables, where He's, which suit ReLU in deep networks, score less.
HIDDEN_INIT: Final = "xavier_uniform"


@dataclass(frozen=True, slots=True)
class DefaultNetwork:
    """What suits one kind of data.

    Attributes:
        data: the kind, in words.
        suits: whether a data set is of this kind; those above it in the list were asked before.
        layers: its layers in words, for a data set and a number of outputs.
        members: how many such networks stand side by side, each with its own loss; their outputs are averaged.
    """

    data: str
    suits: Callable[[Dataset], bool]
    layers: Callable[[Dataset, int], list[str]]
    members: Callable[[Dataset], int] = lambda data: 1


def layers_for(data: Dataset, loss: Loss, *, members: bool = True) -> tuple[Layer, ...]:
    """What suits the data, with what the loss wants at the end.

    Args:
        members: False for a single network where several would suit, as for an optimizer that has one loss only.
    """
    network = next(network for network in DEFAULT_NETWORKS if network.suits(data))
    ends = [loss.record.ends] if loss.record.ends else []
    outputs = outputs_for(loss, data)
    words = ", ".join([*network.layers(data, outputs), *ends])
    count = network.members(data) if members and not ends else 1  # a loss of probabilities is for classes
    layers = parse_layers(words if count == 1 else f"ensemble[{' | '.join([words] * count)}]")
    most = math.prod(data.feature_shape) * outputs * WIDEST * count
    if most > MOST_PARAMETERS:  # else it is small, and is not planned twice
        _refuse_huge(layers, data, ", ".join([*_smallest(data, outputs), *ends]))
    return layers


def _smallest(data: Dataset, outputs: int) -> list[str]:
    """One linear layer, over rows as they are, or over the mean of all places of pictures and sequences."""
    return [*(["global_avg_pool"] if len(data.feature_shape) in (2, 3) else []), f"linear {outputs}"]


def _refuse_huge(layers: tuple[Layer, ...], data: Dataset, smaller: str) -> None:
    """Refuses a network that nobody asked for if it is so large that a step takes seconds.

    Raises:
        InputError: how large the rows and the network are, and a network that can be asked for instead.
    """
    count = Network(layers).plan(data.feature_shape).parameter_count
    if count <= MOST_PARAMETERS:
        return
    shape = "×".join(f"{size:,}" for size in data.feature_shape)
    way = f"layers={smaller!r}" if in_python() else f"start with --layers {smaller!r}"
    what = f"each row has {shape} numbers: the usual network would have {count:,} parameters"
    raise InputError(
        f"{what} ({size_text(_BYTES * float(count))} with gradients and optimizer state)",
        where=data.name,
        hint=f"{way}, which has {Network(smaller).plan(data.feature_shape).parameter_count:,}, or choose a larger one",
    )


def _places(data: Dataset) -> int:
    """How many axes of places each row has a label at: none for a label of the row, two for one of each pixel."""
    return data.y.ndim - 1 if data.task == "classification" else 0


def _is_to_rewrite(data: Dataset) -> bool:
    return _places(data) == 1 and len(data.feature_shape) < 3 and data.y.shape[1] != data.feature_shape[0]


def _has_several_labels(data: Dataset) -> bool:
    """Whether each row of measurements (no token ids) has several labels."""
    x = data.x[:_LOOKED_AT]
    return _places(data) == 1 and x.ndim == 2 and not bool(((x >= 0) & (x % 1 == 0)).all())


def _is_long(data: Dataset) -> bool:
    return len(data.feature_shape) == 2 and data.feature_shape[0] >= LONG and data.task == "classification"


def _symbols(data: Dataset) -> int:
    """How many symbols the inputs are made of: as many as can be answered, or more where more are seen."""
    return max(data.outputs, int(data.x.max()) + 1)


def _tokens(data: Dataset) -> int:
    return _symbols(data) if data.vocabulary is None else len(data.vocabulary.tokens)


def _for_boxes(data: Dataset, outputs: int) -> list[str]:
    """Convolutions, down to a grid of an eighth of the picture's size."""
    shrinking = [f"conv2d {filters} 3 stride=2 padding=same, relu" for filters in (16, 32, 48)]
    return [*shrinking, "conv2d 48 3 padding=same, relu", f"conv2d {outputs} 1"]


def _to_rewrite(data: Dataset, outputs: int) -> list[str]:
    """An encoder that reads both ways, and a decoder that looks back at what that has read (Bahdanau, 2014)."""
    seen = [] if len(data.feature_shape) > 1 else [f"embedding {_tokens(data)} 16"]
    decoder = f"gru 32, repeat_vector {data.y.shape[1]}, gru 32 output=sequence"
    return [*seen, "gru 32 bidirectional=yes output=sequence", f"attend[{decoder} | identity]", f"linear {outputs}"]


def _to_write_on(data: Dataset, outputs: int) -> list[str]:
    """A GRU that says the next token at every place."""
    return [f"embedding {_tokens(data)} 32", "gru 128 output=sequence", f"linear {outputs}"]


def _for_labelled_texts(data: Dataset, outputs: int) -> list[str]:
    """Convolutions over three tokens, and the strongest answer of each anywhere in the text (Kim, 2014)."""
    seen = f"embedding {_tokens(data)} 32 padding=0"
    return [seen, "conv1d 64 3 padding=same", "relu", "global_max_pool", "dropout 0.5", f"linear {outputs}"]


def _for_pixels(data: Dataset, outputs: int) -> list[str]:
    """Convolutions that keep the picture's size."""
    return ["conv2d 16 3 padding=same", "relu", "conv2d 16 3 padding=same", "relu", f"conv2d {outputs} 1"]


def _for_steps(data: Dataset, outputs: int) -> list[str]:
    """An LSTM that answers at every step."""
    seen = [] if len(data.feature_shape) > 1 else [f"embedding {_symbols(data)} 16"]
    return [*seen, "lstm 32 output=sequence", f"linear {outputs}"]


def _for_clips(data: Dataset, outputs: int) -> list[str]:
    """Convolutions whose windows lie side by side, none in two frames, and a GRU over the frames."""
    words, channels = [], data.feature_shape[2]
    height, width = data.feature_shape[0] // data.frames, data.feature_shape[1]
    for filters, stride in ((16, 4), (32, 2)):
        if height % stride or width % stride or min(height, width) < 2 * stride:
            break
        words.append(f"conv2d {filters} {stride} stride={stride}, relu")
        height, width, channels = height // stride, width // stride, filters
    return [*words, f"reshape {data.frames}x{height * width * channels}", "gru 32", f"linear {outputs}"]


def _for_pictures(data: Dataset, outputs: int) -> list[str]:
    """Convolutions that halve the picture three times."""
    shrinking = [f"conv2d {filters} 3 stride=2 padding=same, relu" for filters in (16, 32, 32)]
    return [*shrinking, "flatten", f"linear {outputs}"]


def _for_sounds(data: Dataset, outputs: int) -> list[str]:
    """Convolutions that shorten the sound, and the mean of what they find."""
    stride = 4 if data.feature_shape[1] == 1 else 2
    shrinking = [f"conv1d {filters} 9 stride={stride} padding=same, relu" for filters in (16, 32, 32)]
    return [*shrinking, "global_avg_pool", f"linear {outputs}"]


def _for_rows(data: Dataset, outputs: int) -> list[str]:
    """Two hidden layers, wider where there are more inputs, or many rows of a table."""
    size = math.prod(data.feature_shape)
    width = 16 if size <= 8 else 32 if size <= 32 else WIDEST
    width = WIDEST if data.columns and len(data) >= MANY_ROWS else width
    hidden = f"linear {width} init={HIDDEN_INIT}"
    flat = ["flatten"] if len(data.feature_shape) > 1 else []
    return [*flat, *_ranges(data), hidden, "relu", hidden, "relu", f"linear {outputs}"]


def _members(data: Dataset) -> int:
    """Several for numbers of a small table, where chance decides much of what one network learns."""
    return MEMBERS if data.columns and data.task == "regression" and len(data) < RANGES_FROM else 1


def _ranges(data: Dataset) -> list[str]:
    """The layer that cuts the numbers of a large table into ranges; inputs of two values have no use for any."""
    if not data.columns or len(data) < RANGES_FROM or data.feature_shape[0] > MOST_INPUTS:
        return []
    between = (data.x > data.x.min(axis=0)) & (data.x < data.x.max(axis=0))
    numbers = tuple(map(int, np.flatnonzero(between.any(axis=0))))
    count = min(len(data) // ROWS_A_RANGE, MOST_RANGES, MOST_RANGES_IN_ALL // max(1, len(numbers)))
    if not numbers or count < 2:
        return []
    places = show_places(numbers, data.feature_shape[0])
    return [f"piecewise_linear {count}" + ("" if places == ALL else f' inputs="{places}"')]


def _for_several_labels(data: Dataset, outputs: int) -> list[str]:
    """The network for rows, with an answer for each of their labels."""
    labels = data.y.shape[1]
    return [*_for_rows(data, labels * outputs), f"reshape {labels}x{outputs}"]


DEFAULT_NETWORKS: Final = (
    DefaultNetwork("pictures with boxes", lambda data: data.task == "detection", _for_boxes),
    DefaultNetwork("rows with several labels", _has_several_labels, _for_several_labels),
    DefaultNetwork("sequences that become others", _is_to_rewrite, _to_rewrite),
    DefaultNetwork("texts to go on with", lambda data: data.vocabulary is not None and data.y.ndim > 1, _to_write_on),
    DefaultNetwork("texts with a label", lambda data: data.vocabulary is not None, _for_labelled_texts),
    DefaultNetwork("pictures with a label at every pixel", lambda data: _places(data) > 1, _for_pixels),
    DefaultNetwork("sequences with a label at every step", lambda data: _places(data) == 1, _for_steps),
    DefaultNetwork("clips", lambda data: data.frames > 1, _for_clips),
    DefaultNetwork(
        "pictures",
        lambda data: len(data.feature_shape) == 3 and min(data.feature_shape[:2]) >= SMALLEST_PICTURE,
        _for_pictures,
    ),
    DefaultNetwork("sounds and other long sequences", _is_long, _for_sounds),
    DefaultNetwork("tables, and all else", lambda data: True, _for_rows, _members),
)
"""What suits each kind of data; the first that fits is taken."""
