"""Every size, theme, colour depth and text is shown whole, and never obeyed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nnplay.config import DataChoice
from nnplay.health.finding import Finding
from nnplay.tui.app import Playground
from nnplay.tui.theme.look import Look
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import SIZES, main, make, text_of

pytestmark = pytest.mark.painted


@pytest.mark.parametrize("size", SIZES)
async def test_opens_and_shows_the_run_at_every_size(size: tuple[int, int]) -> None:
    """Header counters, the footer's first key and the picture are there at each size."""
    app = make()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "step 2,745" in text_of(app, "#header")
        assert "2,745" in text_of(app, "#header")
        assert "space pause" in text_of(app, "#footer")
        assert "●" in text_of(app, "#output")


async def test_maximise_and_reset() -> None:
    """f gives the pane the whole screen, 0 shows all again."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "f")
        await pilot.pause()
        assert not main(app).pane("data").display
        assert main(app).pane("curves").size.width > 100
        await pilot.press("0")
        await pilot.pause()
        assert main(app).pane("data").display


async def test_tab_goes_through_all_panes_at_a_small_size() -> None:
    """tab visits every pane once and comes back; each is on the screen when it is current."""
    app = make()
    async with app.run_test(size=(60, 20)) as pilot:
        seen = []
        for _ in range(7):
            await pilot.press("tab")
            await pilot.pause()
            seen.append(main(app).current)
            assert main(app).pane(main(app).current).display
        assert sorted(seen) == sorted(["data", "training", "network", "layers", "output", "curves", "health"])


async def test_theme_switches_every_picture() -> None:
    """T changes to the light theme, and pictures take the light colours."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("T")
        await pilot.pause()
        assert app.theme == "nnplay-light"
        assert not app.look.palette.dark


async def test_hostile_text_is_shown_and_never_obeyed() -> None:
    """Markup and control sequences in names, findings and messages change nothing but the text."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        for step, hostile in enumerate(
            ("[/]", "[@click=app.quit]x[/]", "\x1b]52;c;aGk=\x07", "\x9b2J", "\u202eabc"), 5
        ):
            health = (Finding("error", f"cell {step} {hostile} bad"),)
            now = replace(train_run(step), health=health, message=f"file {step} {hostile}")
            app._backend.snapshot = now  # type: ignore[misc]
            app._backend.settings = replace(app._backend.settings, data=DataChoice(file=hostile))  # type: ignore[misc, type-var]
            app._main.show_settings()
            app.refresher.draw_frame(pictures=True)
            await pilot.pause()
            assert app.is_running
            shown = [text_of(app, pane) for pane in ("#health", "#message-line", "#header", "#data")]
            assert f"cell {step}" in shown[0]
            assert f"file {step}" in shown[1]
            assert not any(
                (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in "".join(shown)
            )


@pytest.mark.parametrize(
    "look",
    [
        Look(ascii=True),
        Look(colours="16"),
        Look(colours="none"),
        pytest.param(Look(colours="256"), marks=pytest.mark.slow),  # see `tests/ui/test_few_colours.py`
    ],
)
async def test_other_forms_draw(look: Look) -> None:
    """ASCII, 16, 256 and no colours: everything is drawn; under --ascii all live text is 7-bit but for names."""
    app = Playground(FakeBackend(train_run()), look)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        if look.ascii:
            assert text_of(app, "#output").isascii()
            assert text_of(app, "#curves").isascii()


async def test_resize_storm() -> None:
    """From 1×1 to 500×200 nothing breaks and the layout is right at the end."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        for size in ((1, 1), (500, 200), (20, 6), (79, 19), (80, 24), (3, 50), (200, 3), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert main(app).pane("data").display
        assert not main(app).has_class("-single")
