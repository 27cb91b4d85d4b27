"""Networks out of saved sessions: teachers whose answers are targets, and weights that a run begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.inspector.gradient_check import Checker
from nnplay.tape.machines.interpreter import InterpretedMachine
from nnplay.timeline.timeline import Timeline
from tests.small_players import game
from tests.small_trainer import same

TEACHER: dict[str, Any] = {
    "data": {"name": "gauss", "samples": 90},
    "layers": "linear 8, batch_norm, relu, dropout 0.3, linear 2",
    "loss": "cross_entropy",
    "training": {"batch_size": 16, "threads": 1},
    "seed": 3,
}
IMITATE = {
    "name": "imitate",
    "path": ["network"],
    "target": "teacher",
    "loss": "distillation temperature=3",
    "factor": 0.7,
    "adds_to": "network",
}


@pytest.fixture
def saved(tmp_path: Path) -> str:
    """A trained teacher, saved."""
    path = tmp_path / "teacher.nnplay"
    with nn.Session.new(path, TEACHER) as session:
        session.trainer.run(steps=40)
        session.save()
    return str(path)


def student(saved: str, **changes: Any) -> RunConfig:
    """A smaller network that learns from the labels and from the teacher."""
    table = {**TEACHER, "layers": "linear 3, tanh, linear 2", "seed": 1, "objective": {"factor": 0.3}}
    table |= {"networks": {"teacher": {"from": saved}}, "objectives": [IMITATE]}
    return RunConfig.from_dict({**table, **changes})


def test_a_student_learns_from_what_a_teacher_answers(saved: str, tmp_path: Path) -> None:
    """The loss is its definition, with the teacher as outside training; gradients are differences; bits are kept."""
    config = student(saved, training={"batch_size": 16, "threads": 1, "real": "float64"})
    trainer, plain = config.trainer(), config.trainer(machine=InterpretedMachine)
    trainer.run(steps=5)
    plain.run(steps=5)
    assert np.allclose(trainer.machine.state(), plain.machine.state(), rtol=0, atol=1e-10)
    with nn.Session.open(saved) as session:
        for name, values in session.trainer.tensors().items():
            if name in session.trainer.parameters() or name in session.trainer.machine.tape.buffers:
                assert np.array_equal(trainer.tensors()[f"teacher.{name}"], values), name
        machine = trainer.machine
        table = machine.current_batch
        stage = machine.tape.stages[0]
        machine.run_table(table, stage.rows.update_at, stage.rows.first)
        x = machine.view(stage.named["imitate.asked"], table.n)
        t, z = session.trainer.predict(x), machine.view(stage.named["output"], table.n)
        q, p = (np.exp(a / 3 - np.log(np.exp(a / 3).sum(axis=1, keepdims=True))) for a in (t, z))
        own, labels = float(machine.view(stage.named["own loss"])[0]), float(machine.view(stage.named["loss"])[0])
        wanted = 9 * float((q * (np.log(q) - np.log(p))).sum(axis=1).mean())
        assert labels == pytest.approx(0.3 * own + 0.7 * wanted, rel=1e-5)
    checker = Checker(trainer)
    assert [name for name in trainer.machine.tape.stages[0].gradients if name.startswith("teacher")] == []
    for name in ("0.weight", "0.bias", "2.weight"):
        assert checker.check(name, elements=6).worst < 1e-6
    trainer.rewind()
    trainer.run(steps=5)
    assert np.array_equal(trainer.machine.state(), checker.trainer.machine.state())


def test_a_student_is_saved_forked_and_replayed(saved: str, tmp_path: Path) -> None:
    """A session opens with the same bits, from another folder too, and so does a step back to the start."""
    config = student(saved)
    trainer = config.trainer()
    trainer.run(steps=9)
    with nn.Session.new(tmp_path / "student.nnplay", config.to_dict()) as session:
        session.trainer.run(steps=9)
        session.save()
    with nn.Session.open(tmp_path / "student.nnplay") as session:
        assert same(trainer, session.trainer)
    timeline = Timeline(again := config.trainer())
    while again.step < 9:
        timeline.advance(9 - again.step)
    timeline.go_to(0)
    fresh = config.trainer()
    assert np.array_equal(again.machine.state(), fresh.machine.state())
    timeline.go_to(9)
    assert same(trainer, again)
    assert RunConfig.from_dict(config.to_dict()) == config


def test_a_network_out_of_a_game_brings_no_other_player_along(tmp_path: Path) -> None:
    """The run's own network begins as it was saved; a generator that only has the same name begins at random."""
    path = tmp_path / "game.nnplay"
    with nn.Session.new(path, game().to_dict()) as session:
        session.trainer.run(steps=3)
        session.save()
        saved = {name: values.copy() for name, values in session.trainer.parameters().items()}
    fresh = game().trainer().parameters()
    begun = game(objective={"name": "discriminator", "target": 1, "from": str(path)}).trainer().parameters()
    for name, values in begun.items():
        wanted = fresh if name.startswith("generator.") else saved
        assert np.array_equal(values, wanted[name]), name


def test_fine_tuning_begins_with_saved_weights_and_leaves_frozen_ones(saved: str) -> None:
    """Layers that fit begin with the session's weights, a new head with its own; frozen ones stay."""
    layers = "linear 8 frozen, batch_norm frozen, relu, dropout 0.3, linear 4, relu, linear 2"
    table = {**TEACHER, "layers": layers, "objective": {"from": saved}}
    trainer = RunConfig.from_dict(table).trainer()
    plain = RunConfig.from_dict({**table, "objective": {}}).trainer()
    with nn.Session.open(saved) as session:
        first = session.trainer.parameters()["0.weight"].copy()
    assert np.array_equal(trainer.parameters()["0.weight"], first)
    assert np.array_equal(trainer.parameters()["6.weight"], plain.parameters()["6.weight"])
    before = {name: values.copy() for name, values in trainer.parameters().items()}
    trainer.run(steps=6)
    assert np.array_equal(trainer.parameters()["0.weight"], first)
    assert not np.array_equal(trainer.parameters()["6.weight"], before["6.weight"])
    trainer.rewind()
    assert all(np.array_equal(values, before[name]) for name, values in trainer.parameters().items())


def test_a_saved_network_is_a_frozen_part_of_a_path(saved: str) -> None:
    """A path through the teacher trains what lies behind it; the teacher stays as it was saved."""
    head = {"name": "head", "path": ["teacher", "top"], "trains": ["top"], "target": "data"}
    networks = {"teacher": {"from": saved}, "top": {"layers": "linear 2"}}
    trainer = student(saved, networks=networks, objectives=[head]).trainer()
    before = {name: values.copy() for name, values in trainer.parameters().items()}
    trainer.run(steps=5)
    for name, values in trainer.parameters().items():
        assert np.array_equal(values, before[name]) == name.startswith("teacher."), name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": {"teacher": {"from": "nowhere.nnplay"}}}, "nowhere"),
        ({"networks": {"teacher": {"part": "generator"}}}, "unknown network 'generator'"),
        ({"objectives": [{**IMITATE, "target": "techer"}]}, "cannot be a target|no objective uses"),
        ({"objectives": [{**IMITATE, "loss": "cross_entropy"}]}, "compares with labels"),
        (
            {"networks": {"teacher": {"layers": "linear 3"}}},
            "'teacher' answers with 3, but distillation compares with 2",
        ),
    ],
)
def test_teachers_that_cannot_be_are_refused_in_a_sentence(saved: str, changes: dict[str, Any], message: str) -> None:
    """No file, no such network in it, no such teacher, and answers that cannot be compared."""
    networks = {"teacher": {"from": saved, **changes.get("networks", {}).get("teacher", {})}}
    with pytest.raises(InputError, match=message):
        student(saved, **{**changes, "networks": networks}).trainer()


def test_weights_that_nothing_trains_come_from_the_session_or_the_run_is_refused(saved: str) -> None:
    """A teacher that learned from rows of another shape, and a frozen layer of another width, would stay random."""
    with pytest.raises(InputError, match=r"has no teacher\.0\.weight of 30×8, and nothing would train it"):
        student(saved, data="breast_cancer").trainer()
    start = {**TEACHER, "objective": {"from": saved}}
    with pytest.raises(InputError, match=r"has no 0\.weight of 2×5, and nothing would train it"):
        nn.Session.new(None, {**start, "layers": "linear 5 frozen, relu, linear 2"})
    RunConfig.from_dict({**start, "layers": "linear 5, relu, linear 2"}).trainer()  # trained: it begins anew
