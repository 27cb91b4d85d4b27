"""Claims about resizing: wherever the user is in a pane, a dialog or the inspector, there they are afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from textual.containers import VerticalScroll
from textual.widgets import Input, OptionList

from nnplay.tui.forms.form import Form
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.panes.health import Findings
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.network_view import NetworkView
from nnplay.tui.widgets.scroll_place import ScrollPlace
from tests.ui.playing import main, make
from tests.ui.visit import inspecting

SIZES = [(80, 24), (60, 20), (20, 6), (1, 1), (300, 90), (120, 40)]
#: Where nothing is shown, all panes, and the first one again: for panes whose other sizes are slow.
FEW = [(1, 1), (300, 90), (120, 40)]
KEYS = [
    "1 down down down",
    "3 down down down down down down",
    "2 right down w w",
    "2 2 down down",
    "4 right",
    "5 left left",
    "6 down",
]


def place(app: Any) -> list[object]:
    """Who has the focus, and every cursor and first line."""
    screen = main(app)
    forms = [(form.cursor, form._place.top) for form in screen.query(Form)]
    layers, network = screen.query_one(LayerList), screen.query_one(NetworkView)
    return [
        app.focused,
        screen.current,
        *forms,
        (layers.cursor, layers._place.top),
        (network.chosen, network.link),
        screen.query_one(Findings).cursor,
    ]


@pytest.mark.parametrize(
    ("ways", "sizes"),
    [
        (KEYS[:1], SIZES),
        (KEYS[1:], FEW),
        *(pytest.param([keys], SIZES, marks=pytest.mark.slow) for keys in KEYS[1:]),
    ],
)
async def test_panes_keep_focus_cursor_and_first_line(ways: list[str], sizes: list[tuple[int, int]]) -> None:
    """Through every arrangement of panes, and sizes that show nothing at all; one pane after the other."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        for keys in ways:
            await pilot.press(*keys.split())
            await pilot.pause()
            before = place(app)
            for size in sizes:
                await pilot.resize_terminal(*size)
                await pilot.pause()
                assert place(app)[0] is before[0], (keys, size)
            assert place(app) == before, keys


def test_a_list_that_was_small_for_a_while_finds_back() -> None:
    """The first line of before is at the top again; one that has room for all shows all."""
    scroll = ScrollPlace()
    assert [scroll.follow(cursor, 5, 20) for cursor in range(8)] == [0, 0, 0, 0, 0, 1, 2, 3]
    assert scroll.follow(7, 2, 20) == 6
    assert scroll.follow(7, 5, 20) == 3
    assert scroll.follow(7, 30, 20) == 0
    assert scroll.follow(7, 5, 20) == 3


async def test_dialogs_keep_what_is_typed_chosen_and_scrolled() -> None:
    """A filter and the choice under the cursor; how far the help was read."""
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("p", "i", "r")
        await pilot.pause()
        before = app.screen.query_one(Input).value, app.screen.query_one(OptionList).highlighted
        for size in [*SIZES, (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert (app.screen.query_one(Input).value, app.screen.query_one(OptionList).highlighted) == before
        await pilot.press("escape", "question_mark", "j", "j", "j")
        await pilot.pause()
        read = app.screen.query_one(VerticalScroll).scroll_offset.y
        assert read > 0
        for size in [(80, 20), (84, 24), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert app.screen.query_one(VerticalScroll).scroll_offset.y == read


async def test_the_inspector_keeps_row_element_and_operand() -> None:
    """The row that is looked at, the element worked out, the chosen operand and how far it was scrolled."""
    async with inspecting() as visit:
        await visit.press("j", "j", "down", "right", "tab")
        view = visit.view
        assert view.detail.worked is not None
        before = view.detail.row.number, view.detail.worked.index, visit.screen.query_one(DetailView).chosen
        for size in [(80, 24), (60, 20), (200, 60), (120, 40)]:
            await visit.pilot.resize_terminal(*size)
            await visit.settle()
        worked = visit.view.detail.worked
        assert worked is not None
        after = visit.view.detail.row.number, worked.index, visit.screen.query_one(DetailView).chosen
        assert after == before
