"""The cursor in views: pixels, columns, tokens, weights and states are chosen by keys and mouse, and explained."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from nnplay.config import RunConfig
from nnplay.inspector.messages import Worked
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.explaining import ExplanationText
from nnplay.tui.inspector.screen import InspectorScreen
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.outputs.field import Field, mark_cells, move_element
from nnplay.tui.outputs.widget import Answer
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import PLAIN
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.visit import train
from tests.ui.waiting import until

_IMAGES = {
    "data": {"name": "digits"},
    "layers": ["conv2d 3 k3", "relu", "flatten", "linear 10"],
    "training": {"batch_size": 32},
}
_TABLE = {"data": {"name": "iris"}, "layers": ["linear 4", "tanh", "linear 3"]}
_ECHO = {"data": {"name": "echo", "delay": 2}, "layers": ["lstm 3", "linear 4"]}
_TEXT = {
    "data": {"name": "reversal"},
    "layers": ["embedding 8 8", "multi_head_self_attention 2", "linear 8"],
    "training": {"batch_size": 16},
}


#: Kinds of elements that are explained like pixels or kernels.
_LIKE_ANOTHER = pytest.mark.slow


@asynccontextmanager
async def _playing(run: dict[str, Any], view: str, steps: int = 5) -> AsyncIterator[tuple[Pilot[int], Answer]]:
    """The playground with a view of a run of some steps, in the pane that has the focus."""
    backend = PlaygroundBackend(RunConfig.from_dict(run))
    app = Playground(backend, Look())
    try:
        train(backend, steps)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
            pane, answer = app.screen.query_one(OutputPane), app.screen.query_one(Answer)
            pane.choose(view)
            await until(pilot, lambda: pane.shown_view == view and answer.display and bool(answer.rows))
            yield pilot, answer
    finally:
        backend.stop()


async def _explained(pilot: Pilot[Any]) -> str:
    await until(pilot, lambda: any(text.explained is not None for text in pilot.app.screen.query(ExplanationText)))
    return str(pilot.app.screen.query_one(ExplanationText).content)


async def _inspected(pilot: Pilot[Any], step: int) -> Worked:
    """The element that the inspector shows worked out, once it is open at a step."""

    def worked() -> Worked | None:
        screen = pilot.app.screen
        view = screen.view if isinstance(screen, InspectorScreen) else None
        return view.detail.worked if view is not None and view.step == step else None

    await until(pilot, worked)
    found = worked()
    assert found is not None
    return found


def test_an_element_is_found_where_it_is_marked() -> None:
    """Whether there are more elements than cells or fewer, the cell of an element leads back to it or its neighbour."""
    large, small = Field(2, 3, 4, 8, (2, 4), (5,)), Field(0, 0, 2, 3, (8, 9))
    for i in range(2):
        for j in range(4):
            y, columns = large.cells_of((5, i, j))
            assert {large.element_at(y, x) for x in columns} == {(5, i, j)}
            assert len(columns) == 2
    assert small.element_at(1, 2) == (6, 7)
    assert small.cell_of((6, 7)) == (1, 2)
    assert small.element_at(2, 0) is None
    assert small.cell_of((8, 0)) is None
    assert large.cell_of((4, 0, 0)) is None


def test_the_cursor_goes_from_one_picture_to_the_next() -> None:
    """Beyond the edge lies the nearest picture in that direction, at the same height; at the end it stays."""
    fields = [Field(1, 0, 2, 4, (4, 4), (0,)), Field(1, 5, 2, 4, (4, 4), (1,)), Field(4, 0, 2, 4, (4, 4), (2,))]
    assert move_element(fields, (0, 2, 2), 0, 1) == (0, 2, 3)
    assert move_element(fields, (0, 2, 3), 0, 1) == (1, 2, 0)
    assert move_element(fields, (1, 2, 0), 0, -1) == (0, 2, 3)
    assert move_element(fields, (0, 3, 1), 1, 0) == (2, 0, 1)
    assert move_element(fields, (2, 3, 1), 1, 0) == (2, 3, 1)
    lines = [Field(y, 0, 1, 9, (), (k,)) for y, k in enumerate((4, 0, 2))]
    assert move_element(lines, (4,), 1, 0) == (0,)
    assert move_element(lines, (2,), 1, 0) == (2,)


def test_marked_cells_keep_the_text_of_a_row() -> None:
    """Only the style of the marked cells is another one, also behind the end of the row."""
    row = (("ab", PLAIN), ("cd", PLAIN))
    assert "".join(text for text, _ in mark_cells(row, range(1, 3))) == "abcd"
    assert [text for text, style in mark_cells(row, range(1, 3)) if style.reverse] == ["bc"]
    assert [text for text, style in mark_cells(row, range(6, 7)) if style.reverse] == [" "]


async def test_the_pixel_that_counts_most_is_explained_without_a_cursor() -> None:
    """`?` on a view of why is about its most telling part; with a cursor it is about what is under that."""
    async with _playing(_IMAGES, "integrated gradients") as (pilot, answer):
        await pilot.press("question_mark")
        text = await _explained(pilot)
        assert "more than any other of 64 parts" in text
        assert "With 0 in its place the output would" in text
        await pilot.press("escape", "c")
        await until(pilot, lambda: answer.element is not None and answer.has_focus)
        first = answer.element
        await pilot.press("left")
        await until(pilot, lambda: answer.element != first)
        await pilot.press("question_mark")
        assert "more than any other" not in await _explained(pilot)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: answer.element is None and isinstance(pilot.app.focused, OutputPane))


@pytest.mark.parametrize(
    ("run", "view", "words", "order"),
    [
        pytest.param(
            _TABLE,
            "saliency",
            ("standard deviations", "by integrated gradients|(integrated gradients)"),
            (0,),
            marks=_LIKE_ANOTHER,
        ),
        (_IMAGES, "saliency", ("pixel (", "0 in its place"), (1, 2)),
        (_ECHO, "states over time", ("input gate of layer 0 unit 0, step 0", "let into the cell"), (2, 1)),
        (_TEXT, "attention", ("of its attention to this step",), (0, 1, 2)),
        (_TEXT, "integrated gradients", ("token ", "0 in its place"), (0,)),
        (_IMAGES, "filters", ("0.weight[", "this batch's gradient"), ()),
        pytest.param(_TABLE, "weights", ("0.weight[0,0]", "this batch's gradient"), (), marks=_LIKE_ANOTHER),
        pytest.param(
            _IMAGES, "feature maps", ("layer 0 channel 0", "of its 36 places"), (1, 2, 0), marks=_LIKE_ANOTHER
        ),
    ],
)
async def test_elements_of_every_kind_are_explained_and_inspected(
    run: dict[str, Any], view: str, words: tuple[str, ...], order: tuple[int, ...]
) -> None:
    """Columns, pixels, gates, attention, tokens, kernels, matrices and maps: `c ?`, and `enter` to that very number.

    `order` says which numbers of the element, in which order, are its place in a row of the batch.
    """
    async with _playing(run, view) as (pilot, answer):
        await pilot.press("c")
        await until(pilot, lambda: bool(answer.told))
        await pilot.press("question_mark")
        text = await _explained(pilot)
        assert all(any(way in text for way in each.split("|")) for each in words), text
        element = answer.element
        assert element is not None
        await pilot.press("enter")
        found = await _inspected(pilot, 4)
        if order:
            assert "which is a validation row: enter shows the same number of row 0 of the batch of step 5" in text
            assert found.index[: len(order) + 1] == (0, *(element[at] for at in order))
        else:
            assert text.startswith(f"0.weight[{','.join(map(str, found.index))}]")


async def test_two_clicks_open_a_channel() -> None:
    """A click on a tile chooses a number of its map; two open the channel at full size, which enter does as well."""
    async with _playing(_IMAGES, "feature maps") as (pilot, answer):
        field = next(field for field in answer._fields() if field.prefix == (2,))
        await pilot.click(answer, offset=(field.left + 1, field.top))
        await until(pilot, lambda: answer.element is not None and answer.element[0] == 2)
        await pilot.press("enter")
        pane = pilot.app.screen.query_one(OutputPane)
        await until(pilot, lambda: pane.shown_view == "channel")
        assert (pane.item, pane.place) == (2, "0 conv2d 3")


async def test_a_view_without_elements_says_so() -> None:
    """A curve has nothing to choose with a cursor."""
    async with _playing(_IMAGES, "ROC") as (pilot, answer):
        await pilot.press("c")
        message = pilot.app.screen.query_one(MessageLine)
        await until(pilot, lambda: "no elements to choose" in message.text)
        assert answer.element is None
