"""The footer offers the keys that do something where the user is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nnplay.health.finding import Finding
from nnplay.tui.app import Playground
from nnplay.tui.commands.screen_keys import shown as name_key
from nnplay.tui.inspector.keys import KEYS
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.keys_line import KeysLine
from nnplay.views.view import Shown
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import main, make, text_of


async def test_keys_of_weights_are_offered_by_the_graph_and_not_by_the_chain() -> None:
    """v takes `w next weight` and `enter set weight` out of the footer, v again brings them back."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2")
        assert "w next weight  enter set weight" in text_of(app, "#footer")
        await pilot.press("v")
        await pilot.pause()
        assert "weight" not in text_of(app, "#footer")
        await pilot.press("v")
        await pilot.pause()
        assert "w next weight" in text_of(app, "#footer")


async def test_a_cure_is_offered_for_a_finding_that_has_one() -> None:
    """`enter apply fix` stands there while the cursor is on a finding with an action."""
    found = (Finding("good", "learning"), Finding("warning", "too fast", "3", "pane-training"))
    app = Playground(FakeBackend(replace(train_run(), health=found)), Look())  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("6")
        assert "apply fix" not in text_of(app, "#footer")
        await pilot.press("down")
        await pilot.pause()
        assert "apply fix" in text_of(app, "#footer")


async def test_views_and_curves_that_are_not_there_are_not_offered() -> None:
    """One view of no examples has no next view; a run without curves has no scale to switch."""
    app = Playground(FakeBackend(replace(train_run(), shown=Shown(), curves={})), Look())  # type: ignore[arg-type]
    async with app.run_test(size=(200, 40)) as pilot:
        await pilot.press("4")
        assert "next view" not in text_of(app, "#footer")
        await pilot.press("5")
        await pilot.pause()
        assert "log scale" not in text_of(app, "#footer")
        assert main(app).current == "curves"


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_the_inspector_offers_what_one_could_not_guess(width: int) -> None:
    """Breakpoints, predicting first, forks and the gradient check are in the inspector's footer, at 80 columns too."""
    app = make()
    async with app.run_test(size=(width, 24)) as pilot:
        line = KeysLine(KEYS)
        await main(app).mount(line)
        await pilot.pause()
        shown = "".join(text for text, _ in line.draw(width, 1)[0])
        for part in ("breakpoint", "predict", "fork", "grad check", "help", "back"):
            assert part in shown
        assert len(shown.rstrip()) <= width
        texts = [f" {name_key(key)} {key.title}  " for key in KEYS if key.title]
        order = [shown.index(text) for text in texts if text in shown]
        assert order == sorted(order)
