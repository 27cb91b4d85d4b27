"""The screen of a sweep: begun by a line or opened from a file, followed in all views, and a trial taken."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.sweeps.results_file import ResultsFile, read_results
from nnplay.sweeps.sweep import Sweep, plan_sweep
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.tui.app import Playground
from nnplay.tui.commands.sweeping import SweepActions
from nnplay.tui.sweep.keys import KEYS
from nnplay.tui.sweep.screen import SweepScreen
from nnplay.tui.sweep.views import VIEWS, SweepView
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.message_line import MessageLine
from tests.jit.test_live_sweep import Slow
from tests.ui.playing import main
from tests.ui.settling import settle
from tests.ui.test_screens import compare_screen
from tests.ui.waiting import until

RUN: dict[str, Any] = {
    "data": {"name": "xor"},
    "layers": ["linear 4", "tanh", "linear 2"],
    "epochs": 3,
    "training": {"batch_size": 32},
}
AXES = ("optimizer.lr=log(1e-3,1)", "layers.width=2,3,4", "optimizer=sgd,adam")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep keeps its results in the working folder."""
    monkeypatch.chdir(tmp_path)


@asynccontextmanager
async def sweeping(
    line: str, size: tuple[int, int] = (120, 40), look: Look | None = None
) -> AsyncIterator[tuple[Pilot[int], PlaygroundBackend]]:
    """The playground, after a command was typed."""
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    app = Playground(backend, look or Look())
    try:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: backend.worker.trainer is not None)
            await type_line(pilot, line)
            yield pilot, backend
    finally:
        backend.stop()


async def type_line(pilot: Pilot[int], line: str) -> None:
    """Type a command."""
    await pilot.press("colon")
    await until(pilot, lambda: pilot.app.screen.query(Input))
    pilot.app.screen.query_one(Input).value = line
    await pilot.press("enter")


def screen(pilot: Pilot[int]) -> SweepScreen:
    """The sweep."""
    assert isinstance(pilot.app.screen, SweepScreen)
    return pilot.app.screen


def is_open(pilot: Pilot[int], trials: int) -> bool:
    """Whether the screen shows so many trials."""
    return isinstance(pilot.app.screen, SweepScreen) and len(screen(pilot).state.board.outcomes) >= trials


def said(pilot: Pilot[int]) -> str:
    """What stands in the line for messages."""
    return pilot.app.screen.query_one(MessageLine).text


def plan(*axes: str) -> Sweep:
    """A sweep of the run above."""
    return plan_sweep(RunConfig.from_dict(RUN), axes or AXES, trials=1000)[0]


def made_up(number: int) -> Outcome:
    """What might have come of a trial; every tenth diverges."""
    settings = {
        "optimizer.lr": 10.0 ** (-3 + number % 97 / 32.3),
        "layers.width": 2 + number % 3,
        "optimizer": ("sgd", "adam")[number % 2],
    }
    if number % 10 == 9:
        return Outcome(Trial(number, settings), "diverged", reason="loss is not a number")
    scores = {"loss": 0.1 + number % 89 / 89, "accuracy": 1 - number % 89 / 178, "parameters": 22.0}
    curve = ((1, 1.0), (2, 0.7), (3, scores["loss"]))
    return Outcome(Trial(number, settings), "done", scores, 12, curve, "", 0.01)


def write(path: Path, count: int) -> Sweep:
    """A results file of so many trials."""
    sweep = plan()
    with ResultsFile(path, sweep) as results:
        results.add([made_up(number) for number in range(count)])
    return sweep


async def test_a_sweep_runs_in_the_background_and_its_best_trial_is_taken(tmp_path: Path) -> None:
    """As it was, at step 0; z takes it back; the file is that of the command line."""
    line = "sweep optimizer.lr=log(1e-3,1) layers.width=2,4 trials=12 training.l2=0.001"
    async with sweeping(line, (80, 24)) as (pilot, backend):
        await until(pilot, lambda: "the sweep is finished: best accuracy" in said(pilot))
        before = backend.settings
        sweep, outcomes = read_results(tmp_path / "xor-sweep.jsonl")
        assert len(outcomes) == 12
        assert sweep.run.training["l2"] == 0.001
        best = max(outcomes, key=lambda one: (one.scores["accuracy"], -one.scores["loss"]))
        chosen = screen(pilot).state.outcome
        assert chosen is not None
        assert chosen.trial == best.trial
        await pilot.press("space")
        await until(pilot, lambda: said(pilot).startswith("the sweep is finished; enter"))
        await pilot.press("enter")
        await until(pilot, lambda: backend.settings.optimizer.values["lr"] == best.trial.settings["optimizer.lr"])
        await until(pilot, lambda: backend.snapshot.step == 0 and f"trial {best.trial.number}" in said(pilot))
        backend.run_for(epochs=3)
        steps = best.steps
        await until(pilot, lambda: backend.snapshot.step == steps)
        trainer = backend.worker.trainer
        assert trainer is not None
        assert trainer.evaluate("validation")["loss"] == best.scores["loss"]
        await pilot.press("z")
        await until(pilot, lambda: backend.settings == before)
        await type_line(pilot, "sweep")
        await until(pilot, lambda: is_open(pilot, 12))


@pytest.mark.parametrize(
    ("size", "look"),
    [
        ((120, 40), Look()),
        pytest.param((80, 24), Look(colours="none"), marks=pytest.mark.slow),
        ((80, 24), Look(ascii=True, colours="none")),
    ],
)
async def test_all_views_of_a_file(tmp_path: Path, size: tuple[int, int], look: Look) -> None:
    """Each says what it shows, within its room."""
    write(tmp_path / "s.jsonl", 200)
    words = {
        "table": ("optimizer", "accuracy", "100.0 %"),
        "best so far": ("best accuracy so far, 100.0 %", "each of 200 trials"),
        "parallel": ("lr", "width", "sgd", "adam", "accuracy"),
        "scatter": ("accuracy against optimizer.lr", "under the cursor"),
        "importance": ("layers.width", "explains by itself"),
        "curves": ("trial 0, chosen", "validation loss by epoch"),
    }
    async with sweeping("sweep s.jsonl", size, look) as (pilot, _):
        await until(pilot, lambda: is_open(pilot, 200))
        view = screen(pilot).query_one(SweepView)
        for name in VIEWS:
            await until(pilot, lambda name=name: view.name_of_view == name)
            await until(pilot, lambda name=name: all(word in view.plain_text for word in words[name]))
            assert all(len(row.rstrip()) <= size[0] for row in view.plain_text.splitlines())
            assert not look.ascii or view.plain_text.isascii()
            await pilot.press("tab")
        await pilot.press("shift+tab", "Y", "Y")
        await until(pilot, lambda: said(pilot) == "the scatter: parameters against optimizer.lr")


@pytest.mark.painted
async def test_the_table_is_as_kept(tmp_path: Path) -> None:
    """Filtered, and sorted by the learning rate."""
    write(tmp_path / "s.jsonl", 200)
    async with sweeping("sweep s.jsonl", (80, 24)) as (pilot, _):
        await until(pilot, lambda: is_open(pilot, 200))
        await pilot.press("slash")
        await until(pilot, lambda: pilot.app.screen.query(Input))
        pilot.app.screen.query_one(Input).value = "adam accuracy>=70%"
        await pilot.press("enter")
        await until(pilot, lambda: said(pilot).startswith("the table has"))
        await pilot.press("right", "right")
        await until(pilot, lambda: screen(pilot).state.sort == "optimizer.lr")
        await settle(pilot)
        await compare_screen("sweep", pilot)


async def test_a_file_is_followed_while_it_is_written(tmp_path: Path) -> None:
    """By another process, whose last line may be half there; the cursor stays on its trial."""
    path = tmp_path / "s.jsonl"
    write(path, 5)
    async with sweeping("sweep s.jsonl") as (pilot, _):
        await until(pilot, lambda: is_open(pilot, 5))
        await pilot.press("down")
        await until(pilot, lambda: screen(pilot).state.chosen == 1)
        line = json.dumps(made_up(5).to_dict()).encode() + b"\n"
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, line[:40])
            await pilot.pause(0.6)
            assert len(screen(pilot).state.board.outcomes) == 5
            os.write(file, line[40:])
            await until(pilot, lambda: is_open(pilot, 6))
            assert screen(pilot).state.chosen == 1
            os.write(file, b"{}\n")
            await until(pilot, lambda: "has lines that are not the outcome" in said(pilot))
        finally:
            os.close(file)


@pytest.mark.slow
async def test_ten_thousand_trials_are_sorted_and_drawn(tmp_path: Path) -> None:
    """By any column, what diverged always last."""
    write(tmp_path / "s.jsonl", 10_000)
    async with sweeping("sweep s.jsonl") as (pilot, _):
        await until(pilot, lambda: is_open(pilot, 10_000))
        state = screen(pilot).state
        while state.sort != "accuracy":
            await pilot.press("right")
        await pilot.press("r", "end")
        await until(pilot, lambda: state.position == 9_999)
        assert state.outcome is not None
        assert state.outcome.end == "diverged"
        await pilot.press("home")
        await until(pilot, lambda: state.position == 0)
        assert state.outcome.scores["accuracy"] == 1.0
        for _ in VIEWS:
            await pilot.press("tab")
        await until(pilot, lambda: "diverged" not in screen(pilot)._view.plain_text)


REFUSED = {
    "sweep missing.jsonl": "cannot be read",
    "sweep 'optimizer.lr=0.1,1": "a quotation mark is not closed",
    "sweep optimizer.lrr=1,2": "did you mean 'lr'",
    "sweep training.l2=0.1": "a sweep changes at least one setting",
    "sweep optimizer.lr=0.1,1 trials=some": "trials",
    "sweep optimizer.lr=0.1,1 sampler=grit": "did you mean 'grid'",
}


async def test_what_cannot_be_swept_is_said() -> None:
    """In the line for messages; the playground stays."""
    first, *others = REFUSED
    async with sweeping(first) as (pilot, _):
        await until(pilot, lambda: REFUSED[first] in said(pilot))
        assert pilot.app.screen is main(pilot.app)  # type: ignore[arg-type]
        for line in others:
            await type_line(pilot, line)
            await until(pilot, lambda words=REFUSED[line]: words in said(pilot))  # type: ignore[misc]
            assert pilot.app.screen is main(pilot.app)  # type: ignore[arg-type]


async def test_a_long_trial_is_stopped_and_goes_on() -> None:
    """Another sweep's file is left alone: the new one gets a number; leaving lets it train."""
    write(Path("xor-sweep.jsonl"), 3)
    async with sweeping("sweep optimizer.lr=log(1e-3,1) epochs=1000000000 trials=3") as (pilot, _):
        await until(pilot, lambda: is_open(pilot, 0) and screen(pilot)._sweep.training)
        sweep = screen(pilot)._sweep
        assert sweep.path.name == "xor-sweep-2.jsonl"
        await pilot.press("space")
        await until(pilot, lambda: not sweep.training)
        await until(pilot, lambda: said(pilot) == "stopped; space goes on")
        assert not sweep.finished
        await pilot.press("space")
        await until(pilot, lambda: sweep.training)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot.app))  # type: ignore[arg-type]
        assert sweep.training
    assert not sweep.training


async def test_a_sweep_that_is_still_stopping_is_not_waited_for() -> None:
    """The key asks it to go on while the last trial is on its way, and takes that back; what was asked last holds."""
    sweep = Slow()
    sweep.trains_here = True
    sweep.start()
    try:
        async with sweeping("sweep") as (pilot, _):
            await until(pilot, lambda: said(pilot).startswith("no sweep is open"))
            pilot.app.push_screen(SweepScreen(sweep))
            await until(pilot, lambda: is_open(pilot, 0))
            await pilot.press("space")
            await until(pilot, lambda: said(pilot) == "stopping; space goes on")
            await pilot.press("space")
            await until(pilot, lambda: said(pilot) == "its last trials are still ending; then it goes on")
            assert " goes on once its last trials have ended " in screen(pilot)._describe()
            await pilot.press("space")
            await until(pilot, lambda: said(pilot) == "stopping; space goes on")
            assert " stopping " in screen(pilot)._describe()
            await pilot.press("space")
            assert sweep.begun == [0]
            sweep.may_end.set()
            await until(pilot, lambda: sweep.begun == [0, 1])
            await until(pilot, lambda: " training " in screen(pilot)._describe())
    finally:
        sweep.may_end.set()
        sweep.close()


async def test_a_sweep_that_is_begun_again_while_it_stops_goes_on_with_its_file() -> None:
    """Also behind another one that was begun in between: nobody waits, and none is refused for a file in use."""
    async with sweeping(f"sweep {AXES[0]} trials=20000") as (pilot, _):
        await until(pilot, lambda: is_open(pilot, 1))
        first = screen(pilot)._sweep
        await pilot.press("escape")
        await type_line(pilot, f"sweep {AXES[1]} trials=3")
        await until(pilot, lambda: is_open(pilot, 0) and screen(pilot)._sweep is not first)
        await pilot.press("escape")
        await type_line(pilot, f"sweep {AXES[0]} trials=20000")
        await until(pilot, lambda: is_open(pilot, 0) and screen(pilot)._sweep.sweep.digest == first.sweep.digest)
        again = screen(pilot)._sweep
        await until(pilot, lambda: again.training and not again.stopping)
        assert again.fault == ""


@pytest.mark.parametrize(
    "view", [pytest.param(view, marks=pytest.mark.slow if view else ()) for view in range(len(VIEWS))]
)
async def test_every_key_of_a_sweep_has_an_answer(tmp_path: Path, view: int) -> None:
    """Something changes, a dialog opens, or a message says why not."""
    write(tmp_path / "s.jsonl", 60)
    async with sweeping("sweep s.jsonl") as (pilot, _):
        await until(pilot, lambda: is_open(pilot, 60))
        sweep = screen(pilot)

        def state() -> tuple[object, ...]:
            words = sweep._view.plain_text, sweep._trial.plain_text, sweep.query_one(MessageLine).text
            return (*words, len(pilot.app.screen_stack), pilot.app.clipboard)

        for key in [key.keys.split(",")[0] for key in KEYS if key.run not in ("leave", "app.quit", "take_trial")]:
            while sweep._view.name_of_view != list(VIEWS)[view]:
                sweep.turn(1)
            sweep.say("")
            await pilot.pause()
            before = state()
            await pilot.press(key)
            await until(pilot, lambda before=before: state() != before)
            while pilot.app.screen is not sweep:
                await pilot.press("escape")
                await pilot.pause()


def test_all_sweeps_are_asked_to_stop_before_any_is_waited_for() -> None:
    """So the end takes as long as the last trial of one, and not of all, one behind the other."""
    calls = list[str]()

    class Recorded:
        def __init__(self, name: str) -> None:
            self._name = name

        def stop(self) -> None:
            calls.append(f"stop {self._name}")

        def close(self) -> None:
            calls.append(f"close {self._name}")

    nobody: Any = None
    actions: Any = SweepActions(nobody, nobody, nobody, nobody)
    actions.close()
    actions._sweep, actions._left = Recorded("shown"), [Recorded("left")]
    actions.close()
    assert calls == ["stop shown", "stop left", "close shown", "close left"]
