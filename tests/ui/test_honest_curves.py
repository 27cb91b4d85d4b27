"""Curves show what there is and nothing else: zeros, gaps, both lines, and ticks that differ."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnplay.training.curves.history import Curve
from nnplay.tui.draw import axes, curves
from nnplay.tui.draw.axes import Limits
from nnplay.tui.draw.downsample import Downsampled, downsample
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row

LOOK = Look()
X = np.arange(60.0)


def _text(rows: list[Row]) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows]


def _drawn(*values: np.ndarray, look: Look = LOOK, log: bool = True, height: int = 12) -> tuple[list[str], list[Row]]:
    """The plot of values at the steps 0, 1, 2 … without its axes, a row of text each; and the rows with their axes."""
    lines = []
    for y in values:
        lines.append(curves.Line("", downsample(np.arange(len(y)), y, y, y, 60, (0, len(y) - 1))))
    chart = curves.Chart(tuple(lines), Limits(0, len(values[0]) - 1), Limits(-3, 0) if log else Limits(0, 1), log)
    rows, start = curves.draw(chart, 66, height, look)
    return [row[start:] for row in _text(rows)[:-2]], rows


def _columns(plot: list[str]) -> list[str]:
    return ["".join(column) for column in zip(*(row.ljust(62) for row in plot), strict=True)]


@pytest.mark.parametrize("look", [LOOK, Look(colours="none"), Look(ascii=True)])
def test_zero_is_marked_below_a_logarithmic_axis_and_nothing_is_joined_to_it(look: Look) -> None:
    """A stretch of exact zeros is a row of marks at the lower edge, labelled 0, and the plot above it is empty."""
    y = np.full(60, 0.1)
    y[20:40] = 0.0
    plot, rows = _drawn(y, look=look)
    assert _text(rows)[-3].split("┤" if not look.ascii else "+")[0].strip() == "0"
    middle = list(_columns(plot)[25:37])
    assert all(column[:-1].strip() == "" and column[-1] != " " for column in middle)
    assert all(column[-1] == " " for column in _columns(plot)[:18])


def test_a_run_of_zeros_alone_is_not_an_empty_plot() -> None:
    """Where every loss is exactly zero, each column has its mark, and the axis still has three labels."""
    plot, rows = _drawn(np.zeros(60))
    assert " " not in plot[-1].rstrip()
    assert len([row for row in _text(rows)[:-3] if "┤" in row]) >= 3


def test_a_gap_stays_a_gap() -> None:
    """Steps without a finite value have nothing in their columns."""
    y = np.full(60, 0.1)
    y[20:40] = np.nan
    assert all(column.strip() == "" for column in _columns(_drawn(y)[0])[23:37])


def test_two_lines_in_the_same_cells_are_both_seen() -> None:
    """Validation on top of training takes turns with it: each has about half of the cells."""
    y = np.full(60, 0.1)
    rows = _drawn(y, y)[1]
    styles = [style for row in rows[:-2] for text, style in row for sign in text if sign > "⠀"]
    shares = [styles.count(LOOK.series(index)) for index in (0, 1)]
    assert min(shares) >= 25
    assert abs(shares[0] - shares[1]) <= 2


def test_the_line_is_where_the_run_is_after_millions_of_steps() -> None:
    """Of a run that is at 1e-6 with a spike of 1 and an exact zero now and then, the bright line is at 1e-6 at its end.

    The spikes and zeros are still there, as faint columns up to the spike and marks at the lower edge.
    """
    values = np.full(300_000, 1e-6)
    values[50::1_000], values[777::1_000] = 1.0, 0.0
    curve = Curve()
    curve.extend(np.arange(len(values)) * 22, values)
    data = downsample(
        curve.steps, curve.minimum, curve.maximum, curve.last, 60, (0, len(values) * 22.0), curve.nonfinite
    )
    chart = curves.Chart((curves.Line("", data),), Limits(0, len(values) * 22.0), Limits(-6, 0), True)
    rows, start = curves.draw(chart, 66, 14, LOOK)
    bright = [index for index, row in enumerate(rows[:-3]) if any(style == LOOK.series(0) for _, style in row)]
    assert bright == [len(rows) - 4]
    assert all(any(style == LOOK.ink("faint") and text.strip() for text, style in row) for row in rows[:-4])
    assert _text(rows)[-3][start:].strip()


def test_lines_of_the_linear_scale_have_no_row_for_zero() -> None:
    """On a linear scale zero has its place, and no mark besides it."""
    assert not any("≤0" in row for row in _text(_drawn(np.linspace(0, 1, 60), log=False)[1]))


@given(st.floats(1e-30, 1e30), st.floats(1.0, 1e9), st.integers(5, 40))
def test_a_logarithmic_axis_has_three_labels_that_differ(low: float, ratio: float, height: int) -> None:
    """Whatever the values are, at least three ticks lie within the limits and no two labels are equal."""
    limits = axes.nice_log(low, low * ratio)
    found = axes.ticks(limits, max(2, height // 4), log=True)
    assert len({text for _, text in found}) == len(found) >= 3
    assert all(limits.low - 1e-6 <= place <= limits.high + 1e-6 for place, _ in found)


@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e7), st.integers(1, 8))
def test_a_linear_axis_has_three_labels_that_differ(low: float, span: float, wanted: int) -> None:
    """Limits far from zero and close together still have labels that tell them apart."""
    found = axes.ticks(axes.nice(low, low + span), wanted)
    assert len({text for _, text in found}) == len(found) >= 3


@given(st.floats(1e-3, 1e3), st.floats(1.0, 1e4), st.integers(8, 30))
def test_three_labels_are_drawn(low: float, ratio: float, height: int) -> None:
    """In a chart of eight rows and more three labels of the logarithmic axis find a row each."""
    data = Downsampled.through(X, np.full(60, low))
    chart = curves.Chart((curves.Line("", data),), Limits(0, 60), axes.nice_log(low, low * ratio), True)
    rows = _text(curves.draw(chart, 66, height, LOOK)[0])
    drawn = [match.group(1) for row in rows if (match := re.match(r" *(\S+)┤", row))]
    assert len(set(drawn)) == len(drawn) >= 3
    assert all(math.isfinite(float(text.replace("k", "e3").replace("M", "e6"))) for text in drawn)
