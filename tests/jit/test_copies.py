"""Copies of what a user holds: independent and exact, or refused in one sentence; never two that share an address."""

from __future__ import annotations

import concurrent.futures
import copy
import gc
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.inspector.inspector import Inspector
from nnplay.records.registry import python_names
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer
from tests.small_objectives import objective_trainer
from tests.small_trainer import same, spiral, trainer

LAYERS = "linear 8, batch_norm, dropout 0.2, tanh, sum[identity | linear 8], linear 2"


def pickled(given: Any, protocol: int = pickle.DEFAULT_PROTOCOL) -> Any:
    """What comes out of a pickle of `given`."""
    return pickle.loads(pickle.dumps(given, protocol=protocol))  # noqa: S301 - bytes made on this line


#: Ways to a second object.
WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickled,
    "pickle of old": lambda given: pickled(given, 2),
}


def trained(**more: Any) -> Trainer:
    """A trainer in the middle of an epoch, with everything that a checkpoint can hold."""
    made = trainer(layers=LAYERS, schedule="plateau", l2=1e-3, clip_norm=1.0, **more)
    made.run(steps=12)
    return made


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """One way to a second object."""
    return WAYS[request.param]


def test_a_copied_trainer_goes_on_with_the_same_bits_when_the_original_is_gone(way: Callable[[Any], Any]) -> None:
    """The copy has memory of its own: it trains, scores and answers as the original would have."""
    original, other = trained(), trained()
    twin = way(original)
    del original
    gc.collect()
    rubbish = [np.full(4096, np.nan, np.float32) for _ in range(512)]  # where the original was
    twin.run(steps=20)
    other.run(steps=20)
    assert same(twin, other)
    assert twin.evaluate("test") == other.evaluate("test")
    assert np.array_equal(twin.predict(twin.split.test.x), other.predict(other.split.test.x))
    for name in other.history.names():
        assert np.array_equal(twin.history[name].last, other.history[name].last), name
    assert len(rubbish) == 512


def test_a_copy_and_its_original_know_nothing_of_each_other(way: Callable[[Any], Any]) -> None:
    """Training one moves neither the other's weights nor its curves."""
    original = trained()
    before, curve = original.machine.memory.copy(), original.history["loss"].last.copy()
    twin = way(original)
    assert np.array_equal(twin.machine.memory, before)
    twin.run(steps=7)
    twin.parameters()["0.weight"][:] = 5.0
    assert np.array_equal(original.machine.memory, before)
    assert np.array_equal(original.history["loss"].last, curve)
    assert (original.step, twin.step) == (12, 19)


def test_a_copy_shows_the_step_that_the_original_took(way: Callable[[Any], Any]) -> None:
    """Rows, their operands and the last good weights are those of the original."""
    original = trained()
    twin = way(original)
    for (row, values), (twin_row, twin_values) in zip(nn.trace(original), nn.trace(twin), strict=True):
        assert row == twin_row
        assert all(np.array_equal(values[name], twin_values[name]) for name in values)
    last_good = original.machine.tape.named["last_good"]
    assert np.array_equal(original.machine.view(last_good), twin.machine.view(twin.machine.tape.named["last_good"]))


def test_trainers_copied_together_share_what_they_shared() -> None:
    """In one deep copy, two trainers on one split are again two trainers on one split."""
    data = spiral()
    first, second = copy.deepcopy([trainer(data), trainer(data)])
    assert first.split is second.split
    assert first.split is not data
    assert first.machine is not second.machine


def _three_steps(given: Trainer) -> Trainer:
    given.run(steps=3)
    return given


def test_a_trainer_travels_to_another_process_and_back() -> None:
    """A process that was started anew trains it further; it comes back with the bits that it would have had here."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        back = pool.submit(_three_steps, trained()).result()
    assert same(back, _three_steps(trained()))


def test_a_refusal_travels_to_another_process_and_back() -> None:
    """What went wrong in a worker process arrives as what it was, several mistakes included."""
    wrong = nn.Network("linear 4 name=A, linear 4 name=B")
    with pytest.raises(nn.InputError) as caught:
        wrong.plan((2,))
    arrived = pickled(caught.value)
    assert type(arrived) is type(caught.value)
    assert str(arrived) == str(caught.value)
    assert [one.message for one in arrived.problems] == [one.message for one in caught.value.problems]
    single = pickled(nn.InputError("is wrong", where="here", hint="mend it"))
    assert (single.what, single.where, single.hint) == ("is wrong", "here", "mend it")


def test_a_record_stays_the_one_that_it_is(way: Callable[[Any], Any]) -> None:
    """Records are found by name again: a copy is the record itself."""
    names = sorted(python_names())
    assert [name for name in names if way(getattr(nn, name)) is not getattr(nn, name)] == []
    assert len(names) > 100


def test_what_is_data_can_be_copied(way: Callable[[Any], Any]) -> None:
    """Networks, optimizers, losses, schedules, settings, data and curves come through with what they hold."""
    network = way(nn.Network(LAYERS, seed=3))
    assert repr(network) == repr(nn.Network(LAYERS, seed=3))
    assert [layer.record for layer in network.layers] == [layer.record for layer in nn.Network(LAYERS).layers]
    for item in (
        nn.AdamW(lr=0.5),
        nn.CrossEntropy(label_smoothing=0.1),
        nn.Cosine(steps=7),
        nn.TrainingSettings(seed=5),
    ):
        assert way(item) == item
    data = nn.load_dataset("iris")
    assert np.array_equal(way(data).x, data.x)
    assert np.array_equal(way(data.split()).test.x, data.split().test.x)
    history = nn.History()
    history.add("loss", 1, 0.5)
    assert way(history)["loss"].last.tolist() == [0.5]


def test_what_cannot_be_copied_says_what_can(way: Callable[[Any], Any], tmp_path: Path) -> None:
    """What holds addresses, files or a lock, from a machine to a run of several objectives, names the way."""
    with nn.Session.new(tmp_path / "run.nnplay", {"data": "xor"}) as session:
        run = session.trainer
        held = [run.machine, run._evaluation, Timeline(run), Inspector(run), session, objective_trainer()]
        for item in held:
            with pytest.raises(nn.InputError, match=f"a {type(item).__name__} cannot be copied or pickled; .*rainer"):
                way(item)


def test_views_keep_their_memory_when_the_trainer_is_gone() -> None:
    """Parameters, tensors and answers stay readable and writable, with their numbers."""
    gone = trained()
    views = gone.parameters() | gone.tensors()
    wanted = {name: view.copy() for name, view in views.items()}
    del gone
    gc.collect()
    rubbish = [np.full(4096, np.nan, np.float32) for _ in range(512)]
    for name, view in views.items():
        assert np.array_equal(view, wanted[name])
        view[...] = 1.0
    assert not any((one == 1.0).any() for one in rubbish)


def test_a_walk_through_a_step_keeps_its_trainer() -> None:
    """The rows of `trace` go on when nothing else holds the trainer."""
    walk, wanted = nn.trace(trained()), nn.trace(trained())
    gc.collect()
    for (_, values), (_, others) in zip(walk, wanted, strict=True):
        assert all(np.array_equal(values[name], others[name]) for name in values)
