"""The legend above the curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnplay.training.curves.history import Curve
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.widgets.cells import row_width
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.message_line import MessageLine
from tests.ui.fake_run import train_run
from tests.ui.playing import main, make, text_of, type_line


async def test_a_legend_too_long_for_one_row_takes_more_and_no_value_is_cut() -> None:
    """Three forks with long names in a pane of 38 columns: every name stands there with its value."""
    app = make()
    async with app.run_test(size=(120, 40)):
        view = app.screen.query_one(CurveView)
        line = Curve()
        line.extend(np.arange(20), np.linspace(1.0, 0.5, 20))
        names = ("this run", "optimizer sgd from 352", "lr 0.03 from 852")
        view.show(dict.fromkeys(names, line))
        rows = view.draw(38, 16)
        lines = ["".join(text for text, _ in row).rstrip() for row in rows]
        assert len(rows) == 16
        assert all(row_width(row) <= 40 for row in rows)
        assert all(any(f"{name}  0.5000" in text for text in lines) for name in names)


async def test_what_was_said_goes_when_the_step_is_another() -> None:
    """Going back and forth takes away what was said about the step before: on a small screen it lies over the bar."""
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("comma", "less_than_sign", "full_stop", "greater_than_sign"):
            await type_line(pilot, "set lr 0.5")
            assert text_of(app, "#message-line")
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, MainScreen)
            assert app.screen.query_one(MessageLine).text == ""


async def test_header_and_legend_have_the_same_losses_at_any_moment() -> None:
    """Numbers are drawn more often than curves; in the past both are those of the step that is looked at."""
    app = make()
    async with app.run_test(size=(120, 40)):
        snapshot = replace(train_run(5000), train_loss=0.1234, validation_loss=0.2345)
        app.refresher._draw(snapshot, [])
        assert "train 0.1234 valid 0.2345" in text_of(app, "#header")
        assert "train  0.1234  ━ valid  0.2345" in text_of(app, "#curves")
        past = replace(snapshot, step=100, running=False, train_loss=0.5678)
        app.refresher._draw(past, [main(app).pane("curves")], numbers=False)
        assert "train  0.1234" in text_of(app, "#curves")  # as the header still has it
        app.refresher._draw(past, [])
        assert "train  0.5678" in text_of(app, "#curves")
        view = main(app).query_one(CurveView)
        view.action_cursor(-3)
        assert "0.5678" not in view.plain_text
        assert "at 4," in view.plain_text
