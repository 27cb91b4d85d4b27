"""Claims about the mouse: it can do what the keys do, and is needed for nothing."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import OptionList

from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.draw.links import Line
from nnplay.tui.forms.form import Form
from nnplay.tui.picker.screen import Picker
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.network_view import NetworkView
from nnplay.tui.widgets.tabs import PaneTabs
from nnplay.tui.widgets.timeline_bar import TimelineBar
from tests.ui.fake_run import train_run
from tests.ui.playing import asked, main, make


async def test_choice_is_opened_and_taken_by_clicks() -> None:
    """A click on a choice opens its list, a click in the list takes it."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.click(main(app).query_one("#training Form", Form), offset=(20, 0))
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        await pilot.click(app.screen.query_one(OptionList), offset=(2, 1))
        await pilot.pause()
        assert app._backend.settings.loss.record.name == "mse"


async def test_layer_is_chosen_and_edited_by_clicks() -> None:
    """The first click on a layer chooses it, the second opens it; one on the last line adds a layer."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        layers = main(app).query_one(LayerList)
        await pilot.click(layers, offset=(4, 2))
        await pilot.pause()
        assert layers.cursor == 2
        await pilot.click(layers, offset=(4, 2))
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        await pilot.press("escape")
        await pilot.click(layers, offset=(4, 5))
        await pilot.pause()
        assert isinstance(app.screen, Picker)


async def test_curve_is_read_by_a_click_and_the_wheel_moves_a_form() -> None:
    """A click puts the cursor on the curve; the wheel moves through a form."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        view = main(app).query_one(CurveView)
        await pilot.click(view, offset=(20, 4))
        await pilot.pause()
        assert view.cursor_step is not None
        form = main(app).query_one("#data Form", Form)
        await pilot._post_mouse_events([events.MouseScrollDown], form, offset=(3, 1))
        await pilot.pause()
        assert form.cursor == 1


async def test_panes_are_reached_by_their_tabs() -> None:
    """On a small screen a click on a tab brings its pane."""
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click(main(app).query_one(PaneTabs), offset=(3, 0))
        await pilot.pause()
        assert main(app).pane("data").display
        assert main(app).current == "data"


def middle_of(line: Line) -> tuple[int, int]:
    """The cell in the middle of a line of the graph, as an offset in the view."""
    return (line.x0 + line.x1) // 4, (line.y0 + line.y1) // 8 + 1


def alone(lines: list[Line]) -> Line:
    """A line that no other passes in its middle."""
    for line in lines:
        x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
        if all(other is line or other.distance(x, y) > 6 for other in lines):
            return line
    raise AssertionError("all lines cross")


async def test_a_link_is_told_under_the_mouse_and_set_by_clicks_and_wheel() -> None:
    """The mouse over a link tells its weight, a click chooses it, a second edits it, the wheel adds 0.1."""
    app = make()
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause()
        view = main(app).query_one(NetworkView)
        line = alone(view._lines)
        weight = app._backend.snapshot.weights[("0.weight", "2.weight", "4.weight")[line.column - 1]]
        value = float(weight[line.source, line.unit])
        await pilot.hover(view, offset=middle_of(line))
        await pilot.pause()
        assert f"{value:.4g}  (click to set)" in view.plain_text
        await pilot.click(view, offset=middle_of(line))
        await pilot.pause()
        assert (view.chosen, view.link) == ((line.column, line.unit), line.source + 1)
        await pilot._post_mouse_events([events.MouseScrollUp], view, offset=middle_of(line))
        await pilot.pause()
        name, index, set_to = asked(app)[-1][1:]
        assert (name, index) == (f"{2 * line.column - 2}.weight", (line.source, line.unit))
        assert set_to == pytest.approx(value + 0.1, abs=1e-5)
        await pilot.click(view, offset=middle_of(line))
        await pilot.pause()
        assert isinstance(app.screen, AskValue)


async def test_a_click_beside_units_and_links_chooses_none() -> None:
    """An empty place of the graph leaves the unit that was chosen."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        view = main(app).query_one(NetworkView)
        await pilot.press("2", "right")
        assert view.chosen is not None
        await pilot.click(view, offset=(view.size.width - 1, 1))
        assert view.chosen is None


async def test_footer_pauses_and_steps() -> None:
    """The footer's words are buttons."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.click("#footer", offset=(2, 0))
        await pilot.click("#footer", offset=(16, 0))
        await pilot.pause()
        assert [call[0] for call in asked(app)] == ["pause", "batch"]


async def test_the_timeline_bar_goes_back_in_time() -> None:
    """A click on the bar below the panes asks for the step under the mouse; while the run goes it asks for nothing."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        bar = main(app).query_one(TimelineBar)
        app._backend.snapshot = train_run(2745, running=False)  # type: ignore[misc]
        app.refresher.draw_frame(pictures=False)
        await pilot.pause()
        await pilot.click(bar, offset=(bar._begin, 0))
        await pilot.pause()
        assert asked(app)[-1] == ("goto", "step", 0)
        count = len(asked(app))
        app._backend.snapshot = train_run(2745, running=True)  # type: ignore[misc]
        app.refresher.draw_frame(pictures=False)
        await pilot.pause()
        await pilot.click(bar, offset=(bar._begin, 0))
        await pilot.pause()
        assert not [what for what in asked(app)[count:] if what[0] == "goto"]


async def test_units_and_hidden_layers_are_added_and_taken_out_by_clicks() -> None:
    """The signs in a line of the list are for its units, those below the network for the chosen unit's layer."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        layers, view = main(app).query_one(LayerList), main(app).query_one(NetworkView)

        def texts() -> tuple[str, ...]:
            return app._backend.settings.layer_texts  # type: ignore[no-any-return]

        line = layers.plain_text.splitlines()[2]
        assert "linear 8" in line
        await pilot.click(layers, offset=(line.index("+"), 2))
        await pilot.click(layers, offset=(line.index("+"), 2))
        assert texts()[2] == "linear 10"
        await pilot.click(layers, offset=(line.index("- +"), 2))
        assert texts()[2] == "linear 9"
        assert "+" not in layers.plain_text.splitlines()[1]
        assert view.plain_text.splitlines()[-1].endswith("hidden layers - +")
        await pilot.click(view, offset=(view.size.width - 3, view.size.height - 1))
        assert texts() == ("linear 8", "tanh", "linear 2")
        await pilot.click(view, offset=(view.size.width - 1, view.size.height - 1))
        assert texts() == ("linear 8", "tanh", "linear 8", "tanh", "linear 2")
        await pilot.press("right")
        assert "J K ±0.1" in view.plain_text.splitlines()[-1]
        assert view.plain_text.splitlines()[-1].endswith(" - +")
        await pilot.click(view, offset=(view.size.width - 1, view.size.height - 1))
        assert texts()[0] == "linear 9"
        assert view.chosen is not None
