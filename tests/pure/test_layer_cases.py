"""What the cases of the layers' records cover, so that the tests that loop over them try the corners too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnplay.records.layer import Case
from nnplay.records.registry import layer_records

RECORDS = layer_records()
CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
POOLS = ("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d")
SEQUENCES = (
    "rnn",
    "lstm",
    "gru",
    "multi_head_self_attention",
    "positional_encoding",
    "positional_embedding",
    "embedding",
)


def larger(value: Any) -> bool:
    """Whether a field that is 1 by default is larger along some axis."""
    return max(value) > 1 if isinstance(value, tuple) else value == "depthwise" or value > 1


def odd(case: Case) -> bool:
    """Whether some axis besides the channels is odd, and not 1."""
    return any(isinstance(size, int) and size > 1 and size % 2 == 1 for size in case.shape[:-1])


WINDOWS: dict[str, Callable[[Case], bool]] = {
    "a stride": lambda case: larger(case.values.get("stride", 1)),
    "padding by number": lambda case: isinstance(case.values.get("padding"), int | tuple),
    "padding same": lambda case: case.values.get("padding") == "same",
    "an odd size": odd,
}
CONVOLVED: dict[str, Callable[[Case], bool]] = WINDOWS | {
    "dilation": lambda case: larger(case.values.get("dilation", 1)),
    "groups": lambda case: larger(case.values.get("groups", 1)),
    "one group a channel": lambda case: case.values.get("groups") in ("depthwise", case.shape[-1]),
    "no bias": lambda case: case.values.get("bias") is False,
    "one place": lambda case: set(case.shape[:-1]) == {1},
}
LOOPS: dict[str, Callable[[Case], bool]] = {
    "one step": lambda case: case.shape[0] == 1,
    "more units than a vector holds": lambda case: case.values.get("units", 17) > 16,
    "padding": lambda case: bool(case.values.get("padded", case.values.get("padding") == 0)),
}
CELLS: dict[str, Callable[[Case], bool]] = LOOPS | {
    "two directions": lambda case: bool(case.values.get("bidirectional")),
    "stacked layers": lambda case: case.values.get("layers", 1) > 1,
    "the whole sequence": lambda case: case.values.get("output") == "sequence",
    "truncation": lambda case: case.values.get("truncate", 0) > 0,
}
WANTED = [
    *((name, what, CONVOLVED[what]) for name in CONVOLUTIONS for what in CONVOLVED),
    *((name, what, WINDOWS[what]) for name in POOLS for what in WINDOWS),
    *((name, what, LOOPS[what]) for name in SEQUENCES[3:] for what in ("one step",)),
    *((name, what, CELLS[what]) for name in SEQUENCES[:3] for what in CELLS),
    *((name, "padding", LOOPS["padding"]) for name in (*SEQUENCES[3:], "linear", "layer_norm")),
]


def test_cases_cover() -> None:
    """Some case of each record has each corner, so kernel, gradient and refusals are tried there."""
    assert [(name, what) for name, what, holds in WANTED if not any(map(holds, RECORDS[name].cases))] == []


def test_every_record_is_tried_with_several_widths_or_says_why_not() -> None:
    """Records without rows of their own are the only ones without cases, and each other record has two at least."""
    few = [record.name for record in RECORDS.values() if len(record.cases) < 2 and not record.contains]
    assert not few
