"""What a start leaves out changes nothing."""

from __future__ import annotations

import pytest

from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run

LOOKS = {
    "dark": Look(),
    "light": Look().with_palette(dark=False),
    "plain": Look(ascii=True),
    "few colours": Look(colours="16"),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
async def test_all_widgets_have_their_styles_although_they_are_styled_once(look: Look) -> None:
    """To style the main screen again, as Textual does when it is shown first, gives every widget what it has."""
    app = Playground(FakeBackend(train_run()), look)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        widgets = list(app.screen.walk_children(with_self=True))
        before = [widget.styles.css for widget in widgets]
        app.screen.update_node_styles(animate=False)
        after = [widget.styles.css for widget in widgets]
    assert len(widgets) > 20
    assert after == before
