"""Claims about the theme on terminals of 256 and 16 colours: it is mapped onto what they have, not dropped."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem

from nnplay.tui.app import Playground
from nnplay.tui.theme.few_colours import nearest_of_16, nearest_of_256, shade_of_256
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import DARK, LIGHT, Palette
from nnplay.tui.widgets.header import HeaderLine
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run

pytestmark = pytest.mark.painted


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_surfaces_stay_apart_in_256_colours(palette: Palette) -> None:
    """Ground, raised ground, quiet and faint ink are four colours, and Rich writes the ones that were chosen."""
    colours = (palette.background, palette.raised, palette.faint, palette.dim, *palette.scale()[::5])
    assert len({nearest_of_256(colour) for colour in colours[:4]}) == 4
    for colour in colours:
        assert Color.parse(shade_of_256(colour)).downgrade(ColorSystem.EIGHT_BIT).number == nearest_of_256(colour)


def test_16_colours_keep_hue_and_lightness() -> None:
    """Blue stays blue, orange goes to yellow or red; greys go by how light they are."""
    assert nearest_of_16("#2f5fc4") in ("blue", "bright_blue")
    assert nearest_of_16("#c8772a") in ("red", "yellow")
    assert [nearest_of_16(grey) for grey in ("#12151c", "#3b4254", "#a8b3c7", "#fafaf7")] == [
        "black", "bright_black", "white", "bright_white",
    ]  # fmt: skip
    assert Look(colours="16").plain("#2f5fc4").color is not None


@pytest.mark.parametrize("colours", ["16", pytest.param("256", marks=pytest.mark.slow), "full"])
async def test_light_and_dark_are_two_themes_everywhere(colours: str) -> None:
    """`T` changes the ground under the pictures, and the ink on it, also where there are 16 colours."""
    app = Playground(FakeBackend(train_run()), Look(colours=colours))  # type: ignore[arg-type]
    seen = []
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(2):
            styles = [segment.style for segment in app._main.query_one(HeaderLine).render_line(0) if segment.style]
            seen.append({(style.color, style.bgcolor) for style in styles})
            assert all(style.bgcolor is not None and not style.bgcolor.is_default for style in styles)
            await pilot.press("T")
            await pilot.pause()
    assert not seen[0] & seen[1]
