"""Lists of options, which may change between the moment they are drawn and a click."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from textual.app import App, ComposeResult
from textual.widgets import OptionList

import nnplay.tui.terminal.textual_private  # noqa: F401  (mends Textual's lists)


class Lists(App[None]):
    """A list of two options."""

    def compose(self) -> ComposeResult:
        """The list."""
        yield OptionList("one", "two")


@pytest.mark.parametrize(("clicked", "highlighted"), [(1, 1), (2, None), (None, None)])
async def test_a_click_on_an_option_that_is_gone_is_on_none(clicked: int | None, highlighted: int | None) -> None:
    """A click carries the number of the option that was drawn there; the list may have fewer by now."""
    app = Lists()
    async with app.run_test() as pilot:
        options = app.query_one(OptionList)
        options.highlighted = None
        event = SimpleNamespace(style=SimpleNamespace(meta={"option": clicked}))
        await options._on_click(cast(Any, event))
        await pilot.pause()
        assert options.highlighted == highlighted
