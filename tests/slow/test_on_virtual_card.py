"""Whole trainings by the code that graphics cards get, run by a processor: its numbers, and how its threads meet.

Every launch is watched: nothing outside of memory is touched, and no number by two threads that did not meet between.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.kernels.compile import notices
from nnplay.kernels.cuda import driver
from nnplay.presets.catalogue import load_preset
from nnplay.run.replicas import run_of_seed, train_replicas
from nnplay.tape.machines import device
from nnplay.training.trainer import Trainer
from tests.virtual_card.compare import on_card
from tests.virtual_card.driver import VirtualCard, can_compile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_compile(), reason="needs gcc"),
    pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="needs nnplay[gpu]"),
]

PutIn = Callable[[int], VirtualCard]


@pytest.fixture
def put_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PutIn]:
    """Puts in a card whose threads take turns in an order that follows from a number."""

    def put(seed: int) -> VirtualCard:
        card = VirtualCard(tmp_path, seed=seed)
        driver.card.cache_clear()
        monkeypatch.setattr(driver, "_library", lambda: card)
        monkeypatch.setattr(driver, "_contexts", [])
        return card

    yield put
    driver.card.cache_clear()


def trained(config: RunConfig, steps: tuple[int, ...], schedule: str = "", *, tf32: bool = False) -> Trainer:
    """A run on the card, after so many steps in several calls."""
    run: Trainer = config.trainer(machine=on_card(schedule, tf32=tf32))
    for count in steps:
        run.run(steps=count)
    assert run.machine.why_not == ""
    return run


@pytest.mark.parametrize("schedule", ["block", "grid"])
def test_a_small_network_is_a_processors_to_the_last_bit(schedule: str, put_in: PutIn) -> None:
    """Over the end of an epoch, with evaluations; in whatever order threads take their turns.

    The loss that is shown is a sum over the batch in an order of its own.
    """
    config = load_preset("spiral").config
    alone = config.trainer()
    alone.run(steps=60)
    assert alone.epoch >= 2
    for seed in (1, 2):
        card = put_in(seed)
        run = trained(config, (1, 59), schedule)
        np.testing.assert_array_equal(run.machine.state(), alone.machine.state())
        np.testing.assert_allclose(run.history["loss"].last, alone.history["loss"].last, rtol=1e-6)
        assert card.instructions > 0


def test_a_launch_begins_with_a_cleared_counter_of_meetings(put_in: PutIn) -> None:
    """Whatever the one before it had left there, such as what would soon run over."""
    config = load_preset("spiral").config
    alone = config.trainer()
    alone.run(steps=3)
    put_in(4)
    run = trained(config, (1,), "grid")
    run.machine._run.barrier.write(np.array([(1 << 32) - 5], np.int64))
    run.run(steps=2)
    assert run.machine.why_not == ""
    np.testing.assert_array_equal(run.machine.state(), alone.machine.state())


@pytest.mark.parametrize(
    ("preset", "schedule"),
    [
        ("digits_mlp28", "samples"),
        ("lenet", "grid"),
        ("lenet", "samples"),
        ("adding_lstm", "samples"),
        ("tiny_transformer", "grid"),
        ("gan_ring", "grid"),
    ],
)
def test_gradients_are_within_a_hundred_thousandth_of_a_processors(preset: str, schedule: str, put_in: PutIn) -> None:
    """Each of its gradients: Adam may divide those that are rounding alone by themselves.

    One that is nearly 0 is the rounding of larger numbers, so all are within 1e-7 of the largest.
    """
    config = load_preset(preset).config
    alone = config.trainer()
    alone.run(steps=1)
    put_in(3)
    run = trained(config, (1,), schedule)
    slots = run.machine.tape.layout.slots["gradients"]
    gradients = [(slot.name, run.machine.view(slot), alone.machine.view(slot)) for slot in slots]
    least = 1e-7 * max(np.abs(wanted).max() for _, _, wanted in gradients)
    for name, found, wanted in gradients:
        assert np.abs(found - wanted).max() <= max(1e-5 * np.abs(wanted).max(), least), name


def test_tensor_cores_give_the_same_bits_in_whatever_order_threads_work(put_in: PutIn) -> None:
    """And are as near to float32 as 10 bits behind the point let them be."""
    table = {"layers": "linear 64, relu, linear 10", "training": {"batch_size": 64}, "optimizer": {"name": "sgd"}}
    config = load_preset("digits_mlp28").changed(**table).config
    alone = config.trainer()
    alone.run(steps=2)
    states = []
    for seed in (4, 5):
        put_in(seed)
        run = trained(config, (2,), "grid", tf32=True)
        assert "products in TF32" in run.machine.where
        states.append(run.machine.state())
    np.testing.assert_array_equal(states[0], states[1])
    difference = float(np.abs(states[0] - alone.machine.state()).max() / np.abs(alone.machine.state()).max())
    assert 0 < difference < 2**-11


def test_replicas_are_runs_of_their_own(put_in: PutIn, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(6)
    monkeypatch.setattr(device._Choice, "device", "cuda")
    config = RunConfig.from_dict({"data": {"name": "xor"}, "layers": "linear 4, tanh, linear 2", "epochs": 3})
    found = train_replicas(config, 3)
    assert "virtual card" in found.where
    monkeypatch.setattr(device._Choice, "device", "cpu")
    for index, seed in enumerate(found.seeds):
        run = run_of_seed(config, int(seed)).trainer()
        run.run(epochs=3)
        np.testing.assert_array_equal(found.states[index], run.machine.state())


@pytest.mark.parametrize(
    ("schedule", "function", "barrier", "instead"),
    [
        ("block", "run_rows", r"bar\.sync[^;]*;", ""),
        ("grid", "meet_grid", r"setp\.lt\.s64", "setp.gt.s64"),
    ],
    ids=["behind a row", "between blocks"],
)
def test_a_kernel_whose_threads_do_not_wait_is_found_wrong(
    schedule: str, function: str, barrier: str, instead: str, put_in: PutIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card that watches finds what a card that does not would only sometimes get wrong."""

    def hasty(ptx: str) -> str:
        begin = re.search(rf"\.weak \.func[^;{{]*{function}[^;{{]*\{{", ptx)
        assert begin is not None
        body, found = re.subn(barrier, instead, ptx[begin.end() :], count=1)
        assert found
        return ptx[: begin.end()] + body

    card = put_in(7)
    compiled = card._compile
    monkeypatch.setattr(card, "_compile", lambda ptx: compiled(hasty(ptx)))
    said: list[str] = []
    monkeypatch.setattr(notices, "tell", said.append)
    monkeypatch.setattr(notices, "_said", set())
    run = load_preset("spiral").config.trainer(machine=on_card(schedule))
    run.run(steps=3)
    assert len(said) == 1
    assert run.machine.failed
    assert re.search("another thread|two threads", run.machine.why_not)
