"""The curves of a run in one widget: legend, log scale, axes that stay still, a cursor with the exact values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.actions import SkipAction
from textual.binding import BindingType

from nnplay.explain.curve_step import CurveStep
from nnplay.explain.explanation import Subject
from nnplay.text import figure
from nnplay.training.curves.history import Curve
from nnplay.tui.commands import actions
from nnplay.tui.draw import axes, curves, number_text
from nnplay.tui.draw.axes import Limits
from nnplay.tui.draw.downsample import downsample, smooth
from nnplay.tui.forms.editor import host
from nnplay.tui.widgets.cells import Cells, Row, Run, joined, row_width

_SMOOTHING = (0.0, 0.6, 0.95)
"""Weight of the past in each degree of smoothing."""
_STRONG = 2
_LEAST, _LEAST_OTHERWISE = 10.0, 1e-3
"""How far the axis reaches at least: of steps, and of epochs and seconds."""
Places = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""Where steps (N,) lie on another axis."""


class CurveView(Cells, can_focus=True):
    """Draws named curves against the step; ←/→ moves the cursor, `g` switches the scale."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("curves")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._curves: Mapping[str, Curve] = {}
        self._values: Mapping[str, float] = {}
        self._chart_rows: list[Row] = []
        self._chart_size = (0, 0)
        self._x: Limits | None = None
        self._y: Limits | None = None
        self.logarithmic = True
        self.has_legend = True
        """Whether names and values stand above the curves."""
        self.running = True
        """Whether more steps are to come: then the axis leaves room for them."""
        self._smoothing = 0
        self._smoothing_compared = _STRONG
        self.comparing = False
        """Whether runs are compared: smoothed from the start, without the extremes of each behind all others."""
        self._cursor_step: float | None = None
        self._plot_start = 0
        self._invitation = ""
        self._axis, self._places = "step", dict[str, Places]()

    def invite(self, text: str) -> None:
        """Say this in place of the curves as long as there are none."""
        if text != self._invitation:
            self._invitation = text
            self.redraw()

    def show(self, curves: Mapping[str, Curve], axis: str = "step", places: Mapping[str, Places] | None = None) -> None:
        """Draw these curves (name → steps, minimum, maximum, last).

        Args:
            axis: what they are drawn against, for the legend.
            places: where the steps of each lie on that axis, by name; a curve without lies at its steps.
        """
        if set(curves) != set(self._curves):
            self._y = None
        if axis != self._axis:
            self._x = self._cursor_step = None
        self._curves, self._axis, self._places = curves, axis, dict(places or {})
        self.redraw()

    def _places_of(self, name: str, curve: Curve) -> NDArray[np.float64]:
        """Where the values of a curve lie on the axis (N,)."""
        place = self._places.get(name)
        return np.asarray(curve.steps, np.float64) if place is None else place(curve.steps)

    def show_values(self, values: Mapping[str, float]) -> None:
        """Show these values of the curves in the legend as long as there is no cursor; the chart stays as it is."""
        if values != self._values:
            self._values = values
            super().redraw()

    def redraw(self) -> int:
        """Draw legend and chart again."""
        self._chart_size = (0, 0)
        return super().redraw()

    def restyle(self) -> None:
        """Draw them in the colours of another theme."""
        self._chart_size = (0, 0)
        super().restyle()

    def smoother(self) -> str:
        """The next degree of smoothing; returns it in words."""
        degree = (self._degree + 1) % len(_SMOOTHING)
        if self.comparing:
            self._smoothing_compared = degree
        else:
            self._smoothing = degree
        self.redraw()
        words = ("off", "weak", "strong")[degree]
        behind = degree and not self.comparing
        return f"smoothing: {words}" + (" (min–max shown dimmed)" if behind else "")

    @property
    def _degree(self) -> int:
        """How much the curves that are shown now are smoothed."""
        return self._smoothing_compared if self.comparing else self._smoothing

    @property
    def smoothing(self) -> int:
        """The degree of smoothing, from 0."""
        return self._smoothing

    def smooth_by(self, degree: int) -> None:
        """Take a degree of smoothing; one that there is not counts as none."""
        self._smoothing = degree if 0 <= degree < len(_SMOOTHING) else 0

    def forget(self) -> None:
        """Let the axes find their limits anew, after a rewind or a change of what is shown."""
        self._x = self._y = None

    @property
    def cursor_step(self) -> float | None:
        """The step under the cursor."""
        return self._cursor_step

    @property
    def cursor(self) -> int | None:
        """The column of the plot under the cursor; the step stays where it is when the plot gets another size."""
        if self._cursor_step is None or self._x is None or self._x.high <= self._x.low:
            return None
        share = (self._cursor_step - self._x.low) / (self._x.high - self._x.low)
        return min(self._plot, max(0, round(share * self._plot)))

    @property
    def _plot(self) -> int:
        """Columns of the plot."""
        return max(1, self.size.width - self._plot_start - 1)

    def _put_cursor(self, column: int) -> None:
        if self._x is not None:
            self._cursor_step = self._x.low + (self._x.high - self._x.low) * column / self._plot

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Legend row above, the chart below."""
        if not any(len(curve.steps) for curve in self._curves.values()):
            return self._empty(width, height)
        legend = self._legend(width)[: max(1, height // 4)] if self.has_legend or self.cursor_step is not None else []
        size = width, height - len(legend)
        if self._chart_size != size:
            self._chart_rows, self._chart_size = self._chart_and_cursor(*size), size
        return [*legend, *self._chart_rows]

    def _chart_and_cursor(self, width: int, height: int) -> list[Row]:
        rows, self._plot_start = curves.draw(self._chart(width), width, height, self.look)
        return rows if self.cursor is None else [*(self._marked(row, width) for row in rows[:-1]), *rows[-1:]]

    def _empty(self, width: int, height: int) -> list[Row]:
        text = self._invitation[:width]
        return [()] * (height // 2) + [((" " * ((width - len(text)) // 2) + text, self.look.ink("dim")),)]

    def _chart(self, width: int) -> curves.Chart:
        last = max(float(self._places_of(name, curve)[-1]) for name, curve in self._curves.items() if len(curve.steps))
        least = _LEAST if self._axis == "step" else _LEAST_OTHERWISE
        self._x = axes.growing(self._x, last, least) if self.running else axes.ended(last, least)
        lines = tuple(self._line(name, curve, width, self._x) for name, curve in self._curves.items())
        self._y = self._limits(lines)
        return curves.Chart(lines, self._x, self._y, self.logarithmic)

    def _line(self, name: str, curve: Curve, width: int, x: Limits) -> curves.Line:
        """The line through a curve's values, or through their running mean.

        The smallest and the largest values stand behind it, unless smoothed runs are compared.
        """
        last = smooth(curve.last, _SMOOTHING[self._degree]) if self._degree else curve.last
        low, high = (last, last) if self.comparing and self._degree else (curve.minimum, curve.maximum)
        data = downsample(
            self._places_of(name, curve), low, high, last, max(8, width - 8), (x.low, x.high), missing=curve.nonfinite
        )
        return curves.Line(name, data)

    def _limits(self, lines: Sequence[curves.Line]) -> Limits:
        lows = np.concatenate([line.data.low for line in lines])
        highs = np.concatenate([line.data.high for line in lines])
        if self.logarithmic:
            lows, highs = lows[lows > 0], highs[highs > 0]
        if not lows.size or not highs.size:
            return Limits(-1.0, 0.0) if self.logarithmic else Limits(0.0, 1.0)
        return axes.sticky(self._y, float(lows.min()), float(highs.max()), log=self.logarithmic)

    def _legend(self, width: int) -> list[Row]:
        """Each curve's sign, name and value, in as many rows as they need."""
        entries: list[list[Run]] = []
        step, last_step = self.cursor_step, 0
        for index, (name, curve) in enumerate(self._curves.items()):
            if not len(curve.steps):
                continue
            value, at = self._value_at(name, curve, step)
            if step is None and not self.comparing and math.isfinite(present := self._values.get(name, math.nan)):
                value = present
            sign = (f"{curves.glyph(index, self.look)} {name} ", self.look.series(index))
            if self.comparing and step is not None and self._has_ended(name, curve, step):
                entries.append([sign, ("ended  ", self.look.ink("dim"))])
                continue
            entries.append([sign, (f"{number_text.loss(value)}  ", self.look.ink("text"))])
            last_step = max(last_step, at)
        if self.comparing and self._degree:
            entries.append([("lines smoothed  ", self.look.ink("dim"))])
        if step is not None and self._axis == "step":
            entries.append([(f"at {last_step:,}", self.look.ink("dim"))])
        elif self._axis != "step":
            at_place = "" if step is None else f" {figure(step, 3)}"
            entries.append(
                [(f"by {self._axis}" if step is None else f"at {self._axis}{at_place}", self.look.ink("dim"))]
            )
        rows: list[list[Run]] = [[]]
        for entry in entries:
            if rows[-1] and row_width(tuple(rows[-1])) + len("".join(text for text, _ in entry).rstrip()) > width:
                rows.append([])
            rows[-1] += entry
        return [joined(row) for row in rows]

    def _marked(self, row: Row, width: int) -> Row:
        column = self._plot_start + (self.cursor or 0)
        text_before: list[Run] = []
        edge, place = self.look.pick("┆", ":"), 0
        for text, style in row:
            if place <= column < place + len(text):
                at = column - place
                shown = text[at] if text[at] != " " else edge
                mark = style if text[at] != " " else self.look.ink("dim")
                text_before += [(text[:at], style), (shown, mark), (text[at + 1 :], style)]
            else:
                text_before.append((text, style))
            place += len(text)
        if place <= column < width:
            text_before += [(" " * (column - row_width(row)), self.look.ink("dim")), (edge, self.look.ink("dim"))]
        return joined(text_before)

    def action_cursor(self, move: int) -> None:
        """Move the cursor by columns; the first press puts it at the newest value."""
        if not self._has_values():
            return
        start = self._newest() if self.cursor is None else self.cursor
        self._put_cursor(min(self._plot, max(0, start + move)))
        self.redraw()

    def _newest(self) -> int:
        """The column of the newest value."""
        ends = (float(self._places_of(name, each)[-1]) for name, each in self._curves.items() if len(each.steps))
        last = max(ends, default=0.0)
        if self._x is None or self._x.high <= self._x.low:
            return 0
        return round((last - self._x.low) / (self._x.high - self._x.low) * self._plot)

    @property
    def idle_actions(self) -> frozenset[str]:
        """Without a curve there is no scale to switch."""
        return frozenset() if any(len(curve.steps) for curve in self._curves.values()) else frozenset({"log-scale"})

    def _has_values(self) -> bool:
        """Whether there is a curve; where there is none, that is said."""
        there = any(len(curve.steps) for curve in self._curves.values())
        if not there:
            host(self).say("there is no curve yet: train first")
        return there

    @property
    def subject(self) -> Subject | None:
        """The step under the cursor."""
        curve = next((curve for curve in self._curves.values() if len(curve.steps)), None)
        if self._cursor_step is None or curve is None:
            return None
        name = next(name for name, each in self._curves.items() if each is curve)
        return CurveStep(self._value_at(name, curve, self._cursor_step)[1])

    def action_hide_cursor(self) -> None:
        """Take the cursor away, so that the legend shows the newest values again; without one, the hints go."""
        if self.cursor is None:
            raise SkipAction
        self._cursor_step = None
        self.redraw()

    def action_log(self) -> None:
        """Switch between a logarithmic and a linear scale."""
        if not self._has_values():
            return
        self.logarithmic = not self.logarithmic
        self._y = None
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        self._put_cursor(min(self._plot, max(0, event.x - self._plot_start)))
        self.redraw()

    def _has_ended(self, name: str, curve: Curve, place: float) -> bool:
        """Whether a curve ends before the column of the cursor: then it has no value there."""
        column = 0.0 if self._x is None else (self._x.high - self._x.low) / max(1, self._plot)
        return bool(place > self._places_of(name, curve)[-1] + column)

    def _value_at(self, name: str, curve: Curve, place: float | None) -> tuple[float, int]:
        """The value of a curve at a place of the axis, and the step of it; the newest ones without a place."""
        if place is None:
            return float(curve.last[-1]), int(curve.steps[-1])
        index = int(np.clip(np.searchsorted(self._places_of(name, curve), place), 0, len(curve.steps) - 1))
        return float(curve.last[index]), int(curve.steps[index])
