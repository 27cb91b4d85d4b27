"""What the inspector draws of a row, at every size and with few colours."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from nnplay.inspector.box_picture import BoxPicture
from nnplay.text import noting_cuts
from nnplay.tui.inspector.widgets import boxes_over
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.inspector.widgets.rows_list import RowsList
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import row_width
from nnplay.tui.widgets.timeline_bar import TimelineBar
from nnplay.views.found_objects import Boxes
from tests.ui.visit import RUN, inspecting

pytestmark = pytest.mark.painted


async def test_forms_of_an_operand() -> None:
    """`t` turns colours into numbers with headings and into a histogram; `c` shows the lines of NumPy."""
    async with inspecting() as visit:
        await visit.press("n", "t")
        result = visit.view.detail.result
        assert f"{result.values[0, 0]:.4f}" in visit.text(DetailView)
        await visit.press("t")
        assert visit.view.detail.result.statistics.histogram is not None
        assert "█" in visit.text(DetailView)
        await visit.press("c")
        assert "lambda x, weight, bias: x @ weight + bias" in visit.text(DetailView)


LSTM = {"data": {"name": "adding", "samples": 200, "length": 9}, "layers": ["lstm 3", "linear 1"]}


@pytest.mark.parametrize("look", [Look(), Look(colours="none", ascii=True)], ids=["colours", "ascii"])
async def test_gates_are_bars_at_each_time_step(look: Look) -> None:
    """An LSTM's row draws each gate, cell and state of the chosen unit over time; backwards the gradient shrinks."""
    async with inspecting(run=LSTM, look=look) as visit:
        await visit.press("j", "j", "right")
        lines = visit.text(DetailView).splitlines()
        assert any("unit 1 in batch row 0, step by step" in line for line in lines)
        (chart,) = visit.view.detail.charts
        for column, name in enumerate(("i", "f", "g", "o", "c", "h")):
            line = next(line for line in lines if line.startswith(f" {name} "))
            assert line.rstrip().endswith(f"{chart.values[0, column]:.4f}")
        back = next(row.number for row in visit.view.rows if row.name == "lstm back through time")
        while visit.view.detail.row.number < back:
            await visit.press("j")
        text = visit.text(DetailView)
        assert ("|dstate|" if look.ascii else "‖dstate‖") in text
        assert "it shrinks" in text


CONV = {"data": {"name": "digits"}, "layers": ["conv2d 8 k3 p1", "relu", "flatten", "linear 10"]}


async def test_the_numbers_of_a_small_kernel_are_all_there() -> None:
    """Of a convolution the nine weights that take part are shown as numbers, beside the window that they lie on."""
    async with inspecting(size=(120, 40), run=CONV) as visit:
        await visit.press("n", "n", "t")
        weight = next(one for one in visit.view.detail.operands if one.name == "weight")
        text = visit.text(DetailView)
        assert weight.values.shape == (3, 3)
        shown = [float(word) for word in re.findall(r"-?\d+\.\d+", text[text.index("the window, the kernel") :])]
        assert all(any(abs(number - value) < 6e-4 for number in shown) for value in weight.values.flat)
        assert any("weight 3×3×1×8" in line and "bias 8" in line for line in text.splitlines())


async def test_operands_without_room_are_named() -> None:
    """On a small screen what finds no room is named, and `tab` brings it."""
    run = {**RUN, "layers": ["linear 16", "relu", "linear 2"]}
    async with inspecting(size=(80, 24), run=run) as visit:
        weight = next(row.number for row in visit.view.rows if row.name == "gradient of weight")
        while visit.view.detail.row.number < weight:
            await visit.press("j")
        assert "tab: more operands (x" in visit.text(DetailView)
        await visit.press("tab")
        assert "tab: more operands (x" not in visit.text(DetailView)


async def test_rows_name_their_layer_on_a_small_screen() -> None:
    """At 80×24 each row still says which kind of layer it belongs to, and list and detail fill the screen."""
    async with inspecting(size=(80, 24)) as visit:
        text = visit.text(RowsList)
        for words in ("0 linear x·w + b", "1 relu ", "2 linear ∂weight", "forward from input to output"):
            assert words in text
        assert "relu relu" not in text
        assert visit.screen.query_one(RowsList).size.height >= 18


@pytest.mark.parametrize(
    "size",
    [(200, 60), (12, 5), *(pytest.param(size, marks=pytest.mark.slow) for size in ((110, 32), (80, 24), (40, 12)))],
)
async def test_every_row_is_drawn_at_every_size(size: tuple[int, int]) -> None:
    """All rows of a step, in all forms, are drawn at large and at tiny sizes."""
    async with inspecting(size) as visit:
        for _ in range(len(visit.view.rows)):
            await visit.press("j")
        await visit.press("t", "k", "t", "k", "d", "a", "f", "c")
        assert visit.view.detail.row.number == len(visit.view.rows) - 3


@pytest.mark.parametrize(
    "look", [Look(ascii=True), Look(colours="none"), pytest.param(Look(colours="16"), marks=pytest.mark.slow)]
)
async def test_few_colours_and_plain_characters(look: Look) -> None:
    """Without colours the tensors are drawn as glyphs; `--ascii` marks rows and steps with plain characters."""
    async with inspecting(look=look) as visit:
        await visit.press("n", "n")
        marks = visit.text(RowsList) + visit.text(TimelineBar)
        if look.ascii:
            assert ">" in marks
            assert not set("▶✓●━─") & set(marks)
        assert "x 32" in visit.text(DetailView)


@pytest.mark.parametrize(
    ("width", "height", "pictured"), [(51, 9, True), (91, 20, True), (51, 6, False), (30, 9, False)]
)
def test_boxes_are_drawn_over_the_picture_where_80_columns_leave_room(width: int, height: int, pictured: bool) -> None:
    """Beside them in words what they are; where there is no room for both, the words alone."""
    image = np.random.default_rng(0).random((64, 64, 3), np.float32)
    one = Boxes(np.array([[0.2, 0.2, 0.6, 0.7]]), np.zeros(1, np.int64), ("",))
    box = BoxPicture(image, one, one, ("rank 0: anchor 179, objectness 0.7448",))
    rows = boxes_over.rows_of(box, width, height, Look())
    text = "\n".join("".join(part for part, _ in row) for row in rows)
    assert ("▀▀▀" in text) == pictured
    assert "rank 0" in text
    assert all(row_width(row) <= width for row in rows)


async def test_a_picture_of_boxes_never_goes_as_its_pane_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 18 rows on it is there at every height, for texts of one line and of several."""
    one = Boxes(np.array([[0.2, 0.2, 0.6, 0.7]]), np.zeros(1, np.int64), ("",))
    box = BoxPicture(np.zeros((64, 64, 3), np.float32), one, one, ("rank 0",))
    monkeypatch.setattr(boxes_over, "draw_boxed", lambda *_: [(("picture of boxes", Look().ink("text")),)])
    async with inspecting() as visit:
        detail = visit.screen.query_one(DetailView)
        for row in (visit.view.detail.row, replace(visit.view.detail.row, words="a long sentence " * 20)):
            detail.view = replace(visit.view, detail=replace(visit.view.detail, row=row, boxes=box))
            for height in range(18, 40):
                text = ["".join(part for part, _ in line) for line in detail.draw(80, height)]
                assert any("picture of boxes" in line for line in text), height


def test_a_picture_has_the_words_that_there_is_room_for() -> None:
    """Where the whole sentences find no room the shorter ones are shown, and the whole can be asked for."""
    one = Boxes(np.array([[0.2, 0.2, 0.6, 0.7]]), np.zeros(1, np.int64), ("",))
    points = tuple(f"point {k}: {' + '.join(['0.25·1.0'] * 8)} = 1" for k in range(4))
    box = BoxPicture(np.zeros((64, 64, 3), np.float32), one, one, points, ("0: 1", "1: 1", "2: 1", "3: 1"))
    text = ["".join(part for part, _ in row) for row in boxes_over.rows_of(box, 49, 10, Look())]
    assert [line[20:].strip() for line in text[:4]] == ["0: 1", "1: 1", "2: 1", "3: 1"]
    with noting_cuts() as noted:
        boxes_over.rows_of(box, 49, 10, Look())
    assert "; ".join(points) in noted


async def test_the_phase_of_the_cursor_is_seen_however_far_its_heading_is() -> None:
    """In a long list the heading stands in the first line once it would be above."""
    async with inspecting((80, 14)) as visit:
        backward = [row for row in visit.view.rows if row.phase == "backward"]
        while visit.view.detail.row.number < backward[-1].number:
            await visit.press("j")
        lines = visit.text(RowsList).splitlines()
        assert lines[0].startswith("backward ")
        assert sum(line.startswith("backward ") for line in lines) == 1
