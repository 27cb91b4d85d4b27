"""Why cases differ, by name, and in what words the page groups those that cannot be expressed."""

from __future__ import annotations

import re
from typing import Final

from tests.conformance.question import Outcome

#: Names of cases that differ on purpose, each with the reason.
REASONS: Final[dict[str, str]] = {
    "AveragePool-2": "ONNX Runtime pads by less than nothing where windows with auto_pad leave gaps between them",
    "test_attention_4d_fp16": "ONNX works this case out in half precision, and differs by its rounding",
    "test_attention_4d_causal_fp16": "ONNX works this case out in half precision, and differs by its rounding",
}
#: Numbers in reasons, which would make a group of every case.
_NUMBER: Final = re.compile(r"(?<![\w])-?\d[\d.e-]*\d|(?<![\w])-?\d")


def why(outcome: Outcome) -> str:
    """The group of reasons that an outcome belongs to."""
    if outcome.name in REASONS:
        return REASONS[outcome.name]
    if outcome.reason.startswith("refused"):
        return _NUMBER.sub("…", outcome.reason)
    return ", ".join(_setting(part) for part in outcome.reason.split(", ") if part)


def _setting(part: str) -> str:
    """`padding=(1, 1)` as the setting alone, where its value is a number."""
    name, equals, value = part.partition("=")
    return f"`{name}`" if equals and (value[:1].isdigit() or value[:1] in "(-[.") else part
