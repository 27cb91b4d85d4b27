"""What the header keeps at every width."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.arrange import tab_names
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.header import HeaderLine
from nnplay.tui.widgets.tabs import PaneTabs
from tests.small_players import game, objectives
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import main, text_of
from tests.ui.waiting import until


@pytest.mark.parametrize("width", [200, 120, 100, 80])
async def test_header_keeps_data_network_state_step_losses_and_speed(width: int) -> None:
    """At 80 columns as at 200: what is trained, whether it runs, the step, both losses, and the speed."""
    backend = FakeBackend(replace(train_run(2745, running=True), steps_per_second=1234.0))
    backend.unsaved_steps = True
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(width, 40)) as pilot:
        await pilot.pause()
        shown = text_of(app, "#header")
        for part in ("spiral › 2·8·8·2", "●", "▶", "step 2,745", "train 0.1321", "valid 0.1465", "1.23 k", "/s"):
            assert part in shown
        assert len(shown.rstrip()) <= width


async def test_no_number_is_cut_at_any_width() -> None:
    """What finds no room is left out whole: a number without its last digit is another number. All six tabs stay."""
    backend = FakeBackend(replace(train_run(72_745, running=False), latest=88_000))
    backend.unsaved_steps = True
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(200, 40)) as pilot:
        await pilot.pause()
        header = main(app).query_one(HeaderLine)

        def words(width: int) -> list[str]:
            return "".join(text for row in header.draw(width, 1) for text, _ in row)[:width].split()

        every = words(400)
        for width in range(18, 100):
            assert set(words(width)) - {"spiral", "…", "k/s"} <= set(every), width
            assert "0.0214" in words(width)
            assert "72,745" in words(width) or width < 34
            tabs = "".join(f"{text} " for _, text in tab_names(width))
            assert len(tabs.rstrip()) <= width
            assert re.findall(r"\d", tabs) == list("123456")


async def test_a_long_title_is_cut_and_nothing_else() -> None:
    """The names of data and network give way, but never vanish."""
    backend = FakeBackend(replace(train_run(2_745_000, running=False), latest=9_000_000, held=("2 units silent",)))
    backend.settings = replace(backend.settings, data=replace(backend.settings.data, name="spiral", file="very " * 9))
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = text_of(app, "#header")
        for part in ("very", "…", "‖", "of 9,000,000", "train", "valid"):
            assert part in shown


async def test_a_speed_that_was_not_measured_is_a_dash() -> None:
    """Never 0 steps a second beside a counter that moves."""
    backend = FakeBackend(replace(train_run(12), steps_per_second=math.nan))
    app = Playground(backend, Look())  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "– steps/s" in text_of(app, "#header")


async def test_the_tab_of_the_network_stands_for_its_layers() -> None:
    """On pages, the layers have no tab of their own."""
    app = Playground(FakeBackend(train_run()), Look())  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "2")
        await pilot.pause()
        assert main(app).current == "layers"
        marked = [text for row in main(app).query_one(PaneTabs).draw(80, 1) for text, style in row if style.reverse]
        assert marked == [" 2 Network "]


async def test_the_header_of_a_game_leaves_out_sizes_first() -> None:
    """At 120 columns the program's name and both players' losses stay, and which network is shown."""
    backend = PlaygroundBackend(game(objectives=objectives(name="forger")))
    try:
        app = Playground(backend, Look())
        async with app.run_test(size=(200, 40)) as pilot:
            backend.batch()
            await until(pilot, lambda: "forger" in text_of(app, "#header") and "step 1" in text_of(app, "#header"))
            await pilot.pause()
            header = main(app).query_one(HeaderLine)
            whole, narrow = ("".join(text for text, _ in header.draw(width, 1)[0]) for width in (200, 120))
            assert " points › discriminator 2·6·1 " in whole
            for part in (" nnplay ", "points › discriminator ", "step 1", " sum ", "forger ", "/s"):
                assert part in narrow
            assert "2·6·1" not in narrow
            assert len(narrow.rstrip()) <= 120
    finally:
        backend.stop()
