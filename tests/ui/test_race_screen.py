"""The race on the screen: begun by a line, followed, decided, and a variant taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.tui.app import Playground
from nnplay.tui.race.race_table import RaceTable
from nnplay.tui.race.screen import RaceScreen
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from tests.small_players import GAME
from tests.ui.playing import main, type_line
from tests.ui.waiting import until

RUN: dict[str, Any] = {
    "data": {"name": "xor"},
    "layers": ["linear 4", "tanh", "linear 2"],
    "epochs": 10,
    "training": {"batch_size": 32},
}


@asynccontextmanager
async def racing(
    line: str, size: tuple[int, int] = (120, 40), run: dict[str, Any] = RUN
) -> AsyncIterator[tuple[Pilot[int], PlaygroundBackend]]:
    """The playground, after a command was typed."""
    backend = PlaygroundBackend(RunConfig.from_dict(run))
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: backend.worker.trainer is not None)
            await pilot.press("colon")
            await until(pilot, lambda: app.screen.query(Input))
            app.screen.query_one(Input).value = line
            await pilot.press("enter")
            yield pilot, backend
    finally:
        backend.stop()


def screen(pilot: Pilot[int]) -> RaceScreen:
    """The race."""
    assert isinstance(pilot.app.screen, RaceScreen)
    return pilot.app.screen


def said(pilot: Pilot[int]) -> str:
    """What stands in the line for messages."""
    return pilot.app.screen.query_one(MessageLine).text


@pytest.mark.parametrize("size", [(120, 40), pytest.param((80, 24), marks=pytest.mark.slow)])
async def test_a_race_is_run_and_its_best_variant_taken(size: tuple[int, int]) -> None:
    """With its settings, at step 0; z takes it back."""
    async with racing("race optimizer=sgd,adam optimizer.lr=0.01,0.1", size) as (pilot, backend):
        await until(pilot, lambda: isinstance(pilot.app.screen, RaceScreen))
        table = screen(pilot).query_one(RaceTable)
        await until(pilot, lambda: "is ahead with validation accuracy" in said(pilot))
        rows = table.plain_text.splitlines()
        assert "epoch" in rows[0]
        assert "accuracy" in rows[0]
        for name in ("sgd, lr 0.01", "sgd, lr 0.1", "adam, lr 0.01", "adam, lr 0.1"):
            assert sum(f" {name} " in row for row in rows[1:5]) == 1
        assert rows[1].startswith("▸ 1"), (
            "enter takes the one that leads, as the message says, until the cursor is moved"
        )
        await pilot.press("down")
        assert "enter takes it" not in screen(pilot)._result()
        await pilot.press("up", "up", "up", "up")
        await until(pilot, lambda: said(pilot) == "this is the first variant")
        chosen = screen(pilot)._race.run_of(table.chosen)
        assert chosen is not None
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main(pilot.app))  # type: ignore[arg-type]
        await until(pilot, lambda: backend.settings.optimizer == chosen.optimizer and backend.snapshot.step == 0)
        await pilot.press("z")
        await until(pilot, lambda: backend.settings.optimizer != chosen.optimizer)


async def test_the_line_decides_and_more_epochs_go_on() -> None:
    """A line can be drawn at any time; the message says who was first over it."""
    async with racing("race layers.width=1,4") as (pilot, _):
        await until(pilot, lambda: isinstance(pilot.app.screen, RaceScreen) and "is ahead" in said(pilot))
        race = screen(pilot)._race
        await pilot.press("l")
        await until(pilot, lambda: pilot.app.screen.query(Input))
        pilot.app.screen.query_one(Input).value = "0.5"
        await pilot.press("enter")
        await until(pilot, lambda: "was first over the line, at epoch" in said(pilot))
        await pilot.press("plus")
        await until(pilot, lambda: race.epochs == 15 and race.finished)
        await pilot.press("space")
        await until(pilot, lambda: "the race is over" in said(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot.app))  # type: ignore[arg-type]


async def test_seeds_are_a_band() -> None:
    """One line with its quartiles, and a row for each seed."""
    async with racing("seeds 5", (80, 24)) as (pilot, _):
        await until(pilot, lambda: isinstance(pilot.app.screen, RaceScreen) and "quartiles" in said(pilot))
        assert "accuracy of 5 seeds: median" in said(pilot)
        assert "(95 %)" in said(pilot)
        shown = screen(pilot)._shown_curves()
        assert list(shown) == ["median of 5 seeds, quartiles dimmed"]
        assert "seed 4" in screen(pilot).query_one(RaceTable).plain_text


REFUSED = {
    "race optimizer=sgd": "2 to 8 variants",
    "race 'layers=linear 2": "a quotation mark is not closed",
    "race optimizer.lrr=1,2": "did you mean 'lr'",
    "seeds many": "seeds",
}


async def test_what_cannot_race_is_said() -> None:
    """In the line for messages; the playground stays."""
    first, *others = REFUSED
    async with racing(first) as (pilot, _):
        await until(pilot, lambda: REFUSED[first] in said(pilot))
        assert pilot.app.screen is main(pilot.app)  # type: ignore[arg-type]
        for line in others:
            await type_line(pilot, line)
            await until(pilot, lambda words=REFUSED[line]: words in said(pilot))  # type: ignore[misc]
            assert pilot.app.screen is main(pilot.app)  # type: ignore[arg-type]


async def test_every_key_of_a_race_has_an_answer() -> None:
    """Something changes, a dialog opens, or a message says why not."""
    from nnplay.tui.race.keys import KEYS

    async with racing("race layers.width=1,4") as (pilot, _):
        await until(pilot, lambda: isinstance(pilot.app.screen, RaceScreen) and "is ahead" in said(pilot))
        race = screen(pilot)

        def state() -> tuple[object, ...]:
            rows = race._table.plain_text, race._curves.plain_text
            return (*rows, race.query_one(MessageLine).text, len(pilot.app.screen_stack), pilot.app.clipboard)

        for key in [key.keys.split(",")[0] for key in KEYS if key.run not in ("leave", "app.quit", "take_variant")]:
            race.say("")
            await pilot.pause()
            before = state()
            await pilot.press(key)
            await until(pilot, lambda before=before: state() != before)
            while pilot.app.screen is not race:
                await pilot.press("escape")
                await pilot.pause()
            await until(pilot, lambda: race._race.finished)


@pytest.mark.parametrize(
    ("line", "screen_of"),
    [("race optimizer.lr=0.01,0.1", "race"), ("seeds 2", "race"), ("sweep optimizer.lr=0.01,0.1", "sweep")],
)
async def test_no_score_says_who_plays_best(line: str, screen_of: str, tmp_path: Path, monkeypatch: Any) -> None:
    """What ranks variants of a game is the discriminator's, which every one of these screens says, at its end too."""
    monkeypatch.chdir(tmp_path)
    async with racing(line, run={**GAME, "epochs": 2}) as (pilot, _):
        caution = "in a game the accuracy says how well the discriminator tells real rows, not who plays best"
        ended = {"race": ("leads with", "median", "the same for all"), "sweep": ("is finished",)}[screen_of]
        await until(pilot, lambda: any(words in said(pilot) for words in ended))
        assert caution in said(pilot)
        assert "best accuracy" not in said(pilot)
