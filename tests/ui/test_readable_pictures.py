"""Claims about pictures that can be read: what lies on top, where headings stand, what was cut, what stays in place."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len
from textual._xterm_parser import XTermParser
from textual.widgets import Input

from nnplay.health.finding import Finding
from nnplay.training.curves.history import Curve
from nnplay.tui.dialogs.reading import Reading
from nnplay.tui.draw import curves
from nnplay.tui.draw.axes import Limits
from nnplay.tui.draw.downsample import downsample
from nnplay.tui.draw.graph import columns
from nnplay.tui.draw.heatmap import confusion_rows
from nnplay.tui.draw.network_drawing import graph
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.outputs.kinds.attention import draw as draw_attention
from nnplay.tui.outputs.kinds.tokens import draw as draw_tokens
from nnplay.tui.panes.health import Findings
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, graphemes, row_width
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.views.kinds.attention import Attention
from nnplay.views.kinds.tokens import Tokens
from tests.ui.fake_settings import FakeLedger, FakeLine
from tests.ui.playing import main, make
from tests.ui.visit import inspecting

pytestmark = pytest.mark.painted


def text(rows: list[Row]) -> list[str]:
    """Rows without their styles."""
    return ["".join(part for part, _ in row) for row in rows]


def noisy(size: float, seed: int, count: int = 400) -> Curve:
    """A loss that falls, with noise around it."""
    y = np.exp(-np.arange(count) / 150) + size * np.random.default_rng(seed).uniform(0, 1, count)
    line = Curve()
    line.extend(np.arange(count), y)
    return line


def owners(*sizes: float) -> list[str]:
    """Which of lines with so much noise is seen in each cell of a plot: its digit, or a blank."""
    look = Look()
    lines = []
    for seed, size in enumerate(sizes):
        curve = noisy(size, seed)
        data = downsample(curve.steps, curve.last, curve.last, curve.last, 60, (0, 400))
        lines.append(curves.Line(str(seed), data))
    rows, begin = curves.draw(curves.Chart(tuple(lines), Limits(0, 400), Limits(0, 2)), 70, 20, look)
    inks = {look.series(index): str(index) for index in range(len(sizes))}
    return ["".join(inks.get(style, " ") * len(part) for part, style in row)[begin:] for row in rows[:-2]]


def test_the_thinnest_line_is_seen() -> None:
    """A line that goes up and down a lot would hide the others: in each cell that a smooth one passes, that is seen."""
    alone = owners(0.0)
    both = owners(0.0, 0.9)
    smooth = [(row, column) for row, line in enumerate(alone) for column, sign in enumerate(line) if sign == "0"]
    assert len(smooth) > 50
    assert all(both[row][column] == "0" for row, column in smooth)
    assert any("1" in line for line in both)


def test_lines_that_are_alike_take_turns() -> None:
    """Two equal lines are both seen in the cells that they share."""
    seen = "".join(owners(0.0, 0.0))
    assert abs(seen.count("0") - seen.count("1")) < 0.2 * len(seen.replace(" ", ""))


async def test_forks_are_smoothed_from_the_start_and_named_alike() -> None:
    """In a comparison each run is one line at its mean; `m` shows the batches as they were."""
    app = make()
    async with app.run_test(size=(120, 40)):
        view = main(app).query_one(CurveView)
        view.comparing = True
        view.show({"this run": noisy(0.5, 1), "lr 0.1 from 40": noisy(0.5, 2)})
        chart = view._chart(60)
        assert len(chart.lines) == 2
        assert all(np.mean(line.data.high - line.data.low) < 0.1 for line in chart.lines)
        assert "smoothed" in "\n".join(text(list(view.draw(60, 16))))
        assert view.smoother() == "smoothing: off"
        assert np.mean(view._chart(60).lines[0].data.high - view._chart(60).lines[0].data.low) > 0.2
        view.comparing = False
        assert view.smoothing == 0


async def test_the_cursor_stays_at_its_step() -> None:
    """After any resize the cursor of the curves reads the same step."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "left", "left", "left", "left")
        view = main(app).query_one(CurveView)
        step = view.cursor_step
        assert step is not None
        for size in ((80, 24), (60, 20), (200, 60), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert view.cursor_step == step


@pytest.mark.parametrize("width", [38, 60, 110])
def test_sixteen_classes_have_headings_over_their_columns(width: int) -> None:
    """All of them, with their whole names and counts, in a pane as narrow as a page's half."""
    names = [f"class {letter}" for letter in "abcdefghijklmnop"]
    matrix = np.diag(np.arange(10, 26)) + np.eye(16, k=1, dtype=np.int64) * 7
    rows = confusion_rows(matrix, names, width, 30, Look())
    assert all(row_width(row) <= width for row in rows)
    shown = text(rows)
    body = shown[-16:]
    assert len({line.partition(" 1")[0].split("·")[0] for line in body}) >= 15
    heads = [line.ljust(width) for line in shown[1 : len(shown) - 16]]
    for index, line in enumerate(body):
        count = line.index(str(10 + index)) + 1
        assert "".join(head[count] for head in heads).strip().endswith(names[index][-1])
    assert "+" not in "".join(body)


def test_of_many_classes_those_are_shown_that_are_mixed_up() -> None:
    """Of 301 classes the matrix has room for some: the ones with wrong answers, and it says so."""
    matrix = np.diag(np.full(301, 3))
    matrix[17, 250] = 2
    rows = text(confusion_rows(matrix, [f"word{n}" for n in range(301)], 38, 16, Look()))
    assert "of 301 classes" in rows[0] or "301" in rows[0]
    assert any(row.startswith("word17 ") for row in rows)
    assert any(row.startswith("word250 ") for row in rows)
    assert all(cell_len(row) <= 38 for row in rows)
    assert len(rows) <= 16


async def test_one_key_shows_what_was_cut() -> None:
    """`V` writes out in full what the pane shows with an ellipsis, or says that there is nothing."""
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "2")
        pane = main(app).pane(main(app).current)
        cut = [cells.cut_texts for cells in pane.query("LayerList").results()]  # type: ignore[attr-defined]
        assert isinstance(cut, list)
        await pilot.press("1")
        for cells in main(app).pane("data").query("Form").results():
            cells._entries = [  # type: ignore[attr-defined]
                type(entry)(**{**{f: getattr(entry, f) for f in entry.__dataclass_fields__}, "label": "a label " * 4})
                for entry in cells._entries  # type: ignore[attr-defined]
            ]
            cells.redraw()  # type: ignore[attr-defined]
        await pilot.press("V")
        await pilot.pause()
        assert isinstance(app.screen, Reading)
        assert "a label a label a label a label" in str(app.screen._text)


@pytest.mark.parametrize("name", ["👨\u200d👩\u200d👧", "می\u200cخواهم"])
async def test_names_with_joiners_can_be_typed(name: str) -> None:
    """Key by key into the `:` line."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon")
        await pilot.pause()
        for event in XTermParser().feed(name):
            assert app._driver is not None
            app._driver.send_message(event)
            await pilot.pause()
        assert app.screen.query_one("Input").value == name  # type: ignore[attr-defined]


async def test_keys_of_a_line_go_by_what_a_reader_calls_a_letter() -> None:
    """Backspace takes the last sign whole, delete the first one, and the cursor goes over both in one press."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("p")
        await pilot.pause()
        line = app.screen.query_one(Input)
        for name in ("👨\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈", "e\u0301", "क\u094dष", "می\u200cخواهم"):
            last = graphemes(name)[-1]
            line.value = f"a{name}"
            line.cursor_position = len(line.value)
            await pilot.press("left")
            assert line.cursor_position == len(line.value) - len(last), name
            await pilot.press("right")
            assert line.cursor_position == len(line.value), name
            await pilot.press("backspace")
            assert line.value == f"a{name.removesuffix(last)}"
            line.value = name
            line.cursor_position = 0
            await pilot.press("delete")
            assert line.value == name.removeprefix(graphemes(name)[0])


ATTENDING = {
    "data": {"name": "reversal", "samples": 100},
    "layers": ["embedding 8 8", "multi_head_self_attention 2", "linear 8"],
}
LONG = {"data": {"name": "adding", "samples": 60, "length": 40}, "layers": ["lstm 3", "linear 1"]}


@pytest.mark.parametrize("look", [Look(), Look(ascii=True)], ids=["blocks", "ascii"])
def test_attention_is_one_map_for_each_head(look: Look) -> None:
    """Both heads stand side by side, with the tokens of the example beside and above each."""
    weights = np.full((3, 3), 1 / 3, np.float32)
    view = Attention(("a", "b", "c"), (("head 0", weights), ("head 1", np.eye(3, dtype=np.float32))))
    shown = text(draw_attention(view, 36, 12, look))
    assert shown[1].split() == ["head", "0", "head", "1"]
    assert shown[2].split() == ["a", "b", "c", "a", "b", "c"]
    assert [line[0] for line in shown[3:6]] == ["a", "b", "c"]
    assert all(cell_len(line) <= 36 for line in shown)


def test_of_a_long_sequence_the_end_is_drawn() -> None:
    """The last steps of the maps and of the symbols, which the answer is nearest to; the picture says from where on."""
    names = tuple(f"t{step}" for step in range(50))
    view = Attention(names, (("head 0", np.eye(50, dtype=np.float32)),))
    shown = text(draw_attention(view, 36, 14, Look()))
    assert "last" in shown[0]
    assert any(line.lstrip().startswith("t49") for line in shown)
    assert not any(line.lstrip().startswith("t0 ") for line in shown)
    symbols = Tokens(names, names, names)
    lines = text(draw_tokens(symbols, 36, 12, Look()))
    assert "from position" in lines[0]
    assert any("t49" in line for line in lines[:12])


async def test_the_inspector_shows_attention_head_by_head() -> None:
    """The weights of one head are steps by steps; `]` leads to the next head."""
    async with inspecting(run=ATTENDING) as visit:
        names = [row.name for row in visit.view.rows]
        view = await visit.press(*"j" * names.index("attention weights"))
        assert view.detail.result.values.shape == (10, 10)
        assert view.detail.result.fixed.endswith("head 0")
        tokens = view.detail.result.line_names
        assert len(tokens) == 10
        assert view.detail.result.column_names == tokens
        shown = visit.text(DetailView).splitlines()
        start = next(at for at, line in enumerate(shown) if "→ weights" in line) + 2
        column = shown[start - 2].index("→")
        assert shown[start][column:].split() == list(tokens)
        assert tuple(line[column] for line in shown[start + 1 : start + 11]) == tokens
        view = await visit.press("right_square_bracket")
        assert view.detail.result.fixed.endswith("head 1")


async def test_a_gradient_through_time_is_shown_from_where_it_starts() -> None:
    """At the row that goes back through time the last step is looked at first."""
    async with inspecting(run=LONG, steps=3) as visit:
        rows = visit.view.rows
        back = next(row.number for row in rows if row.phase == "backward" and row.layer == "lstm")
        view = await visit.press(*"j" * back)
        while not view.detail.charts:
            view = await visit.press("j")
        assert view.detail.worked is not None
        assert view.detail.worked.index[1] == 39
        assert "t=39" in visit.text(DetailView)


def test_names_beside_the_network_are_whole_and_aligned() -> None:
    """Joined emoji, Persian and wide letters beside the units: no letter is torn, and every row is as wide as all."""
    inputs, outputs = ("👩\u200d🔬 lab", "قیمت\u200cها"), ("👨\u200d👩\u200d👧", "高さ")
    ledger = FakeLedger((FakeLine("linear 2", "2→2", 2, 6),), inputs, outputs, 6, 24)
    weights = {"0.weight": np.ones((2, 2), np.float32), "0.bias": np.ones(2, np.float32)}
    ranks = columns(ledger, weights, {})  # type: ignore[arg-type]
    rows = graph(ranks, {}, 70, 20, Look(), None, None).rows
    assert {row_width(row) for row in rows} == {70}
    shown = "\n".join(text(rows))
    for name in (*inputs, *outputs):
        assert name in shown


def test_long_names_of_inputs_are_told_apart() -> None:
    """Columns of a table in a pane of an ordinary screen: no two inputs look alike, and the classes are whole."""
    inputs = ("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm")
    outputs = ("setosa", "versicolor", "virginica")
    layers = (
        FakeLine("linear 16", "4→16", 16, 80),
        FakeLine("linear 16", "16", 16, 272),
        FakeLine("linear 3", "3", 3, 51),
    )
    ledger = FakeLedger(layers, inputs, outputs, 403, 24)
    sizes = (4, 16, 16, 3)
    weights = {f"{at}.weight": np.ones((sizes[at], sizes[at + 1]), np.float32) for at in range(3)}
    for width in (47, 40):
        shown = text(graph(columns(ledger, weights, {}), {}, width, 25, Look(), None, None).rows)  # type: ignore[arg-type]
        names = [line.split()[0] for line in shown[1:] if line.strip().startswith(("sep", "pet"))]
        assert len(set(names)) == 4
        assert all(any(name[:5] in line for line in shown) for name in outputs)


def test_headings_over_the_network_keep_units_and_activation() -> None:
    """Where the layer's whole text finds no room, the word that is the same for most goes first."""
    ledger = FakeLedger(
        (FakeLine("linear 8", "2→8", 8, 24), FakeLine("tanh", "8", 8, 0), FakeLine("linear 2", "8→2", 2, 18)),
        ("x1", "x2"),
        ("arm 1", "arm 2"),
        42,
        24,
    )
    weights = {"0.weight": np.ones((2, 8), np.float32), "2.weight": np.ones((8, 2), np.float32)}
    ranks = columns(ledger, weights, {})  # type: ignore[arg-type]
    for width, heading in ((60, "linear 8 tanh"), (34, "8 tanh")):
        head = text(graph(ranks, {}, width, 20, Look(), None, None).rows)[0]
        assert heading in head
        assert "…" not in head


def test_headings_of_wide_columns_stand_level() -> None:
    """Three classes in a narrow pane: one row of headings, of which each says which class it is."""
    names = ["setosa", "versicolor", "virginica"]
    rows = text(confusion_rows(np.eye(3, dtype=np.int64) * 7, names, 38, 16, Look()))
    assert len(rows) == 5
    assert rows[1].split() == ["setosa", "versico…", "virgini…"]


async def test_a_finding_too_long_for_its_pane_is_read_from_its_beginning() -> None:
    """The last rows of it are what finds no room."""
    app = make()
    async with app.run_test(size=(120, 40)):
        view = main(app).query_one(Findings)
        view.show([Finding("warning", "first words " + "and so on " * 30)])
        assert view.plain_text.startswith("!  first words")
