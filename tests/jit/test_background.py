"""Kernels that are compiled in the background: who waits, who does not, and what comes of it."""

from __future__ import annotations

import copy
import gc
import pickle
import threading

import numpy as np
import pytest

from nnplay.errors import NnplayError
from nnplay.kernels.compile import background, library
from nnplay.tape.machines.cpu_machine import CpuMachine
from tests.held_compiler import HeldCompiler
from tests.small_trainer import same, trainer
from tests.small_worker import until


def test_a_machine_that_waits_for_kernels_answers_as_it_will_with_them(held_compiler: HeldCompiler) -> None:
    """Answers, loss and score are there at once, and agree with those of the compiled kernels."""
    made = trainer(machine=CpuMachine.begin)
    assert made.machine.compiling is not None
    x = made.split.train.x
    answers, scores = made.answers(x), made.evaluate("validation")
    held_compiler.let()
    assert made.machine.compiling.wait()
    assert made.machine.compiling is None
    assert np.allclose(made.answers(x), answers, rtol=0, atol=1e-5)
    assert made.evaluate("validation") == pytest.approx(scores, abs=1e-5)


def test_what_was_drawn_meanwhile_changes_no_bit_of_the_run(held_compiler: HeldCompiler) -> None:
    """A run that answered by definitions before its kernels came has the bits of one that had them from the start."""
    made = trainer(machine=CpuMachine.begin, clip_norm=1.0, l2=0.01)
    made.answers(made.split.train.x)
    made.evaluate("validation")
    made.machine.run_table(made.machine.current_batch, 5)
    held_compiler.let()
    made.run(steps=40)
    other = trainer(clip_norm=1.0, l2=0.01)
    other.run(steps=40)
    assert same(made, other)
    assert np.array_equal(made.history["validation_loss"].last, other.history["validation_loss"].last)


def test_a_row_that_comes_in_the_middle_of_a_run_is_waited_for_alike(held_compiler: HeldCompiler) -> None:
    """Clipping switched on while training needs kernels that are missing: the state is kept, and so are the bits."""
    held_compiler.let()
    made, other = trainer(machine=CpuMachine.begin), trainer()
    made.run(steps=10)
    held_compiler.hold()
    made.set(clip_norm=0.1)
    assert made.machine.compiling is not None
    assert (made.step, np.isfinite(made.answers(made.split.train.x)).all()) == (10, True)
    held_compiler.let()
    made.run(steps=10)
    other.run(steps=10)
    other.set(clip_norm=0.1)
    other.run(steps=10)
    assert same(made, other)


def test_a_run_that_waits_for_kernels_can_be_copied(held_compiler: HeldCompiler) -> None:
    """A copy and a pickle of it wait as it does, and go on with the same bits."""
    made = trainer(machine=CpuMachine.begin)
    copies = [copy.deepcopy(made), pickle.loads(pickle.dumps(made))]  # noqa: S301 - our own bytes
    assert all(other.machine.compiling is not None for other in copies)
    held_compiler.let()
    for one in (made, *copies):
        one.run(steps=10)
    assert all(same(made, other) for other in copies)


def test_a_stop_ends_the_waiting(held_compiler: HeldCompiler) -> None:
    """Told to stop, a run that waits for kernels takes no step, counts no seconds, and goes on later."""
    made = trainer(machine=CpuMachine.begin)
    made.machine.stop = True
    assert made.advance(5) == 0
    assert (made.step, made.seconds) == (0, 0.0)
    assert made.machine.advance(5) == 0
    held_compiler.let()
    made.machine.stop = False
    assert made.advance(1) == 1


def test_the_count_moves_with_every_kernel(held_compiler: HeldCompiler) -> None:
    """It begins at none of all that are missing, and ends with all of them."""
    machine = trainer(machine=CpuMachine.begin).machine
    compiling = machine.compiling
    assert compiling is not None
    total = len(library.missing([*machine.tape.kernels()], "float32"))
    assert (compiling.done, compiling.total) == (0, compiling.total)
    assert compiling.total > total > 5
    for _ in range(3):
        before = compiling.done
        held_compiler.let(1)
        until(lambda: compiling.done > before)  # noqa: B023 - it is called in this turn only
        assert compiling.words == f"compiling kernels, once: {before + 1} of {compiling.total}"
    held_compiler.let()
    assert compiling.wait()
    assert compiling.done == compiling.total


def test_the_newest_wish_comes_first_and_the_others_after_it(held_compiler: HeldCompiler) -> None:
    """A network that is changed while its kernels are compiled gets those that it needs now before all others."""
    first = trainer(layers="linear 8, tanh, linear 2", machine=CpuMachine.begin)
    until(lambda: held_compiler.asked)
    second = trainer(layers="linear 8, relu, linear 2", machine=CpuMachine.begin)
    one, two = first.machine.compiling, second.machine.compiling
    assert one is not None
    assert two is not None
    held_compiler.let(two.total)
    assert two.wait()
    assert not any("tanh" in name for name in held_compiler.asked[1 : two.total])
    assert one.addresses is None
    held_compiler.let()
    assert one.wait()


def test_what_nobody_wants_any_more_is_not_compiled(held_compiler: HeldCompiler) -> None:
    """A network that was replaced while its kernels were waiting their turn takes nothing of the compiler's time."""
    first = trainer(layers="linear 8, tanh, linear 2", machine=CpuMachine.begin)
    until(lambda: held_compiler.asked)
    dropped = trainer(layers="linear 8, gelu, linear 2", machine=CpuMachine.begin)
    second = trainer(layers="linear 8, relu, linear 2", machine=CpuMachine.begin)
    del dropped
    gc.collect()
    held_compiler.let()
    for made in (first, second):
        assert made.machine.compiling is None or made.machine.compiling.wait()
    until(lambda: not any(thread.name == "nnplay-compiling" for thread in threading.enumerate()))
    assert not any("gelu" in name for name in held_compiler.asked)


def test_a_compiler_that_fails_is_said_by_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run answers still; training says why it cannot be."""

    def fail(*_: object) -> dict[str, int]:
        raise NnplayError("a kernel could not be compiled: out of memory", where="kernel cache")

    monkeypatch.setattr(library, "_addresses", {})
    monkeypatch.setattr(library, "missing", lambda kernels, dtype: list(kernels))
    monkeypatch.setattr(background.library, "addresses", fail)
    made = trainer(machine=CpuMachine.begin)
    with pytest.raises(NnplayError, match="out of memory"):
        made.run(steps=1)
    assert made.machine.compiling is not None
    assert "out of memory" in made.machine.compiling.words
    assert np.isfinite(made.answers(made.split.train.x)).all()


def test_what_was_in_the_way_may_be_gone_at_a_second_try(
    held_compiler: HeldCompiler,
) -> None:
    """After a failure a run that is asked once more gets its kernels, and its bits."""
    held_compiler.fail("the compiler was ended by SIGKILL")
    made = trainer(machine=CpuMachine.begin)
    compiling = made.machine.compiling
    assert compiling is not None
    for _ in range(2):
        with pytest.raises(NnplayError, match="SIGKILL"):
            made.run(steps=1)
    held_compiler.let()
    compiling.retry()
    made.run(steps=10)
    other = trainer()
    other.run(steps=10)
    assert same(made, other)


def test_a_system_without_threads_is_an_error_of_those_who_wait(
    held_compiler: HeldCompiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose kernels no thread can compile answers and says why it does not train; a later try may go well."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        made = trainer(machine=CpuMachine.begin)
    compiling = made.machine.compiling
    assert compiling is not None
    assert compiling.words == "kernel cache: kernels cannot be compiled: can't start new thread"
    assert np.isfinite(made.answers(made.split.train.x)).all()
    held_compiler.let()
    compiling.retry()
    assert made.run(steps=1) is not None
