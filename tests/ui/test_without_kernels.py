"""A playground without kernels: everything is drawn at once, keys are answered, and training starts by itself."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from nnplay.config import RunConfig
from nnplay.kernels.compile import notices, objects
from nnplay.network.network import Network
from nnplay.run.playground import PlaygroundBackend
from nnplay.training.remake import remake
from nnplay.tui.app import Playground
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.theme.look import Look
from tests.held_compiler import HeldCompiler
from tests.ui.playing import text_of, type_line
from tests.ui.waiting import PATIENCE, until

RUN = {
    "data": {"name": "spiral", "samples": 300},
    "layers": ["linear 6", "tanh", "linear 2"],
    "loss": "cross_entropy",
    "training": {"batch_size": 30},
}
PANES = ("data", "training", "network", "layers", "output", "curves", "health")


@pytest.fixture
def backend(
    held_compiler: HeldCompiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PlaygroundBackend]:
    """The first start of a process that has no kernel."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    made = PlaygroundBackend(RunConfig.from_dict(RUN))
    yield made
    held_compiler.let()
    made.stop()


def digest(backend: PlaygroundBackend) -> str:
    """Of the whole state, taken between two steps."""
    return backend.worker.ask(lambda run: _digest(run.require_run()[0].state().memory.tobytes()), PATIENCE)


def _digest(state: bytes) -> str:
    return hashlib.sha256(state).hexdigest()


def without_waiting(before: int, layers: tuple[str, ...] = (), after: int = 0) -> str:
    """The digest of a run that had its kernels from the start: so many steps, then other layers, and on."""
    trainer = RunConfig.from_dict(RUN).trainer()
    trainer.run(steps=before)
    if layers:
        trainer, _ = remake(trainer, network=Network(", ".join(layers)))
        trainer.run(steps=after)
    return _digest(trainer.state().memory.tobytes())


async def drawn(pilot: Pilot[int], app: Playground, backend: PlaygroundBackend) -> None:
    """The answers of the network that was chosen are on the screen, and no pane is blank."""
    pane = app._main.query_one(OutputPane)
    await until(pilot, lambda: getattr(backend.snapshot.surface, "values", np.empty(0)).shape == pane.wanted)
    await until(pilot, lambda: not _blank(app))


def _blank(app: Playground) -> list[str]:
    return [pane for pane in PANES if len(set(text_of(app, f"#{pane}").split())) < 2]


async def arrived(pilot: Pilot[int], backend: PlaygroundBackend, step: int) -> None:
    """The run stands at a step, paused."""
    await until(pilot, lambda: backend.snapshot.step == step and not backend.will_run)


async def test_nothing_is_blank_while_the_first_kernels_are_compiled(
    held_compiler: HeldCompiler, backend: PlaygroundBackend
) -> None:
    """Data, network and answers are drawn with not one kernel there; the count moves with every kernel."""
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn(pilot, app, backend)
        await until(pilot, lambda: "compiling kernels, once: 0 of" in text_of(app, "#message-line"))
        for done in ("1", "2"):
            held_compiler.let(1)
            await until(pilot, lambda: f"once: {done} of" in text_of(app, "#message-line"))  # noqa: B023
        held_compiler.let()
        await until(pilot, lambda: "compiling" not in text_of(app, "#message-line"))
        assert "press space to train" in text_of(app, "#message-line")
        assert backend.snapshot.step == 0


async def test_what_is_being_loaded_is_said_beside_the_count(
    held_compiler: HeldCompiler, backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data that take long to load while kernels are compiled: a count that moves does not wipe out what is loaded."""
    loaded, changed = threading.Event(), backend.changed

    def load(**values: object) -> RunConfig:
        assert loaded.wait(PATIENCE)
        return changed(**values)

    monkeypatch.setattr(backend, "changed", load)
    app = Playground(backend, Look())
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await drawn(pilot, app, backend)
            await type_line(pilot, "set set moons")
            for done in ("1", "2"):
                held_compiler.let(1)
                sentence = f"loading moons …; compiling kernels, once: {done} of"
                await until(pilot, lambda: sentence in text_of(app, "#message-line"))  # noqa: B023
            loaded.set()
            await until(pilot, lambda: backend.settings.data.name == "moons")
            await until(pilot, lambda: "loading" not in text_of(app, "#message-line"))
    finally:
        loaded.set()


async def test_training_that_was_asked_for_starts_by_itself(
    held_compiler: HeldCompiler, backend: PlaygroundBackend
) -> None:
    """Space while nothing can be trained yet: training starts when it can, and its bits are those of any other run."""
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn(pilot, app, backend)
        await pilot.press("space")
        await until(pilot, lambda: "training starts as soon as they are ready" in text_of(app, "#message-line"))
        await pilot.press("space")
        await until(pilot, lambda: "training starts" not in text_of(app, "#message-line"))
        backend.run_for(steps=60)
        await until(pilot, lambda: "training starts" in text_of(app, "#message-line"))
        assert backend.snapshot.step == 0
        held_compiler.let()
        await arrived(pilot, backend, 60)
        assert digest(backend) == without_waiting(60)


async def test_space_asks_a_compiler_that_failed_once_more(
    held_compiler: HeldCompiler, backend: PlaygroundBackend
) -> None:
    """A compiler that the system has ended is said on the screen; the next space starts another, and then training."""
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn(pilot, app, backend)
        backend.run_for(steps=60)
        assert backend.worker.ask(lambda run: run.running, PATIENCE)
        held_compiler.fail("the compiler was ended by SIGKILL")
        await until(pilot, lambda: "ended by SIGKILL" in text_of(app, "#message-line"))
        await until(pilot, lambda: not backend.will_run)
        assert backend.snapshot.step == 0
        held_compiler.let()
        backend.run_for(steps=60)
        await arrived(pilot, backend, 60)
        assert digest(backend) == without_waiting(60)
        await until(pilot, lambda: "SIGKILL" not in text_of(app, "#message-line"))


async def test_another_network_appears_before_its_kernels(
    held_compiler: HeldCompiler, backend: PlaygroundBackend
) -> None:
    """tanh becomes relu while nothing is compiled yet: it answers at once, and trains with the usual bits."""
    app = Playground(backend, Look())
    relu = ("linear 6", "relu", "linear 2")
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn(pilot, app, backend)
        before = backend.snapshot
        backend.apply(backend.changed(layers=relu))
        await until(pilot, lambda: backend.snapshot.generation > before.generation)
        await drawn(pilot, app, backend)
        assert not np.array_equal(backend.snapshot.surface.values, before.surface.values)
        backend.run_for(steps=60)
        held_compiler.let()
        await arrived(pilot, backend, 60)
        assert digest(backend) == without_waiting(0, relu, 60)


async def test_an_edit_in_the_middle_of_a_run_waits_for_nothing(
    held_compiler: HeldCompiler, backend: PlaygroundBackend
) -> None:
    """The new network answers at once with its kept weights, and then goes on by itself, with the bits of any run."""
    held_compiler.let()
    app = Playground(backend, Look())
    wider = ("linear 6", "relu", "linear 6", "tanh", "linear 2")
    async with app.run_test(size=(120, 40)) as pilot:
        backend.run_for(steps=120)
        await arrived(pilot, backend, 120)
        held_compiler.hold()
        backend.apply(backend.changed(layers=wider))
        await until(pilot, lambda: backend.compiling)
        backend.run_for(steps=40)
        await drawn(pilot, app, backend)
        assert backend.snapshot.step == 120
        held_compiler.let()
        await arrived(pilot, backend, 160)
        assert digest(backend) == without_waiting(120, wider, 40)


async def test_a_cache_that_keeps_nothing_is_said_though_it_is_found_out_late(
    held_compiler: HeldCompiler, backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that compiles finds a cache that it cannot write to: the line says so, behind what the edit says."""
    held_compiler.let()
    app = Playground(backend, Look())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: backend.worker.trainer is not None and not backend.compiling)
        monkeypatch.setattr(notices, "_said", set())
        monkeypatch.setattr(objects, "can_keep", lambda path: objects._not_kept("the disk is full"))
        held_compiler.hold()
        backend.apply(backend.changed(layers=("linear 6", "relu", "linear 2")))
        await until(pilot, lambda: "compiled kernels cannot be stored" in text_of(app, "#message-line"))
        assert "all weights were kept" in text_of(app, "#message-line")
        assert ", once" not in text_of(app, "#message-line")
