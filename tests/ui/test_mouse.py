"""Claims about the mouse: it can do what the keys do, and is needed for nothing."""

from __future__ import annotations

from textual import events
from textual.widgets import OptionList

from nnplay.tui.curve_view import CurveView
from nnplay.tui.dialogs.choose import Choose
from nnplay.tui.dialogs.layer import AskLayer
from nnplay.tui.form import Form
from nnplay.tui.layer_list import LayerList
from nnplay.tui.tabs import PaneTabs
from tests.ui.test_playground import asked, main, make


async def test_choice_is_opened_and_taken_by_clicks() -> None:
    """A click on a choice opens its list, a click in the list takes it."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.click(main(app).query_one("#training Form", Form), offset=(20, 0))
        await pilot.pause()
        assert isinstance(app.screen, Choose)
        await pilot.click(app.screen.query_one(OptionList), offset=(2, 1))
        await pilot.pause()
        assert app._backend.settings.loss == "mse"


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
        assert isinstance(app.screen, AskLayer)
        await pilot.press("escape")
        await pilot.click(layers, offset=(4, 5))
        await pilot.pause()
        assert isinstance(app.screen, AskLayer)


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


async def test_footer_pauses_and_steps() -> None:
    """The footer's words are buttons."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.click("#footer", offset=(2, 0))
        await pilot.click("#footer", offset=(16, 0))
        await pilot.pause()
        assert [call[0] for call in asked(app)] == ["pause", "batch"]
