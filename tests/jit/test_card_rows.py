"""The rows of a graphics card, run on the processor: its threads one after the other, in any order and any number."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_trainer import trainer

import nnplay as nn
from nnplay.kernels import abi
from nnplay.kernels.compile import library
from nnplay.kernels.cuda.steps import GOES_ON
from nnplay.presets.catalogue import load_preset, preset_records
from nnplay.tape.machines import device
from nnplay.tape.machines.cuda_machine import CudaMachine
from nnplay.tape.machines.cuda_table import encode, ends_of, kernels_of, lacking, room_of
from tests.card_threads import ALL, ROW, groups_of


def one_step(run: nn.Trainer, threads: int, seed: int) -> NDArray[Any]:
    """Memory after one step of the card's rows; between two meetings, threads run one after the other, shuffled."""
    machine, tape = run.machine, run.machine.tape
    machine.shuffle()
    kernels = kernels_of(tape)
    addresses = library.addresses(kernels, "float32")
    functions = [ROW(addresses[kernel.name]) for kernel in kernels]
    codes = {kernel.name: number for number, kernel in enumerate(kernels)}
    table = machine.full_table
    made = encode(table, table, codes, tape.size, ALL, ends_of(tape))
    memory = np.zeros(tape.size + room_of([made]), np.float32)
    memory[: tape.size] = machine.memory
    clock = machine.cells.copy()
    clock[abi.CLOCK_ORDER] = machine.order.ctypes.data
    memory[tape.stages[0].named["optimizer"].offset] = run.optimizer.values["lr"]
    orders = np.random.default_rng(seed)
    for group in groups_of(made.cells, threads):
        for part in orders.permutation(int(group[:, abi.ROW_PARTS].max())):
            for row in group[group[:, abi.ROW_PARTS] > part]:
                line = np.ascontiguousarray(row)
                function = functions[line[abi.ROW_ADDRESS] % GOES_ON]
                function(line.ctypes.data, clock.ctypes.data, memory.ctypes.data, int(part))
    return memory[: tape.size]


def state_of(run: nn.Trainer, memory: NDArray[Any]) -> NDArray[Any]:
    bounds = run.machine.tape.layout.bounds
    return memory[bounds["parameters"][0] : bounds["buffers"][1]]


def check(run: nn.Trainer, *, state: bool = True) -> None:
    """The same bits for any number and order of threads, and the processor's gradient and state within 1e-5.

    Args:
        state: compare the state, too: not where Adam divides a gradient that is rounding alone by its own size, such as
            that of a bias in front of a normalisation.
    """
    first, *others = (one_step(run, threads, seed) for seed, threads in enumerate((1, 32, 128)))
    for other in others:
        np.testing.assert_array_equal(first.view(np.int32), other.view(np.int32))
    run.run(steps=1)
    pairs = [(first[slice(*run.machine.tape.layout.bounds["gradients"])], gradients_of(run))]
    pairs += [(state_of(run, first), run.machine.state())] if state else []
    for found, wanted in pairs:
        assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()


def gradients_of(run: nn.Trainer) -> NDArray[Any]:
    return np.array(run.machine.memory[slice(*run.machine.tape.layout.bounds["gradients"])])


def test_threads_go_on_where_no_row_needs_another_one() -> None:
    run = trainer(layers="linear 8, tanh, linear 8, tanh, linear 2")
    tape, table = run.machine.tape, run.machine.full_table
    codes = {kernel.name: number for number, kernel in enumerate(kernels_of(tape))}
    made = encode(table, table, codes, tape.size, 128, ends_of(tape))
    names = [f"{row.path} {row.operation.name}".strip() for row in table.rows for _ in row.operation.cuda]
    assert len(made.cells) <= len(names)
    meets = made.cells[:, abi.ROW_ADDRESS] < GOES_ON
    found = {
        f"{row.path} {row.operation.name}".strip()
        for number, row in enumerate(table.rows)
        if not meets[made.starts[number] : made.starts[number + 1]].all()
    }
    assert {"0 x·w + b", "4 gradient of weight", "4 gradient of bias", "2 gradient of x"} <= found
    assert not {"1 tanh", "next batch", "update (adam)", "gradient norm"} & found
    assert meets[-1]


def test_rows_of_a_small_network_do_not_depend_on_threads() -> None:
    check(trainer())


@pytest.mark.slow
def test_products_that_are_cut_into_shares() -> None:
    check(trainer(layers="linear 256, relu, linear 256, tanh, linear 2", optimizer=nn.SGD(lr=0.1), clip_norm=0.1))


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["digits8", "lenet", "sounds_cnn1d", "overfitting_dropout", "diabetes"])
def test_rows_of_presets(preset: str) -> None:
    check(load_preset(preset).config.trainer())


@pytest.mark.parametrize("layers", ["linear 8, batch_norm, tanh, linear 2", "linear 8, layer_norm, relu, linear 2"])
def test_rows_of_normalisation(layers: str) -> None:
    check(trainer(layers=layers), state=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "preset",
    [
        "mini_resnet",
        "tiny_transformer",
        "dates_attention",
        "video_directions_3d",
        "gan_digits",
        "gan_ring",
        "unet_shapes",
    ],
)
def test_rows_of_presets_with_a_normalised_gradient(preset: str) -> None:
    check(load_preset(preset).config.trainer(), state=False)


@pytest.mark.slow
def test_all_presets_but_those_named_run_on_a_card() -> None:
    found = {name for name in preset_records() if lacking(load_preset(name).config.trainer().machine.tape)}
    assert found == {"sinc_second_order", "digits_second_order", "optimizer_race"}


def test_a_row_without_a_form_is_named_and_the_processor_trains() -> None:
    run = trainer(optimizer=nn.Muon(lr=0.01), machine=CudaMachine)
    assert run.machine.why_not.startswith("there is no CUDA form of 0: momentum (muon)")
    other = trainer(optimizer=nn.Muon(lr=0.01))
    for each in (run, other):
        each.run(steps=3)
    np.testing.assert_array_equal(run.machine.state(), other.machine.state())


def test_without_a_card_the_processor_trains_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnplay.kernels.cuda import driver

    def absent() -> driver.Card:
        raise driver.CardError("no NVIDIA driver is installed", where="cuda", hint="use --device cpu")

    monkeypatch.setattr(driver, "card", absent)
    run, other = trainer(machine=CudaMachine), trainer()
    assert "no NVIDIA driver is installed" in run.machine.where
    for each in (run, other):
        each.run(steps=5)
    np.testing.assert_array_equal(run.machine.state(), other.machine.state())


def test_a_card_that_fails_in_the_middle_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnplay.kernels.cuda import driver

    run, other = trainer(machine=CudaMachine), trainer()
    monkeypatch.setattr(run.machine, "why_not", "")

    def fails() -> Any:
        raise driver.CardError("the graphics card failed: unspecified launch failure", where="cuda")

    monkeypatch.setattr(run.machine, "_begin", fails)
    for each in (run, other):
        each.run(steps=5)
    assert "launch failure" in run.machine.why_not
    np.testing.assert_array_equal(run.machine.state(), other.machine.state())


def test_unknown_devices_are_refused() -> None:
    with pytest.raises(nn.InputError, match="one of cpu, auto, cuda"):
        device.choose("gpu9")
    assert device.chosen() == "cpu"


def test_every_row_of_dense_networks_has_a_form() -> None:
    assert lacking(trainer(layers="linear 8, relu, dropout, linear 8, sigmoid, linear 2").machine.tape) == []


def test_replicas_on_the_processor_are_single_runs() -> None:
    from nnplay.config import RunConfig
    from nnplay.run.replicas import restore_replica, run_of_seed, train_replicas

    config = RunConfig.from_dict(
        {"data": {"name": "spiral", "samples": 120}, "layers": "linear 4, tanh, linear 2", "epochs": 3}
    )
    found = train_replicas(config, 3)
    assert found.curves.shape == (3, 3, 3)
    assert np.isfinite(found.curves[:, :, 0]).all()
    for index, seed in enumerate(found.seeds):
        run = run_of_seed(config, int(seed)).trainer()
        run.run(epochs=3)
        np.testing.assert_array_equal(found.states[index], run.machine.state())
    assert not np.array_equal(found.states[0], found.states[1])
    fresh = config.trainer()
    restore_replica(found, int(found.ranked[0]), fresh)
    assert fresh.epoch == 3
    assert found.band("loss").shape == (3, 3)


def test_replicas_that_are_stopped_keep_what_ended() -> None:
    """A run in the middle is no result; without any, the error says so."""
    from nnplay.config import RunConfig
    from nnplay.errors import NnplayError
    from nnplay.run.replicas import train_replicas

    config = RunConfig.from_dict({"data": {"name": "xor"}, "layers": "linear 2", "epochs": 1})
    asked = itertools.count()
    found = train_replicas(config, 2000, lambda: next(asked) >= 50)
    assert 0 < len(found.seeds) <= 50
    assert np.isfinite(found.curves[:, :, 0]).all()
    with pytest.raises(NnplayError, match="stopped before a run came to its end"):
        train_replicas(config, 4, lambda: True)


@pytest.mark.cuda
@pytest.mark.parametrize("schedule", ["block", "grid"])
def test_a_card_trains_as_the_processor_does(schedule: str) -> None:
    from nnplay.errors import NnplayError
    from nnplay.kernels.cuda import driver

    try:
        driver.card()
    except NnplayError as error:
        pytest.skip(error.what)
    kind = type("Kind", (CudaMachine,), {"schedule": schedule})
    run, again, other = trainer(machine=kind), trainer(machine=kind), trainer()
    for steps in (1, 40):
        for each in (run, again, other):
            each.run(steps=steps)
        assert run.machine.why_not == ""
        np.testing.assert_array_equal(run.machine.state(), again.machine.state())
        np.testing.assert_allclose(run.machine.state(), other.machine.state(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(run.history["loss"].last, other.history["loss"].last, rtol=1e-5)
