"""The next value of a setting when the user presses ← or →, chosen so that a few presses cross its whole range."""

from __future__ import annotations

import math
from typing import Any

from nnplay.fields import Field

_SERIES = (1.0, 2.0, 3.0, 5.0)
_SMALLEST = 1e-6


def next_value(field: Field, value: Any, direction: int) -> Any:
    """The legal value before (`direction` < 0) or after `value`; the same value at the end of the range."""
    if field.kind == "flag":
        return not value
    if field.kind == "choice":
        place = field.choices.index(value) if value in field.choices else 0
        return field.choices[(place + direction) % len(field.choices)]
    if field.kind == "integer" and isinstance(value, int):
        return int(min(field.high, max(field.low, _next_integer(field, value, direction))))
    if field.kind == "number" and isinstance(value, (int, float)):
        return _within(field, _next_number(field, float(value), direction), value)
    return value


def share(field: Field, value: Any) -> float | None:
    """Where a number lies in its range (0…1), or `None` where no slider makes sense."""
    if field.kind not in ("integer", "number") or not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    if _is_linear(field):
        return (value - field.low) / (field.high - field.low)
    return None


def value_at_share(field: Field, place: float) -> Any:
    """The value at a place (0…1) of the slider, on the same grid as `next_value`."""
    value = field.low + (field.high - field.low) * min(1.0, max(0.0, place))
    if field.kind == "integer":
        return round(value)
    grid = _grid(field)
    return _within(field, round(round(value / grid) * grid, 10), field.default)


def _is_linear(field: Field) -> bool:
    span = field.high - field.low
    return math.isfinite(span) and span <= (100 if field.kind == "number" else 10_000)


def _grid(field: Field) -> float:
    rough = (field.high - field.low) / 20
    power = 10.0 ** math.floor(math.log10(rough))
    return next((step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= rough * 0.999), power)


def _next_integer(field: Field, value: int, direction: int) -> int:
    if field.high - field.low <= 100:
        return value + direction
    if value > 1 and value & (value - 1) == 0:
        return value * 2 if direction > 0 else value // 2
    if value < 10:
        return value + direction
    return round(_in_series(float(value), direction))


def _next_number(field: Field, value: float, direction: int) -> float:
    if _is_linear(field):
        grid = _grid(field)
        steps = math.floor(value / grid + 1e-9) + 1 if direction > 0 else math.ceil(value / grid - 1e-9) - 1
        return round(steps * grid, 10)
    if value <= 0:
        return max(field.low, _SMALLEST) if direction > 0 else value
    if direction < 0 and value <= _SMALLEST and field.low <= 0 and not field.above:
        return 0.0
    return _in_series(value, direction)


def _in_series(value: float, direction: int) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    around = [factor * scale for scale in (power / 10, power, power * 10) for factor in _SERIES]
    if direction > 0:
        return float(f"{min(v for v in around if v > value * 1.0001):.6g}")
    return float(f"{max(v for v in around if v < value * 0.9999):.6g}")


def _within(field: Field, number: float, old: Any) -> Any:
    if number > field.high:
        return field.high
    if number < field.low or (field.above and number <= field.low):
        return old if field.above else field.low
    return number
