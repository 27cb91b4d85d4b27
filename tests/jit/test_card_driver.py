"""What is said where a card cannot be used, and that the run goes on: a stand-in speaks for NVIDIA's driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainer import trainer

from nnplay.cli.main import main
from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.kernels import abi
from nnplay.kernels.compile import notices
from nnplay.kernels.cuda import driver, module
from nnplay.kernels.packs import building, lookup
from nnplay.presets.catalogue import load_preset
from nnplay.run.replicas import train_replicas
from nnplay.tape.machines import card_run, cuda_machine, cuda_table, device
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.cuda_machine import CudaMachine

_GIB = 1 << 30


@dataclass
class StandIn:
    """A driver of an H200 that answers as it is told.

    Attributes:
        statuses: what functions return, by name, where that is not 0.
        absent: functions that it does not have.
    """

    version: int = 13_000
    capability: tuple[int, int] = (9, 0)
    memory: int = 141 * _GIB
    free: int = 140 * _GIB
    statuses: dict[str, int] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    called: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., int]:
        if not name.startswith("cu") or name in self.absent:
            raise AttributeError(name)

        def call(*arguments: Any) -> int:
            self.called.append(name)
            self.answer(name, arguments)
            return self.statuses.get(name, 0)

        return call

    def answer(self, name: str, given: tuple[Any, ...]) -> None:
        """Writes what a function of the driver gives back."""
        attributes = {75: self.capability[0], 76: self.capability[1], 16: 132, 97: 232_448, 95: 1}
        if name == "cuDriverGetVersion":
            given[0]._obj.value = self.version
        elif name == "cuDeviceGetName":
            given[0].value = b"NVIDIA H200"
        elif name == "cuDeviceGetAttribute":
            given[0]._obj.value = attributes[given[1]]
        elif name == "cuDeviceTotalMem_v2":
            given[0]._obj.value = self.memory
        elif name == "cuMemGetInfo_v2":
            given[0]._obj.value, given[1]._obj.value = self.free, self.memory
        elif name == "cuGetErrorString":
            given[1]._obj.value = b"unspecified launch failure"


@pytest.fixture(autouse=True)
def fresh_card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test finds the card of another."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(driver, "_contexts", [])
    monkeypatch.setattr(module, "begin", lambda name, kernels, dtype: None)
    monkeypatch.setattr(module, "_codes", {})
    monkeypatch.setattr(notices, "tell", lambda sentence: None)
    driver.card.cache_clear()
    yield
    driver.card.cache_clear()


def put_in(monkeypatch: pytest.MonkeyPatch, **given: Any) -> StandIn:
    made = StandIn(**given)
    monkeypatch.setattr(driver, "_library", lambda: made)
    return made


FAULTS = {
    "no card": ({"statuses": {"cuInit": 100}}, "there is no graphics card"),
    "no such card": ({"statuses": {"cuDeviceGet": 101}}, "there is no graphics card"),
    "driver too old": ({"version": 12_040}, "the NVIDIA driver supports CUDA 12.4"),
    "driver far too old": ({"absent": ("cuDevicePrimaryCtxRetain",)}, "the NVIDIA driver is too old"),
    "another program alone has it": (
        {"statuses": {"cuDevicePrimaryCtxRetain": 46}},
        "another program has the graphics card to itself; nvidia-smi shows which",
    ),
    "card too old": ({"capability": (7, 5)}, "NVIDIA H200 is too old"),
    "too little memory at all": ({"memory": 1000}, "GB are needed and the card has 0.0"),
    "too little free": ({"free": 1000}, "GB are needed and 0.0 are free on the card"),
    "another program has the rest": (
        {"statuses": {"cuMemAlloc_v2": 2}},
        "the graphics card has too little free memory",
    ),
    "taken away": ({"statuses": {"cuMemGetInfo_v2": 719}}, "the graphics card failed: unspecified launch failure"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_one_sentence_and_the_processor_goes_on(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, wanted = FAULTS[fault]
    put_in(monkeypatch, **given)
    run, other = trainer(machine=CudaMachine), trainer()
    for steps in (3, 4):
        for each in (run, other):
            each.run(steps=steps)
    where = run.machine.where
    assert where.startswith("the processor, because ")
    assert wanted in where
    assert "\n" not in where
    assert run.step == other.step == 7
    np.testing.assert_array_equal(run.machine.state(), other.machine.state())
    np.testing.assert_array_equal(run.history["loss"].last, other.history["loss"].last)


@pytest.mark.parametrize("fault", FAULTS)
def test_replicas_go_on_by_the_processor_and_say_why(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, wanted = FAULTS[fault]
    config = RunConfig.from_dict({"data": {"name": "xor"}, "layers": "linear 2", "epochs": 2})
    alone = train_replicas(config, 3)
    put_in(monkeypatch, **given)
    monkeypatch.setattr(card_run.module, "code", lambda name, kernels, dtype: b"")
    monkeypatch.setattr(device._Choice, "device", "cuda")
    found = train_replicas(config, 3)
    assert wanted in found.where
    assert "\n" not in found.where
    np.testing.assert_array_equal(found.states, alone.states)


def test_replicas_in_64_bits_are_for_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them by itself, too, whose state is kept in 64 bits."""
    given = {"data": {"name": "xor"}, "layers": "linear 2", "optimizer": "lbfgs", "epochs": 2}
    alone = train_replicas(RunConfig.from_dict(given), 2)
    made = put_in(monkeypatch)
    monkeypatch.setattr(device._Choice, "device", "cuda")
    found = train_replicas(RunConfig.from_dict(given), 2)
    assert "many runs at once are for numbers of 32 bits" in found.where
    assert not any("Launch" in name or "Module" in name for name in made.called)
    assert found.states.dtype == np.float64
    np.testing.assert_array_equal(found.states, alone.states)


def test_too_little_memory_is_said_before_any_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    made = put_in(monkeypatch, free=1000)
    run = trainer(machine=CudaMachine)
    run.run(steps=1)
    assert "0.0 are free on the card" in run.machine.where
    assert "cuMemAlloc_v2" not in made.called


@pytest.mark.parametrize("value", ["seven", "99", "-1", "GPU-0000", "", "0\x1b[2J"])
def test_nonsense_in_cuda_visible_devices_is_shown_and_the_processor_trains(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    put_in(monkeypatch, statuses={"cuInit": 100})
    run = trainer(machine=CudaMachine)
    run.run(steps=2)
    shown = value.replace("\x1b", "␛")
    assert f"there is no graphics card in CUDA_VISIBLE_DEVICES={shown}; unset it" in run.machine.where
    assert run.machine.where.isprintable()
    assert run.step == 2


def test_version_says_what_trains_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch)
    assert device.describe() == "training on the processor; --device cuda trains on NVIDIA H200, 141 GiB"
    device.choose("cuda")
    try:
        assert device.describe() == "training on NVIDIA H200, 141 GiB"
    finally:
        device.choose("cpu")


def test_a_word_says_what_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch)
    assert device.device_word(trainer(machine=CudaMachine).machine) == "H200"
    assert device.device_word(trainer().machine) == ""
    monkeypatch.setattr(cuda_machine, "lacking", lambda tape: ["1: tanh"])
    assert device.device_word(trainer(machine=CudaMachine).machine) == ""
    monkeypatch.undo()
    names = {
        "NVIDIA A100-SXM4-80GB": "A100",
        "NVIDIA GeForce RTX 4090": "RTX 4090",
        "NVIDIA RTX PRO 6000 Blackwell": "cuda",
    }
    assert {name: driver.Card(name, (9, 0), 0, 1, 0).short_name for name in names} == names


def test_auto_leaves_rows_that_one_thread_works_on_to_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch)
    monkeypatch.setattr(device, "WORTH_A_CARD", 0)
    monkeypatch.setattr(device._Choice, "device", "auto")
    usual = trainer().machine.tape
    assert isinstance(device.make_machine(usual), CudaMachine)
    assert not isinstance(device.make_machine(usual, dtype="float64"), CudaMachine)
    monkeypatch.setattr(cuda_table, "waits_for_threads", lambda tape: tape is usual)
    assert not isinstance(device.make_machine(usual), CudaMachine)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "alone"),
    [("detector", True), ("sinc_second_order", True), ("digits_second_order", False), ("spiral", False)],
)
def test_which_presets_have_rows_that_one_thread_works_on(preset: str, alone: bool) -> None:
    assert cuda_table.waits_for_threads(load_preset(preset).config.trainer().machine.tape) is alone


def test_a_setting_that_counts_turns_makes_the_tables_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a run goes back to a step with another value; any other setting is read from memory."""
    put_in(monkeypatch)
    run, begun = trainer(machine=CudaMachine, optimizer="muon"), list[int]()

    class Stand:
        def __init__(self, machine: CudaMachine) -> None:
            self.turns = cuda_table.turns_of(machine.tape, machine.memory)
            begun.append(self.turns["orthogonalise (muon)"])

        def advance(self, machine: CudaMachine, steps: int) -> int:
            return CpuMachine.advance(machine, steps)

    monkeypatch.setattr(CudaMachine, "_begin", lambda machine: Stand(machine))
    monkeypatch.setattr(CudaMachine, "value_after_step", CpuMachine.value_after_step)
    before = run.state()
    for changes in ({}, {"ns_steps": 2}, {"momentum": 0.5}, {"ns_steps": 7}):
        run.set(**changes)
        run.run(steps=2)
    assert begun == [5, 2, 7]
    run.restore(before)
    run.set(ns_steps=5)
    run.run(steps=1)
    assert begun == [5, 2, 7, 5]


def test_numbers_of_64_bits_have_room_on_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch)
    asked: list[str] = []

    def code(name: str, kernels: Any, dtype: str) -> bytes:
        asked.append(dtype)
        return b""

    monkeypatch.setattr(card_run.module, "code", code)
    sizes = []
    for dtype in ("float32", "float64"):
        machine = trainer(machine=CudaMachine, dtype=dtype).machine
        assert machine.why_not == ""
        run = card_run.CardRun(machine, machine.data)
        assert run.memory.nbytes == (machine.tape.size + run.room) * machine.dtype.itemsize
        assert run.trace.nbytes == machine.trace.nbytes
        sizes.append((run.memory.nbytes, run.trace.nbytes, run.rates.nbytes, run.shared))
    assert asked == ["float32", "float64"]
    assert [2 * size for size in sizes[0]] == list(sizes[1])


def test_products_in_tf32_are_asked_for_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch)
    asked: list[bool] = []

    def code(name: str, kernels: Any, dtype: str) -> bytes:
        asked.append(any(":tensor_" in kernel.name for kernel in kernels))
        return b""

    monkeypatch.setattr(card_run.module, "code", code)
    found = {}
    for layers in ("linear 64, relu, linear 64, tanh, linear 2", "linear 8, tanh, linear 2"):
        for tf32 in (False, True):
            kind = partial(CudaMachine, tf32=tf32)
            machine = trainer(layers=layers, batch_size=64, machine=kind).machine
            found[layers[:9], tf32] = device.device_word(machine), card_run.CardRun(machine, machine.data).where
    assert asked == [False, True] * 2
    assert found["linear 64", False] == ("H200", "NVIDIA H200, 132 blocks of 512 threads")
    assert found["linear 64", True] == ("H200 TF32", "NVIDIA H200, 132 blocks of 512 threads, 3 products in TF32")
    assert found["linear 8,", True][1].endswith(", no product large enough for TF32")
    assert device.device_word(trainer(machine=partial(CudaMachine, tf32=True), dtype="float64").machine) == "H200"


def test_tf32_is_refused_where_it_has_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "xor", "--tf32"]) == 2
    assert "--tf32: only graphics cards multiply in TF32" in capsys.readouterr().err
    device.choose("auto", tf32=True)
    try:
        device.check_tf32("float32")
        with pytest.raises(InputError, match="TF32 is for numbers of 32 bits"):
            device.check_tf32("float64")
    finally:
        device.choose("cpu")
    device.check_tf32("float64")


def test_the_playground_says_once_that_tf32_has_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    """There a run with numbers of 64 bits is not refused."""
    said: list[str] = []
    monkeypatch.setattr(notices, "tell", said.append)
    monkeypatch.setattr(notices, "_said", set())
    tape = trainer(layers="linear 2").machine.tape
    device.choose("auto", tf32=True)
    try:
        for dtype in ("float32", "float64", "float64"):
            device.begin_machine(tape, dtype=dtype)
    finally:
        device.choose("cpu")
    assert said == ["--tf32 has no effect here: TF32 is for numbers of 32 bits, and those of this run have 64"]


def test_a_driver_is_not_asked_where_the_processor_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    made = put_in(monkeypatch)
    device.make_machine(trainer().machine.tape)
    assert made.called == []


def test_a_card_that_fails_between_two_launches_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch)
    monkeypatch.setattr(card_run.module, "code", lambda name, kernels, dtype: b"")
    run, other = trainer(machine=CudaMachine), trainer()
    launches = []

    def launch(self: Any, machine: CudaMachine, at: int, steps: int, epochs: int) -> tuple[int, int]:
        launches.append(steps)
        if len(launches) == 2:
            raise driver.CardError("the graphics card failed: unspecified launch failure", where="cuda")
        machine.cells[[abi.CLOCK_STEP, abi.CLOCK_BATCH]] += steps
        machine._loss_sum += 1.0
        return steps, 0

    monkeypatch.setattr(card_run.CardRun, "_launch", launch)
    monkeypatch.setattr(card_run, "_FIRST_STEPS", 2)
    for each in (run, other):
        each.machine.rates[:30] = 0.01
        assert each.machine.advance(30) == 30
    assert len(launches) == 2
    assert "launch failure" in run.machine.why_not
    assert device.device_word(run.machine) == "cpu (card failed)"
    np.testing.assert_array_equal(run.machine.cells, other.machine.cells)
    np.testing.assert_array_equal(run.machine.state(), other.machine.state())
    np.testing.assert_array_equal(run.machine.trace[:30], other.machine.trace[:30])
    np.testing.assert_array_equal(run.machine._loss_sum, other.machine._loss_sum)


def test_a_pack_has_the_rows_of_dense_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was compiled before, a card needs its driver alone, in TF32, too; other rows are compiled as ever."""
    usual, tf32 = sets = tuple(tuple(cuda_table.usual_kernels(tf32=tf32)) for tf32 in (False, True))
    compiled = []

    def stand_in(
        kernels: Any, functions: Sequence[str] = module.FUNCTIONS, dtype: str = "float32", *unwanted: Any
    ) -> list[tuple[str, bytes]]:
        compiled.append((kernels, functions))
        return [(name, f"{name} of {len(kernels)}".encode()) for name in functions]

    monkeypatch.setattr(module, "compile_kernels", stand_in)
    monkeypatch.setattr(lookup, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "cache_folder", lambda kind: tmp_path / "cache" / kind)
    monkeypatch.setattr(building.metadata, "version", lambda package: "1")
    assert building.build_for_cards(sets, tmp_path)
    assert not building.build_for_cards(sets, tmp_path)
    assert compiled == [(kernels, module.FUNCTIONS) for kernels in sets]
    for kernels in sets:
        assert module.code("grid_advance", kernels) == f"grid_advance of {len(kernels)}".encode()
        assert tuple(cuda_table.kernels_of(trainer().machine.tape, tf32=kernels is tf32)) == kernels
    assert len(usual) < len(tf32)
    assert len(compiled) == 2
    module.code("block_advance", usual[1:])
    assert compiled[2:] == [(usual[1:], ("block_advance",))]


def test_without_a_pack_and_a_compiler_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch)
    monkeypatch.setattr(module, "can_compile", lambda: False)
    monkeypatch.setattr(lookup, "code_for_cards", lambda name: None)
    monkeypatch.setattr(module.objects, "read", lambda path, about: None)
    run = trainer(machine=CudaMachine)
    run.run(steps=2)
    assert "kernels for graphics cards must be compiled once; pip install 'nnplay[gpu]'" in run.machine.where
    assert run.step == 2
