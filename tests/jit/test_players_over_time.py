"""Two players over time: forks, branches, undo and sessions in the middle of a turn give the exact bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnplay.config import RunConfig
from nnplay.config.run_config import Whole
from nnplay.run.playground import PlaygroundBackend
from nnplay.session import summarize
from nnplay.session.summary_text import describe
from tests.jit.test_branches import every, fork, switch
from tests.jit.test_saved_timeline import apart
from tests.jit.test_timeline_of_edits import chosen
from tests.jit.test_undo import change, equal, read_everything, train
from tests.small_players import GAME, game, objectives

#: The discriminator learns in every third step, so that most steps are in the middle of a turn.
RUN = game(objective={"every": 3}, objectives=objectives(every=1), training={"average": "ema", "ema_decay": 0.9})
FORKS: dict[str, Callable[[PlaygroundBackend], object]] = {
    "lr 0.2": change(optimizer={"lr": 0.2}),
    "resting generator": change(training={"resting": "generator"}),
    "batch_size 8": change(training={"batch_size": 8}),
}
EDITS: dict[str, Callable[[PlaygroundBackend], object]] = {
    **FORKS,
    "a weight": lambda backend: backend.set_weight("generator.3.weight", (1, 0), 7.5),
    "loss": change(loss={"name": "hinge"}),
    "optimizer of the generator": change(objectives=objectives(optimizer="adam lr=0.01")),
    "another generator": change(networks={"generator": {"layers": ["linear 9, relu, linear 2"], "noise": 2}}),
    "one network": change(
        objective=Whole(),
        networks=Whole(),
        objectives=[],
        data={"name": "circle"},
        loss={"name": "cross_entropy"},
        layers=["linear 2"],
    ),
    "no average": change(training={"average": "none"}),
    "rewind": lambda backend: backend.rewind(),
    "seed": lambda backend: backend.reseed(),
}


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlaygroundBackend]:
    """The game after 40 steps, with a state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    made = PlaygroundBackend(RUN)
    train(made, 40)
    yield made
    made.stop()


@pytest.mark.parametrize(
    "words", [pytest.param(words, marks=() if words == "resting generator" else pytest.mark.slow) for words in FORKS]
)
def test_a_fork_in_the_middle_of_a_turn_is_the_run_that_was_changed_there(
    backend: PlaygroundBackend, words: str, tmp_path: Path
) -> None:
    """All steps of a fork from step 25 are those of a fresh run changed at 25; the first branch and files keep bits."""
    before = every(backend)
    fork(backend, 25, words)
    switch(backend, words)
    train(backend, 12)
    found, settings, now = every(backend), chosen(backend.settings), read_everything(backend)
    fresh = PlaygroundBackend(RUN)
    try:
        train(fresh, 25)
        FORKS[words](fresh)
        train(fresh, 27)
        assert every(fresh) == found
        assert chosen(fresh.settings) == settings
    finally:
        fresh.stop()
    backend.save(str(tmp_path / "run"))
    said = "\n".join(describe(summarize(tmp_path / "run.nnplay")))
    assert all(f"layers of {name}" in said for name in ("discriminator", "generator"))
    assert "objective made path generator → discriminator, target 0, adds_to discriminator" in said
    assert "trains generator, optimizer sgd lr=0.05 momentum=0.9" in said
    assert "layers of generator (noise 3)" in said
    backend.open(str(apart(tmp_path / "run.nnplay")))
    assert equal(read_everything(backend), now)
    [branch] = [branch.split(" from ")[0] for branch, _ in backend.branches()]
    switch(backend, branch)
    assert every(backend) == before


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in list(FORKS)[1:] else ()) for name in EDITS]
)
def test_an_edit_of_a_game_taken_back_gives_the_exact_bits(backend: PlaygroundBackend, name: str) -> None:
    """z restores both players, their optimizers, averages and curves; Z those after the edit; the run goes on alike."""
    before, settings = read_everything(backend), backend.settings
    EDITS[name](backend)
    after, edited = read_everything(backend), backend.settings
    assert backend.snapshot.error == ""
    assert backend.undo().startswith("undone: ")
    assert equal(read_everything(backend), before)
    assert backend.settings == settings
    assert backend.redo().startswith("redone: ")
    assert equal(read_everything(backend), after)
    assert backend.settings == edited
    backend.undo()
    train(backend, 11)
    assert backend.snapshot.error == ""
    went_on, with_no_edit = read_everything(backend), RUN.trainer()
    with_no_edit.run(steps=51)
    assert all(went_on[key].tobytes() == value.tobytes() for key, value in with_no_edit.tensors().items())


def test_a_file_of_a_game_is_the_game() -> None:
    """The run of these tests is read back as it was written."""
    assert RunConfig.from_dict(RUN.to_dict()) == RUN
    assert GAME["objective"]["name"] == "discriminator"
