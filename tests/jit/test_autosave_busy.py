"""Edits that are made while kernels are compiled: autosave does not wait for the compiler, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay import session
from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.network.notation import show_layer
from nnplay.run import crossing
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving import saved_run
from nnplay.run.saving.session import Session
from tests.jit.test_autosave import RUN, parameters, train_steps
from tests.small_worker import until

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
        train_steps(backend)
        before = parameters(backend)
        monkeypatch.setattr(crossing, "remake_as", slowly(saved_run.remake_as, compiler))
        backend.apply(backend.changed(layers=("linear 4", "relu", "linear 3", "tanh", "linear 2")))
        until(lambda: any("edited" in found.record for found in session.autosaves()))
        (kept,) = session.autosaves()
        opened = saved_run.read(kept.path)
        assert layers_of(opened.config) == ("linear 4", "relu", "linear 3", "tanh", "linear 2")
        assert opened.trainer.step == 30
        assert opened.warnings == ("with the last edit; re-initialised: 2.weight, 4.weight, 2.bias, 4.bias",)
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
        train_steps(backend)
        real = RunConfig.trainer
        monkeypatch.setattr(RunConfig, "trainer", slowly(real, compiler))
        backend.apply(backend.changed(data={"name": "circle"}))
        until(lambda: any("edited" in found.record for found in session.autosaves()))
        monkeypatch.setattr(RunConfig, "trainer", real)
        opened = saved_run.read(session.autosaves()[0].path)
        assert opened.config.data.name == "circle"
        assert opened.trainer.step == 0
    finally:
        compiler.set()
        backend.stop()


def test_a_weight_set_by_hand_while_kernels_are_compiled_is_kept(
    compiler: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set during an edit that takes long: kept with that edit unless taken back, and in force when it is made."""
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    try:
        train_steps(backend)
        monkeypatch.setattr(crossing, "remake_as", slowly(saved_run.remake_as, compiler))
        backend.apply(backend.changed(layers=("linear 4", "relu", "linear 2")))
        backend.set_weight("0.weight", (1, 2), 7.5)
        backend.set_weight("0.bias", (3,), -2.0)
        backend.undo()
        until(lambda: any("edited_weights" in found.record for found in session.autosaves()))
        until(lambda: session.autosaves()[0].record["edited_weights"] == ["30 weight 0.weight[1,2] = 7.5"])
        opened = saved_run.read(session.autosaves()[0].path)
        assert opened.trainer.parameters()["0.weight"][1, 2] == 7.5
        assert opened.past is not None
        assert opened.past.log.changes[-1].words == "0.weight[1,2] = 7.5"
        assert opened.trainer.parameters()["0.bias"][3] != -2.0
        compiler.set()
        until(lambda: "edited" not in session.autosaves()[0].record)
        assert "edited_weights" not in session.autosaves()[0].record
        assert parameters(backend)["0.weight"][1, 2] == 7.5
        assert np.array_equal(parameters(backend)["0.bias"], opened.trainer.parameters()["0.bias"])
    finally:
        compiler.set()
        backend.stop()


@pytest.mark.parametrize(
    "given", ["3", '"x"', '[["0.weight", "a", 1.0]]', '[["0.weight", [0, 1], "x"]]', "[[1, [0], 2.0]]"]
)
def test_weights_to_be_set_that_are_none_are_refused(given: str, tmp_path: Path) -> None:
    """What stands in a damaged session in their place is refused in one sentence; one that is gone is said."""
    with Session.new(tmp_path / "one.nnplay", RUN) as made:
        made.save()
    text = tmp_path / "one.nnplay" / "session.toml"
    whole = text.read_text()
    for item, wrong in (
        (given, True),
        ('["3 weight 0.weight[0,99] = 1.0"]', False),
        ('["3 weight 9.weight[0,1] = 1.0"]', False),
    ):
        text.write_text(f"edited_weights = {item}\n{whole}", encoding="utf-8")
        if wrong:
            with pytest.raises(InputError, match="does not set a weight"):
                saved_run.read(tmp_path / "one.nnplay")
        else:
            assert any("no longer exists" in message for message in saved_run.read(tmp_path / "one.nnplay").warnings)


@pytest.mark.parametrize("presses", [1, 2])
def test_training_asked_for_while_kernels_are_compiled_starts_when_they_are_ready(
    presses: int, compiler: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The back end knows at once that it will train; asked to pause meanwhile it does not begin."""
    monkeypatch.setattr(RunConfig, "trainer", slowly(RunConfig.trainer, compiler))
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    try:
        for _ in range(presses):
            backend.pause() if backend.will_run else backend.run()
        assert backend.will_run == (presses == 1)
        assert not backend.snapshot.running
        compiler.set()
        backend.worker.ask(lambda run: None, seconds=120)
        if presses == 1:
            until(lambda: backend.snapshot.running and backend.snapshot.step > 0)
        assert backend.will_run == (presses == 1)
        assert (backend.worker.trainer.step > 0) == (presses == 1)  # type: ignore[union-attr]
    finally:
        compiler.set()
        backend.stop()


def test_a_run_that_goes_on_after_an_edit_can_be_paused_before_it(
    compiler: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an edit of a running training is made it counts as running; a pause then ends it when the edit is made."""
    backend = PlaygroundBackend(RunConfig.from_dict(RUN))
    try:
        backend.run()
        until(lambda: backend.snapshot.running and backend.snapshot.step > 20)
        began = threading.Event()

        def remake_as(*arguments: Any) -> Any:
            began.set()
            assert compiler.wait(120)
            return saved_run.remake_as(*arguments)

        monkeypatch.setattr(crossing, "remake_as", remake_as)
        backend.apply(backend.changed(layers=WIDER))
        assert began.wait(120)
        assert backend.will_run
        backend.pause()
        assert not backend.will_run
        compiler.set()
        backend.worker.ask(lambda run: None, seconds=120)
        until(lambda: not backend.snapshot.running)
        assert backend.worker.trainer.step == backend.snapshot.step  # type: ignore[union-attr]
    finally:
        compiler.set()
        backend.stop()
