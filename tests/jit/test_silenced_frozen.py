"""Silent and frozen parts: rows of the tape like all others, part of the settings, of the past and of saved runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.catalogue import load_dataset
from nnplay.errors import InputError
from nnplay.inspector.gradient_check import Checker
from nnplay.inspector.inspector import Inspector
from nnplay.network import silenced_frozen
from nnplay.network.network import Network
from nnplay.network.silenced_frozen import NetworkPart
from nnplay.run.saving import saved_run
from nnplay.timeline.timeline import Timeline
from nnplay.training.remake import remake
from nnplay.training.trainer import Trainer


def make_trainer(layers: str = "linear 6, tanh, linear 2", **more: Any) -> Trainer:
    """A small trainer on 210 training rows."""
    split = load_dataset("moons", samples=300, seed=0).split(seed=0)
    return Trainer(Network(layers, seed=2), split, threads=1, seed=5, **more)


def bits(trainer: Trainer) -> bytes:
    """Everything that decides how the run goes on."""
    return trainer.state().memory.tobytes() + np.array(trainer.machine.clock).tobytes()


def test_texts_are_read_and_written() -> None:
    """A text names units and layers, each once, and is toggled part by part."""
    assert silenced_frozen.read("1:3, 4 1:3") == (NetworkPart("1", 3), NetworkPart("4"))
    assert silenced_frozen.text_of(silenced_frozen.read("2.1:0 4")) == "2.1:0 4"
    assert silenced_frozen.toggled("1:3", NetworkPart("4")) == "1:3 4"
    assert silenced_frozen.toggled("1:3 4", NetworkPart("1", 3)) == "4"
    assert silenced_frozen.words("1:3", "0") == ("unit 3 of layer 1 silent", "layer 0 frozen")
    with pytest.raises(InputError, match="does not name a unit"):
        silenced_frozen.read("1:x")


@pytest.mark.parametrize(
    ("setting", "text", "message"),
    [
        ("silent", "9", "no layer 9"),
        ("silent", "1:6", "units 0 to 5"),
        ("frozen", "1", "no weights"),
        ("frozen", "0:6", "units 0 to 5"),
    ],
)
def test_what_is_not_there_is_refused_and_changes_nothing(setting: str, text: str, message: str) -> None:
    """Layers and units that the network lacks are refused in words."""
    trainer = make_trainer()
    with pytest.raises(InputError, match=message):
        trainer.set(**{setting: text})
    assert (trainer.settings.silent, trainer.settings.frozen) == ("", "")


def test_a_unit_of_a_recurrent_layer_is_not_frozen_alone() -> None:
    """Where units share weights, only the whole layer can be frozen."""
    split = load_dataset("adding", samples=100, length=5, seed=0).split(seed=0)
    trainer = Trainer(Network("lstm 3, linear 1"), split, threads=1)
    with pytest.raises(InputError, match="freeze the whole layer"):
        trainer.set(frozen="0:1")
    before = trainer.parameters()["0.weight_hh_l0"].copy()
    trainer.set(frozen="0")
    trainer.run(steps=3)
    assert np.array_equal(trainer.parameters()["0.weight_hh_l0"], before)


@pytest.mark.parametrize("layers", ["linear 6, tanh, linear 2", "linear 6, batch_norm, relu, dropout 0.2, linear 2"])
def test_held_in_training_and_evaluation(layers: str) -> None:
    """A silent unit is 0 in answers, and gets no gradient; frozen weights keep their bits; all else is trained."""
    trainer = make_trainer(layers)
    trainer.run(steps=10)
    last = len(trainer.plan.layers) - 1
    trainer.set(silent=f"{last - 1}:3", frozen=f"0:2 {last}")
    before = {name: value.copy() for name, value in trainer.parameters().items()}
    trainer.run(steps=30)
    after = trainer.parameters()
    moved = (after["0.weight"] != before["0.weight"]).any(axis=0)
    assert moved.tolist() == [True, True, False, True, True, True]
    assert np.array_equal(after[f"{last}.weight"], before[f"{last}.weight"])
    name = f"eval.{last - 1}.output"
    answers = trainer.forward(trainer.split.train.x[:9], [name])[name]
    assert not answers[:, 3].any()
    assert answers[:, 0].any()
    trainer.set(silent="", frozen="")
    trainer.run(steps=1)
    assert not np.array_equal(trainer.parameters()[f"{last}.weight"], before[f"{last}.weight"])


def test_stepping_is_running_and_the_past_comes_back() -> None:
    """With parts held and released on the way, stepped rows, the run and a replay have the same bits."""
    run, stepped = make_trainer(), make_trainer()
    timeline = Timeline(run)
    changes = [(5, {"silent": "1:3"}), (9, {"frozen": "0"}), (14, {"silent": "", "frozen": "2:1"})]
    inspector = Inspector(stepped)
    seen = {}
    for step in range(20):
        for at, change in changes:
            if at == step:
                timeline.make_change("held", lambda trainer, change=change: trainer.set(**change))  # type: ignore[misc]
                stepped.set(**change)
                inspector.begin()
        seen[step] = bits(run)
        assert bits(stepped) == seen[step]
        run.advance(1)
        timeline.note_progress()
        for _ in range(len(inspector.rows)):
            inspector.next()
    for step in (3, 17, 9, 14, 5, 19):
        timeline.go_to(step)
        assert bits(run) == seen[step]


def test_rows_that_hold_are_what_they_say() -> None:
    """Definition and worked-out elements of the rows that silence, keep and put back are the kernels' numbers."""
    trainer = make_trainer()
    trainer.run(steps=3)
    trainer.set(silent="1:3 1:0", frozen="0:2 2")
    inspector, random, names = Inspector(trainer), np.random.default_rng(0), set()
    for number, row in enumerate(inspector.rows):
        if row.operation.kernel.name.startswith("nnplay.operations.step.silence"):
            before, after = inspector.before_and_after(number)
            values = {**inspector.values(number), **{k: v for k, v in before.items() if k in row.operation.reads}}
            integers = dict(zip(row.operation.integers, row.integers, strict=True))
            defined = row.operation.reference(*(values[name] for name in row.operation.reads), **integers)
            result = after[row.operation.writes[0]]
            assert np.array_equal(defined, result)
            for place in random.integers(0, result.size, 3):
                index = tuple(int(k) for k in np.unravel_index(place, result.shape))
                assert inspector.element(number, index).value == result[index]
            names.add(row.operation.name)
    assert names == {"silence", "silence the gradient", "copy frozen weights", "restore frozen weights"}
    assert trainer.machine.clock.step == 3


def test_the_gradient_of_a_silenced_network_is_right() -> None:
    """Finite differences agree with backpropagation through a network with silent units."""
    trainer = make_trainer(silent="1:3 0:1")
    assert Checker(trainer).check("0.weight").worst < 1e-5


def test_a_saved_run_keeps_them(tmp_path: Path) -> None:
    """What is silent and frozen is part of a session."""
    config = RunConfig.from_dict(
        {"data": {"name": "moons", "samples": 200}, "layers": ["linear 3", "tanh", "linear 2"]}
    ).changed({"training": {"silent": "1:2", "frozen": "0"}})
    trainer = config.trainer()
    saved_run.write(tmp_path / "a.nnplay", saved_run.capture(config, trainer))
    opened = saved_run.read(tmp_path / "a.nnplay")
    assert (opened.trainer.settings.silent, opened.trainer.settings.frozen) == ("1:2", "0")


def test_another_network_lets_go_of_what_it_lacks() -> None:
    """When layers are taken away, what was silent in them is no longer named."""
    trainer = make_trainer(silent="1:3 0:1", frozen="2")
    other, _ = remake(trainer, network=Network("linear 2"))
    assert (other.settings.silent, other.settings.frozen) == ("0:1", "")
