"""Edits that are made while kernels are compiled: autosave does not wait for the compiler, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay import saved_run, session
from nnplay.config import RunConfig
from nnplay.notation import show_layer
from nnplay.play import changing
from nnplay.play.backend import PlaygroundBackend
from nnplay.run_session import Session
from tests.jit.test_autosave import RUN, parameters, trained, until

WIDER = ("linear 9", "tanh", "linear 2")


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A compiler that does not come to an end until the event is set, once `slow` is in force."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    ready = threading.Event()
    yield ready
    ready.set()


def slowly(real: Callable[..., Any], ready: threading.Event) -> Callable[..., Any]:
    """The function, which first waits."""

    def slow(*arguments: Any, **keywords: Any) -> Any:
        assert ready.wait(120)
        return real(*arguments, **keywords)

    return slow


def layers_of(config: RunConfig) -> tuple[str, ...]:
    """The layers as texts."""
    return tuple(show_layer(layer) for layer in config.layers)


def test_an_edit_is_kept_while_its_kernels_are_compiled(
    compiler: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of compiling, the run opens with the edit, its step, and the weights that still fit."""
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    try:
        trained(backend)
        before = parameters(backend)
        monkeypatch.setattr(changing, "remade", slowly(saved_run.remade, compiler))
        backend.apply(backend.changed(layers=("linear 4", "relu", "linear 3", "tanh", "linear 2")))
        until(lambda: any("edited" in found.record for found in session.autosaves()))
        (kept,) = session.autosaves()
        opened = saved_run.read(kept.path)
        assert layers_of(opened.config) == ("linear 4", "relu", "linear 3", "tanh", "linear 2")
        assert opened.trainer.step == 30
        assert opened.warnings == ("with the last edit; made anew: 2.weight, 4.weight, 2.bias, 4.bias",)
        assert np.array_equal(opened.trainer.tensors()["0.weight"], before["0.weight"])
        compiler.set()
        until(lambda: "edited" not in session.autosaves()[0].record)
        assert session.autosaves()[0].record["run"]["layers"][0] == "linear 4"
        after = parameters(backend)
        assert all(np.array_equal(value, opened.trainer.tensors()[name]) for name, value in after.items())
    finally:
        compiler.set()
        backend.stop()


def test_an_edit_before_the_first_kernels_are_ready_is_kept(
    compiler: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the very first start, with nothing compiled yet, an edit and then SIGTERM leave a run with that edit."""
    real = RunConfig.trainer
    monkeypatch.setattr(RunConfig, "trainer", slowly(real, compiler))
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    try:
        backend.apply(backend.changed(layers=WIDER))
        path = Path(backend.rescue())
        monkeypatch.setattr(RunConfig, "trainer", real)
        with Session.open(path) as found:
            assert layers_of(found.config) == WIDER
            assert found.trainer.step == 0
    finally:
        compiler.set()
        backend.stop()


def test_other_data_chosen_while_kernels_are_compiled_begin_anew(
    compiler: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edit on its way is another data set: what is kept opens on that, at step 0, as the edit itself would."""
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    try:
        trained(backend)
        real = RunConfig.trainer
        monkeypatch.setattr(RunConfig, "trainer", slowly(real, compiler))
        backend.apply(backend.changed(dataset="circle"))
        until(lambda: any("edited" in found.record for found in session.autosaves()))
        monkeypatch.setattr(RunConfig, "trainer", real)
        opened = saved_run.read(session.autosaves()[0].path)
        assert opened.config.data.name == "circle"
        assert opened.trainer.step == 0
    finally:
        compiler.set()
        backend.stop()
