"""Why cases differ, by name, and in what words the page groups those that cannot be expressed."""

from __future__ import annotations

import re
from typing import Final

from tests.conformance.question import Outcome

#: Names of cases that differ on purpose, each with the reason.
REASONS: Final[dict[str, str]] = {
    "AveragePool-2": "ONNX Runtime pads by less than nothing where windows with auto_pad leave gaps between them",
    "test_averagepool_2d_ceil_last_window_starts_on_pad": "ONNX's answers are written down with four digits",
    "test_resize_downsample_sizes_linear_antialias": "PyTorch answers as nnplay does, and ONNX otherwise",
    "test_resize_downsample_sizes_cubic_antialias": "PyTorch answers as nnplay does, and ONNX otherwise",
    "test_resize_downsample_scales_linear_antialias": "PyTorch answers as nnplay does, and ONNX otherwise",
    "test_resize_downsample_scales_cubic_antialias": "PyTorch answers as nnplay does, and ONNX otherwise",
    "test_resize_downsample_scales_linear_align_corners": "PyTorch answers as nnplay does, and ONNX otherwise",
    "test_resize_downsample_scales_cubic_align_corners": "PyTorch answers as nnplay does, and ONNX otherwise",
}
#: Cases of ONNX in half precision.
_HALF: Final = re.compile(r"test_\w+_(fp16|float16)")
#: Numbers in reasons, which would make a group of every case.
_NUMBER: Final = re.compile(r"(?<![\w])-?\d[\d.e-]*\d|(?<![\w])-?\d")


def reason_of(name: str) -> str:
    """Why a case differs on purpose; empty where no reason is known."""
    half = "ONNX works this case out in half precision, and differs by its rounding"
    return REASONS.get(name, half if _HALF.fullmatch(name) else "")


def why(outcome: Outcome) -> str:
    """The group of reasons that an outcome belongs to."""
    if outcome.verdict == "different" and reason_of(outcome.name):
        return reason_of(outcome.name)
    if outcome.reason.startswith("refused"):
        return _NUMBER.sub("…", outcome.reason)
    return ", ".join(_setting(part) for part in outcome.reason.split(", ") if part)


def _setting(part: str) -> str:
    """`padding=(1, 1)` as the setting alone, where its value is a number."""
    name, equals, value = part.partition("=")
    return f"`{name}`" if equals and (value[:1].isdigit() or value[:1] in "(-[.") else part
