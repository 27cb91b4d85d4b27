"""Claims about pictures, curves and numbers as text."""

import numpy as np
import pytest

from nnplay.tui.draw import axes, curves, network_drawing, number_text
from nnplay.tui.draw.axes import Limits
from nnplay.tui.draw.bars import bar, parts, slider
from nnplay.tui.draw.blocks import picture, quantise
from nnplay.tui.draw.downsample import Downsampled
from nnplay.tui.theme.look import Look, detect
from nnplay.tui.theme.palette import DARK, LIGHT
from nnplay.tui.widgets.cells import row_width

LOOKS = [Look(), Look(LIGHT), Look(colours="256"), Look(colours="16"), Look(colours="none"), Look(ascii=True)]


@pytest.mark.parametrize("look", LOOKS)
def test_picture_fills_its_rectangle_in_every_form(look: Look) -> None:
    """Each row has the full width, and negative and positive halves look different, in all colour modes."""
    field = np.tile(np.linspace(-1, 1, 40), (40, 1))
    rows = picture(field, 6, 20, -1, 1, look)
    assert [row_width(row) for row in rows] == [20] * 6
    assert (rows[0][0][0][0], rows[0][0][1]) != (rows[0][-1][0][-1], rows[0][-1][1])


def test_levels_are_sixteen_and_nan_is_neutral() -> None:
    """The scale has 16 levels; NaN becomes the middle and a flat range does not divide by zero."""
    assert set(quantise(np.linspace(-1, 1, 999), -1, 1).tolist()) == set(range(16))
    assert quantise(np.array([np.nan]), -1, 1)[0] == 8
    assert quantise(np.array([3.0]), 3, 3)[0] == 8


def _chart(count: int, *, log: bool = False) -> curves.Chart:
    x = np.linspace(0, 100, 40)
    lines = tuple(curves.Line(f"c{i}", Downsampled(x, np.exp(-x / 30) + i, np.exp(-x / 30) + i)) for i in range(count))
    return curves.Chart(lines, Limits(0, 100), Limits(-3, 1) if log else Limits(0, 4), log)


@pytest.mark.parametrize("look", LOOKS)
def test_chart_has_the_asked_size(look: Look) -> None:
    """A chart of 60 × 14 is 14 rows of at most 60 cells, also where the terminal is smaller."""
    rows, start = curves.draw(_chart(3), 150, 44, look)
    assert len(rows) == 44
    assert {row_width(row) for row in rows} == {150}
    assert 1 <= start < 10


def test_series_differ_by_glyph_without_colour() -> None:
    """With no colours each series is drawn with a glyph of its own, and the legend shows the same one."""
    look = Look(colours="none")
    text = "".join(part for row in curves.draw(_chart(3), 60, 14, look)[0] for part, _ in row)
    assert all(curves.glyph(index, look) in text for index in range(3))


def test_ascii_chart_is_ascii() -> None:
    """Under --ascii a chart has no character beyond 7 bits."""
    text = "".join(part for row in curves.draw(_chart(2, log=True), 60, 14, Look(ascii=True))[0] for part, _ in row)
    assert text.isascii()


def test_sticky_axes_do_not_move_for_small_changes() -> None:
    """Limits stay the same object while the data fit and fill a quarter of them."""
    first = axes.sticky(None, 0.1, 0.9)
    assert axes.sticky(first, 0.15, 0.85) is first
    assert axes.sticky(first, 0.15, 5.0) is not first
    assert axes.growing(Limits(0, 100), 80).high == 100
    assert axes.growing(Limits(0, 100), 101).high > 101


@pytest.mark.parametrize("last", [1, 10, 37, 1000, 1125, 2250, 12_174, 999_999])
def test_the_curve_of_a_run_that_stands_still_fills_the_plot(last: int) -> None:
    """The step axis ends at or soon after the last step: two thirds of it at the least are used."""
    high = axes.ended(last).high
    assert max(last, 10) <= high <= 1.5 * max(last, 10)


def test_a_shape_without_room_shows_what_comes_out() -> None:
    """Where a change of shape does not fit, its end is told rather than its beginning."""
    assert number_text.shape("28×28×1→28×28×6", 16).strip() == "28×28×1→28×28×6"
    assert number_text.shape("28×28×1→28×28×6", 12) == "→28×28×6    "
    assert number_text.shape("8", 12) == "8           "


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.02137, "0.0214"),
        (12.3456, "12.346"),
        (float("nan"), "nan"),
        (3e7, "3.0e7"),
        (1e-7, "1.0e-7"),
        (0.0, "0"),
        (0.00012, "1.2e-4"),
    ],
)
def test_losses_have_fixed_width(value: float, text: str) -> None:
    """Losses of any size take seven columns."""
    assert number_text.loss(value).strip() == text
    assert len(number_text.loss(value)) == 7


@pytest.mark.parametrize(
    ("low", "high"),
    [(101_285, 101_365), (0.0, 1.0), (0.0001, 0.0002), (2_745_000, 2_745_080), (-3.0, 7.0), (0, 60_000)],
)
@pytest.mark.parametrize("wanted", [2, 4, 8])
def test_neighbouring_ticks_are_told_apart_and_say_where_they_stand(low: float, high: float, wanted: int) -> None:
    """However far from zero an axis is, no two labels are equal, and each is the number of its place."""
    ticks = axes.ticks(Limits(low, high), wanted)
    texts = [text for _, text in ticks]
    assert len(texts) >= 2
    assert len(set(texts)) == len(texts)
    for place, text in ticks:
        number = float(text.replace("k", "e3").replace("M", "e6"))
        assert number == pytest.approx(place, abs=(high - low) / 1000)


def test_ticks_of_a_usual_axis_stay_short() -> None:
    """Digits are added only where they are needed."""
    assert [text for _, text in axes.ticks(Limits(0, 20_000), 4)] == ["0", "5000", "10k", "15k", "20k"]
    assert [text for _, text in axes.ticks(Limits(-4, 0), 4, log=True)] == ["1e-4", "0.001", "0.01", "0.1", "1"]


def test_short_numbers() -> None:
    """Thousands and millions are cut to three digits."""
    numbers = (0, 7, 612_345, 999_600, 1_240_000)
    assert [number_text.short(v, 0) for v in numbers] == ["0", "7", "612 k", "1.00 M", "1.24 M"]


@pytest.mark.parametrize("look", LOOKS)
def test_bars_have_their_width(look: Look) -> None:
    """Bars, sliders and split bars take exactly their width at every share."""
    for share in (0.0, 0.33, 1.0, 2.0, float("nan")):
        assert row_width(bar(share, 17, look)) == 17
        assert row_width(slider(share, 17, look)) == 17
    assert row_width(parts((70, 15, 15), 17, look)) == 17


def test_terminal_is_recognised() -> None:
    """NO_COLOR wins over everything, COLORTERM means full colour, plain xterm has 16."""
    assert detect({"NO_COLOR": "1", "COLORTERM": "truecolor"}).colours == "none"
    assert detect({"TERM": "xterm", "COLORTERM": "truecolor"}).colours == "full"
    assert detect({"TERM": "tmux-256color"}).colours == "256"
    assert detect({"TERM": "xterm"}).colours == "16"
    assert DARK.scale()[0] == DARK.negative


def test_inputs_of_one_column_are_told_apart_without_room() -> None:
    """Of a column's several inputs the word is shown, not the column's name cut short; others stand as they are."""
    assert network_drawing._shortened("city=Graz", 6) == "=Graz"
    assert network_drawing._shortened("city=Graz", 9) == "city=Graz"
    assert network_drawing._shortened("temperature", 6) == "temperature"
