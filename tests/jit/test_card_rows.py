"""The rows of a graphics card, run on the processor: its threads one after the other, in any order and any number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_trainer import trainer

import nnplay as nn
from nnplay.kernels import abi
from nnplay.kernels.compile import library, notices
from nnplay.kernels.cuda.driver import CardError
from nnplay.kernels.cuda.steps import GOES_ON, IN_BLOCK
from nnplay.presets.catalogue import load_preset, preset_records
from nnplay.tape.machines import cuda_machine, device
from nnplay.tape.machines.cuda_lines import Launch
from nnplay.tape.machines.cuda_machine import CudaMachine
from nnplay.tape.machines.cuda_table import Encoded, encode, ends_of, kernels_of, lacking, turns_of
from nnplay.tape.machines.machine import Table
from tests.card_threads import LAUNCHES, functions_of, walk
from tests.jit.test_whole_optimizers import curve, trainer_of

#: Layers of runs in which blocks take samples of their own, and of those with a normalised gradient.
SAMPLED = (
    "linear 8, tanh, linear 2",
    "linear 8, relu, dropout 0.3, linear 2",
    "linear 8, batch_norm, tanh, linear 2",
    "reshape 2x1, lstm 5, flatten, linear 2",
    "linear 18, tanh, reshape 3x3x2, conv2d 2 same, relu, max_pool2d, flatten, linear 2",
)
NORMALISED = ("linear 8, batch_norm, tanh, linear 2", "linear 8, layer_norm, relu, linear 2")
SEARCHES = ("lbfgs", "conjugate_gradient")


def orthogonalising() -> nn.Trainer:
    return trainer(optimizer="muon", layers="linear 6, tanh, linear 2")


def searching(optimizer: str) -> nn.Trainer:
    return trainer(optimizer=optimizer, batch_size="all", layers="linear 20, tanh, linear 2")


def solving(rows: int) -> nn.Trainer:
    whole = {"loss": "mse", "batch_size": "all"}
    return trainer(curve(rows, 2), "linear 8, tanh, linear 2", optimizer="levenberg_marquardt mu=1", **whole)


@pytest.fixture(scope="module")
def walked_rows() -> None:
    """What quick tests walk is compiled in one go: each go starts compilers, which takes seconds of its own."""
    runs = [trainer(), orthogonalising(), solving(9), solving(41), *map(searching, SEARCHES)]
    runs += [trainer(layers=layers) for layers in (*SAMPLED, *NORMALISED)]
    wanted = {kernel.name: kernel for run in runs for kernel in kernels_of(run.machine.tape)}
    library.compile_missing(wanted.values(), "float32")


def one_step(run: nn.Trainer, launch: Launch, seed: int, table: Table | None = None) -> NDArray[Any]:
    """Memory after one step of the card's rows; between two meetings, threads run one after the other, shuffled."""
    machine, tape = run.machine, run.machine.tape
    machine.shuffle()
    made = encoded(run, launch, table)
    memory = np.zeros(tape.size + made.size, np.float32)
    memory[: tape.size] = machine.memory
    memory[tape.size :] = np.nan if not launch.groups else 0.0
    clock = machine.cells.copy()
    clock[abi.CLOCK_ORDER] = machine.order.ctypes.data
    memory[tape.stages[0].named["optimizer"].offset] = run.optimizer.values["lr"]
    walk(made, functions_of(kernels_of(tape, launch.tf32)), clock, memory, launch, seed)
    return memory[: tape.size]


def step_of_blocks(run: nn.Trainer, launch: Launch, seed: int) -> NDArray[Any]:
    """The same of a step that takes its rows in several batches, as `nnplay.kernels.cuda.walk_steps` walks it."""
    machine, tape = run.machine, run.machine.tape
    machine.shuffle()
    made = {table.n: encoded(run, launch, table) for table in (machine.tail_table, machine.full_table) if table}
    room = np.full(max(one.size for one in made.values()), np.nan)
    memory = np.concatenate([machine.memory, room]).astype(machine.dtype)
    memory[tape.stages[0].named["optimizer"].offset] = run.optimizer.values["lr"]
    functions, clock = functions_of(kernels_of(tape), machine.dtype.name), machine.cells.copy()
    clock[abi.CLOCK_ORDER], before, finish = machine.order.ctypes.data, 0, tape.stages[0].rows.finish_at
    rows = min(machine.program[[abi.PROGRAM_STEP_ROWS, abi.PROGRAM_EPOCH_ROWS]])
    while before < rows:
        count = int(min(machine.full_table.n, rows - before))
        found = made[count]
        clock[abi.CLOCK_OFFSET] = before
        in_front = tuple(row for row in found.rows if row.number < finish)
        walk(replace(found, rows=in_front), functions, clock, memory, launch, seed)
        before += count
    clock[abi.CLOCK_OFFSET] = 0
    behind = tuple(row for row in found.rows if row.number >= finish)
    walk(replace(found, rows=behind), functions, clock, memory, launch, seed)
    return memory[: tape.size]


def encoded(run: nn.Trainer, launch: Launch, table: Table | None = None) -> Encoded:
    tape, full = run.machine.tape, run.machine.full_table
    codes = {kernel.name: number for number, kernel in enumerate(kernels_of(tape, launch.tf32))}
    turns = turns_of(tape, run.machine.memory)
    return encode(tape, table or full, codes, launch, tape.size, largest=full.n, ends=ends_of(tape), turns=turns)


def state_of(run: nn.Trainer, memory: NDArray[Any]) -> NDArray[Any]:
    bounds = run.machine.tape.layout.bounds
    return memory[bounds["parameters"][0] : bounds["buffers"][1]]


def check(run: nn.Trainer, *, state: bool = True, groups: int = 0) -> None:
    """The same bits for any number and order of threads, and the processor's gradient and state within 1e-5.

    Args:
        groups: of samples that blocks take apart.
        state: compare the state, too: not where Adam divides a gradient that is rounding alone by its own size, such as
            that of a bias in front of a normalisation.
    """
    first, *others = (one_step(run, replace(launch, groups=groups), seed) for seed, launch in enumerate(LAUNCHES))
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
    table, made = run.machine.full_table, encoded(run, Launch(128))
    names = [f"{row.path} {row.operation.name}".strip() for row in table.rows for _ in row.operation.cuda]
    assert len(made.cells) <= len(names)
    meets = made.cells[:, abi.ROW_ADDRESS] < GOES_ON
    found = {
        f"{row.path} {row.operation.name}".strip()
        for number, row in enumerate(table.rows)
        if not meets[made.starts[number] : made.starts[number + 1]].all()
    }
    assert {"0 x·w + b", "4 gradient of weight", "2 gradient of x"} <= found
    assert not {"1 tanh", "next batch", "update (adam)"} & found
    assert meets[-1]


def test_a_bias_has_its_gradient_from_the_row_of_its_weights() -> None:
    """And the norm of the gradient is written where the squares are added up."""
    run = trainer(layers="linear 8, tanh, linear 2")
    table, made = run.machine.full_table, encoded(run, Launch(128))
    lines = np.diff(made.starts)
    without = {row.operation.name for row, count in zip(table.rows, lines, strict=True) if count == 0}
    assert without == {"gradient of bias", "gradient norm"}


@pytest.mark.usefixtures("walked_rows")
def test_rows_of_a_small_network_do_not_depend_on_threads() -> None:
    check(trainer())


@pytest.mark.usefixtures("walked_rows")
@pytest.mark.parametrize("layers", SAMPLED)
def test_blocks_that_take_samples_of_their_own_train_alike(layers: str) -> None:
    """For any number of blocks and threads; some launches have fewer blocks than groups."""
    check(trainer(layers=layers), groups=6, state="batch_norm" not in layers)


@pytest.mark.usefixtures("walked_rows")
def test_a_tail_of_fewer_samples_than_groups() -> None:
    """Each group has lines in both tables; sums over groups leave those out that have no sample."""
    run = trainer()
    table, launch = run.machine.tail_table, Launch(8, 3, 16)
    assert table is not None
    assert table.n < launch.groups
    run.run(steps=4)
    assert run.machine.current_batch is table
    found = [one_step(run, Launch(8, blocks, 16), seed, table) for seed, blocks in enumerate((1, 3))]
    np.testing.assert_array_equal(found[0].view(np.int32), found[1].view(np.int32))
    assert len(encoded(run, launch, table).cells) == len(encoded(run, launch).cells)
    run.run(steps=1)
    found_state, wanted = state_of(run, found[0]), run.machine.state()
    assert np.abs(found_state - wanted).max() <= 1e-5 * np.abs(wanted).max()


def test_blocks_meet_less_often_by_samples() -> None:
    """Forward and backward pass have no meeting of all; one is behind them, one behind the sums over groups."""
    layers = "linear 8, tanh, linear 8, tanh, linear 8, tanh, linear 2"
    found = {}
    for groups in (0, 8):
        rows = encoded(trainer(layers=layers), Launch(4, 8, groups)).rows
        found[groups] = sum(not int(row.lines[0, abi.ROW_ADDRESS]) & (GOES_ON | IN_BLOCK) for row in rows)
    assert found == {0: 14, 8: 5}  # the others: squared gradients, their norm, the update


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["digits_mlp28", "lenet", "adding_lstm", "tiny_transformer", "overfitting_dropout"])
def test_presets_whose_blocks_take_samples(preset: str) -> None:
    check(load_preset(preset).config.trainer(), state=False, groups=8)


@pytest.mark.slow
def test_products_that_are_cut_into_shares() -> None:
    check(trainer(layers="linear 256, relu, linear 256, tanh, linear 2", optimizer=nn.SGD(lr=0.1), clip_norm=0.1))


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["digits8", "lenet", "sounds_cnn1d", "overfitting_dropout", "diabetes"])
def test_rows_of_presets(preset: str) -> None:
    check(load_preset(preset).config.trainer())


@pytest.mark.usefixtures("walked_rows")
@pytest.mark.parametrize("layers", NORMALISED)
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
def test_all_presets_have_their_rows_on_a_card() -> None:
    assert [name for name in preset_records() if lacking(load_preset(name).config.trainer().machine.tape)] == []


@pytest.mark.usefixtures("walked_rows")
def test_muon_has_a_turn_for_each_iteration_and_those_too_many_do_nothing() -> None:
    run = orthogonalising()
    for count in (3, 0, 4):
        run.set(ns_steps=count)
        assert turns_of(run.machine.tape, run.machine.memory) == {"orthogonalise (muon)": count}
        check(run)
    found = one_step(run, Launch(8), 0)
    run.set(ns_steps=3)
    few = one_step(run, Launch(8), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.jit.test_card_rows.turns_of", lambda tape, memory: {"orthogonalise (muon)": 9})
        np.testing.assert_array_equal(one_step(run, Launch(8), 0), few)
    assert not np.array_equal(found, few)


@pytest.mark.usefixtures("walked_rows")
@pytest.mark.parametrize("optimizer", SEARCHES)
def test_a_search_on_a_card_takes_the_steps_of_the_processor(optimizer: str) -> None:
    run = searching(optimizer)
    for _ in range(4):
        check(run)


@pytest.mark.slow
def test_blocks_of_a_step_add_up_on_a_card() -> None:
    """In numbers of 64 bits: a search, and a system, of a step in several batches, the last of which is smaller."""
    run = trainer_of("levenberg_marquardt", curve(300), "linear 40, tanh, linear 1")
    assert run.machine.tail_table is not None
    for _ in range(2):
        found = [step_of_blocks(run, launch, seed) for seed, launch in enumerate((Launch(32), Launch(8, 5)))]
        np.testing.assert_array_equal(found[0].view(np.int64), found[1].view(np.int64))
        run.run(steps=1)
        wanted = run.machine.state()
        assert np.abs(state_of(run, found[0]) - wanted).max() <= 1e-9 * np.abs(wanted).max()


@pytest.mark.usefixtures("walked_rows")
@pytest.mark.parametrize("rows", [9, 41])
def test_a_system_is_solved_on_a_card_as_on_the_processor(rows: int) -> None:
    """By the smaller system of the two, and where blocks take samples of their own."""
    run = solving(rows)
    for groups in (0, 6):
        check(run, groups=groups)


def test_a_row_without_a_form_is_named_and_the_processor_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_machine, "lacking", lambda tape: ["1: tanh", "3: tanh"])
    run, other = trainer(machine=CudaMachine), trainer()
    assert run.machine.why_not == "there is no CUDA form of 1: tanh and 1 more"
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
    said: list[str] = []
    monkeypatch.setattr(notices, "tell", said.append)
    monkeypatch.setattr(notices, "_said", set())
    for each in (run, other):
        each.run(steps=5)
    assert said == ["the processor goes on, because the graphics card failed: unspecified launch failure"]
    assert "launch failure" in run.machine.why_not
    np.testing.assert_array_equal(run.machine.state(), other.machine.state())


def test_unknown_devices_are_refused() -> None:
    with pytest.raises(nn.InputError, match="one of cpu, auto, cuda"):
        device.choose("gpu9")
    assert device.chosen() == "cpu"


def test_every_row_of_dense_networks_has_a_form() -> None:
    assert lacking(trainer(layers="linear 8, relu, dropout, linear 8, sigmoid, linear 2").machine.tape) == []


@pytest.mark.cuda
@pytest.mark.parametrize("schedule", ["block", "grid", "samples"])
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


def test_only_rows_that_gather_look_for_data_on_the_card() -> None:
    """Integers of other rows, such as the stream that noise is drawn from, are no addresses."""
    machine: Any = load_preset("gan_ring").config.trainer().machine
    given = {array.ctypes.data for array in (*machine._data, machine.order)}
    asked: list[int] = []

    def there(here: int) -> int:
        asked.append(here)
        return here

    codes = {kernel.name: number for number, kernel in enumerate(kernels_of(machine.tape))}
    found = encode(machine.tape, machine.full_table, codes, Launch(128, 1), machine.tape.size, there=there)
    assert set(asked) <= given
    assert asked
    drawn = [row.integers for row in machine.full_table.rows if row.operation.name == "noise drawn"]
    assert drawn
    lines = [line[abi.ROW_INTEGERS] for line in found.cells]
    assert all(integers[0] in lines for integers in drawn)


def test_a_row_whose_numbers_a_card_would_cut_is_refused() -> None:
    """Those that rows read whole are not: addresses of data, a formula's letters, lengths that are packed into one."""
    run = trainer(layers="linear 8, expr x*x, linear 2")
    table = run.machine.full_table
    encoded(run, Launch(32), table)
    [at] = [k for k, row in enumerate(table.rows) if row.path == "2" and row.operation.name == "x·w + b"]
    cells = table.cells.copy()
    cells[at, abi.ROW_INTEGERS] = -(1 << 31)
    encoded(run, Launch(32), replace(table, cells=cells))
    cells[at, abi.ROW_INTEGERS] = 1 << 31
    with pytest.raises(CardError, match="a number of x·w \\+ b has more than 32 bits"):
        encoded(run, Launch(32), replace(table, cells=cells))
