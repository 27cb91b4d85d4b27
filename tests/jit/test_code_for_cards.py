"""Code for graphics cards that must be compiled first: nobody who waits is held, and nothing is lost without it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import pytest

from nnplay.errors import NnplayError
from nnplay.kernels.compile import compilation, notices
from nnplay.kernels.compile.background import Background, SupersededError
from nnplay.kernels.compile.compilation import Share, compiled
from nnplay.kernels.cuda import driver, module
from nnplay.operations import copy
from nnplay.run.worker import Worker
from nnplay.tape.machines.cuda_machine import CudaMachine
from tests.small_trainer import same, trainer
from tests.small_worker import PATIENCE, settle, until


class HeldMaker:
    """Stands in for what compiles: it waits until a test lets it go on.

    Attributes:
        begun: the functions that were asked for.
        error: what it then raises; None for nothing.
    """

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.error: NnplayError | None = None
        self._pass = threading.Event()

    def let(self) -> None:
        """Lets it go on."""
        self._pass.set()

    def compile(
        self, kernels: Any, functions: Sequence[str], dtype: str, unwanted: Callable[[], bool]
    ) -> list[tuple[str, bytes]]:
        self.begun += functions
        while not self._pass.wait(0.005):
            if unwanted():
                raise SupersededError
        if self.error is not None:
            raise self.error
        return [(name, b"code") for name in functions]


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldMaker]:
    """A card for which nothing was ever compiled."""
    held = HeldMaker()
    monkeypatch.setattr(driver, "card", lambda: driver.Card("NVIDIA H200", (9, 0), 1 << 37, 132, 232_448))
    monkeypatch.setattr(module, "compile_kernels", held.compile)
    monkeypatch.setattr(module, "cache_folder", lambda kind: tmp_path / kind)
    monkeypatch.setattr(module.lookup, "code_for_cards", lambda name: None)
    monkeypatch.setattr(module, "_codes", {})
    monkeypatch.setattr(module, "_background", Background())
    monkeypatch.setattr(module, "_begun", WeakValueDictionary())
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(notices, "tell", lambda sentence: None)
    yield held
    held.let()
    for thread in threading.enumerate():
        if thread.name == "nnplay-compiling":
            thread.join()


def begun(**more: Any) -> Any:
    """A run as the playground begins it."""

    def machine(tape: Any, **given: Any) -> CudaMachine:
        return CudaMachine(tape, **given, wait=False)

    return trainer(machine=machine, **more)


def test_a_run_is_there_before_its_code_and_a_pause_ends_the_waiting(maker: HeldMaker) -> None:
    run = begun()
    assert run.machine.compiling is None
    assert run.machine.awaited.words == "compiling kernels for the graphics card, once"
    run.machine.stop = True
    assert run.advance(5) == 0
    assert (run.step, run.seconds, run.machine.why_not) == (0, 0.0, "")
    assert np.isfinite(run.answers(run.split.train.x)).all()


def test_without_code_the_processor_trains_the_same(maker: HeldMaker) -> None:
    maker.error = NnplayError("a kernel could not be compiled: no room", where="kernel cache", hint="make some")
    run, other = begun(), trainer()
    maker.let()
    for each in (run, other):
        each.run(steps=4)
    assert run.machine.awaited is None
    assert run.machine.where == "the processor, because a kernel could not be compiled: no room; make some"
    assert run.machine.word == "cpu (card failed)"
    assert same(run, other)


def test_who_waits_from_the_start_is_told_at_the_start(maker: HeldMaker) -> None:
    maker.error = NnplayError("a kernel could not be compiled: no room")
    maker.let()
    assert trainer(machine=CudaMachine).machine.where.endswith("because a kernel could not be compiled: no room")


def test_what_was_begun_later_is_compiled_first(maker: HeldMaker) -> None:
    first = module.begin("block_advance", ())
    until_begun(maker, 1)
    second = module.begin("grid_advance", ())
    until_begun(maker, 2)
    assert first is not None
    assert second is not None
    maker.let()
    assert second.wait()
    assert first.wait()
    assert maker.begun == ["block_advance", "grid_advance", "block_advance"]
    assert module.begin("block_advance", ()) is None
    assert module.code("block_advance", ()) == b"code"
    assert len(maker.begun) == 3


def test_what_is_being_compiled_is_not_begun_anew(maker: HeldMaker) -> None:
    """Not even where the run that began it has been replaced meanwhile, and what had to wait comes first once more."""
    first = module.begin("block_advance", ())
    until_begun(maker, 1)
    assert module.begin("block_advance", ()) is first
    second = module.begin("grid_advance", ())
    until_begun(maker, 2)
    assert module.begin("block_advance", ()) is first
    until_begun(maker, 3)
    del first
    again = module.begin("block_advance", ())
    assert again is not None
    assert second is not None
    maker.let()
    assert again.wait()
    assert second.wait()
    assert maker.begun == ["block_advance", "grid_advance", "block_advance", "grid_advance"]


def test_what_failed_is_not_begun_anew_by_who_went_on_without_it(maker: HeldMaker) -> None:
    """Not in the moment before those who wait are told, either; the next run that needs it begins it."""
    code = module.CodeForCards("block_advance", (), "float32")
    code.error = NnplayError("no room")
    code.retry()
    assert (code.error.message, code.over, code.words) == ("no room", False, "no room")
    maker.error = code.error
    maker.let()
    for count in (1, 2):
        begun = module.begin("block_advance", ())
        assert begun is not None
        assert begun.wait()
        assert maker.begun == ["block_advance"] * count


def test_what_cannot_be_kept_is_compiled_once_in_a_process(maker: HeldMaker, tmp_path: Path) -> None:
    (tmp_path / "kernels").write_text("no folder")
    maker.let()
    code = module.begin("block_advance", ())
    assert code is not None
    assert code.wait()
    assert module.code("block_advance", ()) == b"code"
    assert maker.begun == ["block_advance"]


@pytest.mark.parametrize("size", [0, 3])
def test_a_file_of_code_that_was_cut_is_made_anew(size: int, maker: HeldMaker, tmp_path: Path) -> None:
    maker.let()
    module.code("block_advance", ())
    [path] = tmp_path.glob("kernels/cuda-*/block_advance.ptx")
    path.write_bytes(path.read_bytes()[:size])
    module._codes.clear()
    assert module.code("block_advance", ()) == b"code"
    module._codes.clear()
    assert module.begin("block_advance", ()) is None
    assert len(maker.begun) == 2


def test_a_compiling_process_ends_when_nobody_wants_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start(*given: Any) -> subprocess.Popen[bytes]:
        started.append(begin(*given))
        return started[-1]

    begin = compilation._started
    monkeypatch.setattr(compilation, "_started", start)
    assert list(compiled([Share((copy.copy,), "float32", "host")], lambda: True)) == []
    [process] = started
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def until_begun(maker: HeldMaker, count: int) -> None:
    until(lambda: len(maker.begun) >= count)


def test_a_pause_is_heard_while_the_training_thread_waits_for_code(
    maker: HeldMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key that began it takes it back; once the code is there, the next one trains."""

    def fail(machine: CudaMachine) -> None:
        raise driver.CardError("the card is gone")

    monkeypatch.setattr(CudaMachine, "_begin", fail)
    worker = Worker(begun())
    try:
        worker.run(steps=5)
        until(lambda: worker.will_run and maker.begun)
        worker.pause()
        shown = settle(worker)
        assert (shown.step, shown.running, shown.error) == (0, False, "")
        maker.let()
        worker.run(steps=5)
        until(lambda: worker.snapshot.step == 5)
        assert settle(worker).device == "cpu (card failed)"
    finally:
        worker.stop(PATIENCE)
