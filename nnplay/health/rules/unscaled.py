"""Unscaled inputs: an input with numbers beyond 100, or inputs whose spreads differ a hundredfold."""

from __future__ import annotations

import math
from typing import Final

from nnplay.health.data_facts import DataFacts
from nnplay.health.evidence import Evidence
from nnplay.health.rule import HealthRule, Sign

_LARGEST: Final = 100.0
_RATIO: Final = 100.0
#: Inputs from which on a square of them may be a picture.
_PIXELS: Final = 64
_MEND: Final = {"split": {"scale": "standard"}}


def examine(evidence: Evidence) -> Sign | None:
    """Sizes and spreads of the inputs as the network gets them."""
    data = evidence.data
    if evidence.token_layer is not None:
        return None
    top = int(data.largest.argmax())
    if data.largest[top] > _LARGEST:
        what = f"{_name(data, top)} reaches {data.largest[top]:,.4g}"
        return Sign("warning", f"unscaled inputs: {what}; scale the data (standard or minmax)", _MEND)
    if _is_picture(data):
        return None
    varied = data.spread.nonzero()[0]
    if len(varied) < 2:
        return None
    low, high = int(varied[data.spread[varied].argmin()]), int(data.spread.argmax())
    ratio = data.spread[high] / data.spread[low]
    if ratio < _RATIO:
        return None
    what = f"{_name(data, high)} varies {ratio:,.0f}× as much as {_name(data, low)}"
    return Sign("warning", f"unscaled inputs: {what}; scale the data (standard or minmax)", _MEND)


def _is_picture(data: DataFacts) -> bool:
    """Pixels from 0 to 1, written as a row: those at the border vary little, and that is what they say."""
    count = len(data.largest)
    pixels = count >= _PIXELS and math.isqrt(count) ** 2 == count and data.columns[:2] in ((), ("x1", "x2"))
    return pixels and data.lowest >= 0 and data.highest <= 1


def _name(data: DataFacts, index: int) -> str:
    return f"'{data.columns[index]}'" if len(data.columns) == len(data.largest) else f"channel {index}"


UNSCALED = HealthRule("unscaled", "Unscaled inputs", examine, "data", "b", data=True)
