"""Which device ran the steps of a session, and what is said where another one replays them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay import session
from nnplay.cli import main
from nnplay.config import RunConfig
from nnplay.kernels.cuda import driver, module
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving.session import Session
from nnplay.tape.machines import card_replicas, device
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.cuda_machine import CudaMachine
from nnplay.timeline.saved.engine import ON_BOTH, ON_CARD
from tests.small_worker import until

RUN = {"data": "xor", "layers": "linear 4, tanh, linear 2", "seed": 1}
REPLAYED = "earlier steps were run on a graphics card: replayed on a processor, their last digits may differ"


@pytest.fixture(autouse=True)
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A card that leaves the work to the processor, and says that it did it."""

    class Stand:
        def __init__(self, machine: CudaMachine) -> None:
            self.turns: dict[str, int] = {}

        def advance(self, machine: CudaMachine, steps: int) -> int:
            machine.steps_a_launch = 8
            return CpuMachine.advance(machine, steps)

    found = driver.Card("NVIDIA H200", (9, 0), 1 << 37, 132, 232_448)
    monkeypatch.setattr(driver, "card", lambda: found)
    monkeypatch.setattr(module, "begin", lambda *given: None)
    monkeypatch.setattr(CudaMachine, "_begin", lambda machine: Stand(machine))
    monkeypatch.setattr(CudaMachine, "value_after_step", CpuMachine.value_after_step)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    yield
    device.choose("cpu")


def engine() -> str:
    return str(session.summarize("run.nnplay").record["past"]["engine"])


def open_run(on: str, path: str = "") -> tuple[PlaygroundBackend, str]:
    """A playground on a device, and what it says as it opens a session."""
    device.choose(on)
    made = PlaygroundBackend(RunConfig.from_dict(RUN))
    until(lambda: made.worker.trainer is not None)
    return made, made.open(path) if path else ""


def train_and_save(made: PlaygroundBackend, step: int) -> str:
    made.goto("step", step)
    until(lambda: not made.snapshot.running and made.snapshot.step == step)
    made.save("run")
    made.stop()
    return engine()


def test_a_session_says_where_its_steps_were_run() -> None:
    """In the playground, once, where another device replays them; what only goes on is told nothing."""
    made, _ = open_run("cuda")
    assert train_and_save(made, 10) == ON_CARD
    made, said = open_run("cuda", "run.nnplay")
    assert "last digits" not in said
    assert train_and_save(made, 20) == ON_CARD
    made, said = open_run("cpu", "run.nnplay")
    assert said.count(REPLAYED) == 1
    made.save("run")
    assert engine() == ON_CARD
    assert train_and_save(made, 30) == ON_BOTH
    made, said = open_run("cuda", "run.nnplay")
    assert "were run on a processor and a graphics card: replayed on a graphics card" in said
    made.stop()


def test_a_run_whose_card_failed_was_run_on_both(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = open_run("cuda")
    made.goto("step", 10)
    until(lambda: made.snapshot.step == 10)
    machine: Any = made.worker.trainer.machine  # type: ignore[union-attr]
    made.worker.ask(lambda run: machine._give_up(driver.CardError("the graphics card failed: planted")))
    assert train_and_save(made, 20) == ON_BOTH


@pytest.mark.parametrize(("first", "then", "wanted"), [("cpu", "cuda", ON_BOTH), ("cuda", "cuda", ON_CARD)])
def test_the_command_line_and_python_note_it_too(first: str, then: str, wanted: str) -> None:
    for number, on in enumerate((first, then)):
        device.choose(on)
        with Session.open("run.nnplay") if number else Session.new("run.nnplay", RUN) as found:
            found.trainer.run(steps=5)
            found.save()
            assert found.warnings == ()
    assert engine() == wanted


@pytest.mark.parametrize(
    ("on", "noted", "then", "wanted"),
    [
        ("cuda", "4 on a card", "cuda", "4 on a card"),
        ("auto", "4 on a card", "cpu", "4 on both"),
        ("cpu", "4", "cuda", "4 on both"),
    ],
)
def test_a_replica_was_run_where_all_were(
    on: str, noted: str, then: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the session's own trainer took no step; what goes on from there adds what it runs on."""

    class Stand:
        seconds, where = 1.0, "NVIDIA H200"

        def __init__(self, machine: Any, data: Any, memories: Any, seeds: Any) -> None:
            self._memories = memories

        def advance(self, rates: Any, stop: Any) -> list[Any]:
            return [np.zeros((len(self._memories), 1, 4))]

        def memories(self) -> Any:
            return self._memories

    monkeypatch.setattr(card_replicas, "CardReplicas", Stand)
    order = ["train", "xor", "--layers", "linear 2", "--epochs", "1", "--replicas", "2", "--save", "run.nnplay"]
    assert main([*order, "--json", "--device", on]) == 0
    assert engine() == noted
    device.choose(then)
    with Session.open("run.nnplay") as found:
        found.trainer.run(steps=5)
        found.save()
    assert engine() == wanted
