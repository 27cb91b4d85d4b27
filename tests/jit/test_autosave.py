"""Autosave of the playground's run: when it is due, where it goes, a full disk, and what the next start can recover."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay import session
from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving import autosave, recovery_copy, saved_run
from nnplay.run.saving.autosave import Unattended, training_every
from nnplay.run.saving.session import Session
from nnplay.run.training_thread import TrainingThread
from tests.small_worker import until

RUN = {"data": "xor", "layers": "linear 4, tanh, linear 2", "seed": 1}


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recovered runs of this test only, kept after a tenth of a second of training."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("NNPLAY_AUTOSAVE_SECONDS", "0.1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def open_backend() -> Iterator[Callable[[], PlaygroundBackend]]:
    """Makes back ends, and ends them after the test."""
    made: list[PlaygroundBackend] = []

    def make() -> PlaygroundBackend:
        made.append(PlaygroundBackend(RunConfig.from_dict(RUN)))
        made[-1].worker.ask(lambda run: None, seconds=240)
        return made[-1]

    yield make
    for backend in made:
        backend.stop()


Open = Callable[[], PlaygroundBackend]


def train_steps(backend: PlaygroundBackend, steps: int = 30) -> None:
    """Some steps, taken before it returns."""
    backend.run_for(steps=steps)
    until(lambda: not backend.snapshot.running and backend.snapshot.step >= steps)


def parameters(backend: PlaygroundBackend) -> dict[str, np.ndarray]:
    """Copies of what was learned."""

    def copy(run: TrainingThread) -> dict[str, np.ndarray]:
        assert run.trainer is not None
        return {name: value.copy() for name, value in run.trainer.tensors().items()}

    return backend.worker.ask(copy, seconds=240)


def test_training_and_edits_are_kept_without_being_asked_for(open_backend: Open) -> None:
    """A run that trains, and then one that is edited, is in the recovery folder with its step and its setting."""
    backend = open_backend()
    train_steps(backend)
    until(lambda: [item for item in session.autosaves() if item.record["progress"]["step"] >= 30])
    backend.apply(backend.changed(optimizer={"lr": 0.125}))
    until(lambda: session.autosaves()[0].record["run"]["optimizer"].get("lr") == 0.125)
    assert backend.autosave.path is not None
    assert session.is_autosave(backend.autosave.path)


def test_the_times_between_autosaves_hold_the_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 s of training, less the look every half second; an edit and its look leave half a second for the disk."""
    monkeypatch.delenv("NNPLAY_AUTOSAVE_SECONDS")
    assert training_every() == 30
    assert autosave.EDIT_WITHIN + autosave._LOOK_EVERY <= 1.5
    for given, wanted in (("5", 5.0), ("0", 0.1), ("1e9", 3600.0), ("nan", 30.0), ("soon", 30.0)):
        monkeypatch.setenv("NNPLAY_AUTOSAVE_SECONDS", given)
        assert training_every() == wanted


def test_autosave_never_writes_to_a_saved_session(open_backend: Open, tmp_path: Path) -> None:
    """After a save, training on changes the recovery copy only: the session's files keep every byte."""
    backend = open_backend()
    train_steps(backend)
    backend.save("mine")
    place = tmp_path / "mine.nnplay"
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert backend.autosave.path is None
    train_steps(backend, 60)
    until(lambda: backend.autosave.path and session.autosaves())
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert backend.unsaved()


def test_saving_over_another_session_is_refused(open_backend: Open, tmp_path: Path) -> None:
    """Save as, onto a session that is not the open one, is refused; save without a name takes a free one."""
    with Session.new(tmp_path / "xor.nnplay", RUN):
        pass
    before = (tmp_path / "xor.nnplay" / "session.toml").read_bytes()
    backend = open_backend()
    with pytest.raises(InputError, match="not the open run"):
        backend.save("xor")
    assert backend.save("") == "saved to xor-2.nnplay at step 0"
    assert (tmp_path / "xor.nnplay" / "session.toml").read_bytes() == before


def test_a_full_disk_is_told_once_and_training_goes_on(open_backend: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """While every autosave is refused, the user is told once, the steps go on, and a later autosave succeeds."""
    refusals = 0

    def full(*_: object) -> int:
        nonlocal refusals
        refusals += 1
        raise session.NotSaved("not saved: no space left on device", where="run")

    backend = open_backend()
    messages: list[str] = []
    monkeypatch.setattr(backend.autosave, "_tell", messages.append)
    monkeypatch.setattr(recovery_copy, "write", full)
    backend.run()
    until(lambda: refusals >= 3)
    step = backend.snapshot.step
    until(lambda: backend.snapshot.step > step)
    assert len(messages) == 1
    assert "no space left on device" in messages[0]
    assert "training continues" in messages[0]
    monkeypatch.setattr(recovery_copy, "write", saved_run.write)
    until(lambda: len(messages) == 2)
    assert messages[1] == "autosave works again"
    assert len(session.autosaves()) == 1


def test_what_ended_without_a_save_is_offered_and_resumed(open_backend: Open) -> None:
    """After an end that nobody asked for, the next start offers age, epoch, loss, and resuming gives the same bits."""
    first = open_backend()
    train_steps(first, 44)
    wanted = parameters(first)
    first.stop(keep=True)
    second = open_backend()
    (offer,) = second.recovered()
    assert (offer.trained, offer.data, offer.recovered, offer.problem) == ("2 epochs", "xor", True, "")
    assert offer.loss == pytest.approx(first.snapshot.train_loss, rel=1)
    assert 0 <= offer.age < 600
    assert "resumed at step 44" in second.open(offer.path)
    found = parameters(second)
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
    assert second.unsaved()
    assert second.path == ""
    assert second.recovered() == []
    assert str(second.autosave.path) == offer.path
    second.save("mine")
    assert not Path(offer.path).exists()


def test_a_copy_leaves_the_recovered_run_and_discarding_deletes_it(open_backend: Open) -> None:
    """`open_copy` opens the run and still offers it; `discard` deletes it, and refuses what is not an autosave."""
    first = open_backend()
    train_steps(first)
    first.stop(keep=True)
    second = open_backend()
    (offer,) = second.recovered()
    assert "copy" in second.open_copy(offer.path)
    until(lambda: second.snapshot.step == 30)
    assert [item.path for item in second.recovered()] == [offer.path]
    second.discard(offer.path)
    assert second.recovered() == []
    second.save("mine")
    with pytest.raises(InputError, match="not an autosave"):
        second.discard("mine.nnplay")


def test_opening_another_session_keeps_the_run_that_was_not_saved(open_backend: Open, tmp_path: Path) -> None:
    """Opening a session over an unsaved run leaves that run in the recovery folder, at its last step."""
    with Session.new(tmp_path / "other.nnplay", RUN):
        pass
    backend = open_backend()
    train_steps(backend)
    assert "opened" in backend.open("other.nnplay")
    (offer,) = backend.recovered()
    assert session.summarize(offer.path).record["progress"]["step"] == 30
    until(lambda: backend.snapshot.step == 0)
    assert not backend.unsaved()


def test_an_autosave_while_another_run_is_installed_leaves_the_one_before(
    open_backend: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that comes due between the keeping of a run and its replacement writes over neither, and is not offered."""
    monkeypatch.setenv("NNPLAY_AUTOSAVE_SECONDS", "3600")
    with Session.new(tmp_path / "other.nnplay", RUN):
        pass
    backend = open_backend()
    train_steps(backend)
    kept_at: list[str] = []

    def save_meanwhile(self: autosave.Autosave, *saved: Any) -> None:
        kept_at.append(self.now())
        whole(self, *saved)

    whole = autosave.Autosave.mark_saved
    monkeypatch.setattr(autosave.Autosave, "mark_saved", save_meanwhile)
    backend.open("other.nnplay")
    (offer,) = backend.recovered()
    assert session.summarize(offer.path).record["progress"]["step"] == 30
    assert kept_at
    assert kept_at[0] != offer.path
    assert not Path(kept_at[0]).exists()


def test_a_run_that_cannot_be_kept_is_not_replaced(
    open_backend: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the disk refuses the recovery copy, opening another session is refused, and can be tried again."""
    with Session.new(tmp_path / "other.nnplay", RUN):
        pass

    def full(*_: object) -> int:
        raise session.NotSaved("not saved: no space left on device", where="run")

    backend = open_backend()
    monkeypatch.setattr(recovery_copy, "write", full)
    train_steps(backend)
    with pytest.raises(
        InputError, match="present run cannot be kept: run: not saved: no space left on device"
    ) as refused:
        backend.open("other.nnplay")
    assert refused.value.hint == "save it first with s"
    assert (backend.snapshot.step, backend.path, backend.unsaved()) == (30, "", True)
    monkeypatch.setattr(recovery_copy, "write", saved_run.write)
    assert "read-only" not in backend.open("other.nnplay")
    assert len(backend.recovered()) == 1


def test_a_damaged_session_leaves_the_run_as_it_was(open_backend: Open, tmp_path: Path) -> None:
    """Opening something that is no session raises one clear error; run, path and steps stay."""
    backend = open_backend()
    train_steps(backend)
    (tmp_path / "bad.nnplay").mkdir(mode=0o700)
    (tmp_path / "bad.nnplay" / "session.toml").write_text("data = [[[")
    with pytest.raises(InputError):
        backend.open("bad.nnplay")
    assert backend.snapshot.step == 30
    assert not (tmp_path / "bad.nnplay" / "session.lock").exists()


def test_two_playgrounds_on_one_session(open_backend: Open, tmp_path: Path) -> None:
    """The second one is told who has it open and cannot save onto it; once the first has ended, it is free again."""
    with Session.new(tmp_path / "one.nnplay", RUN):
        pass
    first, second = open_backend(), open_backend()
    assert "read only" not in first.open("one.nnplay")
    assert f"read-only: {pwd.getpwuid(os.getuid()).pw_name} on " in second.open("one.nnplay")
    assert second.path == ""
    with pytest.raises(InputError):
        second.save("one.nnplay")
    first.stop()
    assert "read only" not in open_backend().open("one.nnplay")


def test_what_the_settings_cannot_hold_survives_the_playground(open_backend: Open, tmp_path: Path) -> None:
    """A split with a seed of its own, opened, trained and saved in the playground, still deals the same rows."""
    run = {**RUN, "split": {"train": 0.625, "validation": 0.25, "test": 0.125, "seed": 7, "scale": "none"}}
    with Session.new(tmp_path / "one.nnplay", run):
        pass
    backend = open_backend()
    backend.open("one.nnplay")
    backend.apply(backend.changed(optimizer={"lr": 0.5}))
    train_steps(backend)
    backend.save("")
    backend.stop()
    with Session.open("one.nnplay") as found:
        assert found.warnings == ()
        assert found.config.split.seed == 7
        assert found.config.optimizer.values["lr"] == 0.5
        assert found.trainer.step == 30


def test_stop_conditions_and_the_view_are_part_of_the_session(open_backend: Open) -> None:
    """Stop conditions and what the screen put into `view` come back with the session."""
    backend = open_backend()
    backend.apply(backend.changed(stop={"epochs": 5}))
    backend.view = {"tab": "curves"}
    backend.save("mine")
    backend.stop()
    again = open_backend()
    again.open("mine.nnplay")
    assert again.settings.stops == {"epochs": 5}
    assert again.worker.controls.stops.epochs == 5
    assert again.view == {"tab": "curves"}


def test_epochs_that_a_run_names_are_its_stop(open_backend: Open, tmp_path: Path) -> None:
    """A session written without a screen stops at the epochs of its run; a run that names none has no stop."""
    with Session.new(tmp_path / "named.nnplay", {**RUN, "epochs": 7}):
        pass
    backend = open_backend()
    assert backend.settings.stops == {}
    backend.open("named.nnplay")
    assert (backend.settings.stops, backend.worker.controls.stops.epochs) == ({"epochs": 7}, 7)


def test_every_preset_brings_its_stops_to_the_screen(open_backend: Open) -> None:
    """A preset's epochs and patience are in the settings, and are taken off when the user takes them off."""
    backend = open_backend()
    backend.apply(backend.preset("overfitting_early_stopping"))
    backend.worker.ask(lambda run: None, seconds=240)
    assert backend.settings.stops["patience"] == backend.worker.controls.stops.patience > 0
    assert backend.settings.stops["epochs"] == backend.worker.controls.stops.epochs > 0
    backend.apply(backend.changed(stop={"epochs": 0, "patience": 0}))
    backend.worker.ask(lambda run: None, seconds=240)
    assert (backend.worker.controls.stops.patience, backend.worker.controls.stops.epochs) == (0, 0)


def test_a_recovered_run_finds_the_session_that_it_goes_on_from(open_backend: Open, tmp_path: Path) -> None:
    """Saved, trained on, ended by a signal, resumed: s saves to that session, unless somebody saved to it meanwhile."""
    backend = open_backend()
    train_steps(backend)
    backend.save("mine")
    train_steps(backend, 60)
    backend.stop(keep=True)
    (kept,) = session.autosaves()
    again = open_backend()
    assert "s saves it to" in again.resume(str(kept.path))
    again.stop(keep=True)
    with Session.open("mine.nnplay") as other:
        assert other.trainer.step == 30
        other.save()
    late = open_backend()
    assert "s saves it to" not in late.resume(str(kept.path))
    assert late.save("") == "saved to xor.nnplay at step 90"
    assert "origin" not in session.summarize("xor.nnplay").record
    with Session.open("mine.nnplay") as other:
        assert other.trainer.step == 30


def test_every_file_is_private_whatever_the_umask(open_backend: Open, tmp_path: Path) -> None:
    """Under umask 000 a run that is saved, packed, autosaved and listed makes files 0600 and folders 0700 only."""
    before = os.umask(0)
    try:
        backend = open_backend()
        train_steps(backend)
        backend.save("mine")
        session.pack("mine.nnplay", "mine.zip")
        train_steps(backend, 60)
        backend.stop(keep=True)
        assert backend.recent()
    finally:
        os.umask(before)
    found = list(tmp_path.rglob("*"))
    assert {"recent.json", "mine.zip", "session.toml"} <= {path.name for path in found}
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_looking_at_the_past_does_not_replace_what_was_kept(open_backend: Open) -> None:
    """While the user looks at step 5 of 60, the recovery copy is and stays that of step 60, on a signal, too."""
    backend = open_backend()
    train_steps(backend, 60)
    backend.goto("step", 5)
    until(lambda: backend.snapshot.step == 5)
    backend.stop(keep=True)
    assert session.autosaves()[0].record["progress"]["step"] == 60


def test_a_run_without_a_screen_is_kept_when_it_fails(tmp_path: Path) -> None:
    """An error inside the block keeps the last moment and says where; a normal end leaves nothing."""
    messages: list[str] = []
    with Session.new(None, RUN) as run:
        run.trainer.run(steps=9)
        with pytest.raises(ZeroDivisionError), Unattended(run.capture, messages.append):
            raise ZeroDivisionError
        assert session.autosaves()[0].record["progress"]["step"] == 9
        assert str(session.autosaves()[0].path) in messages[0]
        with Unattended(run.capture, messages.append) as kept:
            while kept.copy.path is None:
                kept.look()
        assert len(session.autosaves()) == 1


def test_a_reader_who_has_left_loses_nothing_of_a_run_that_would_not_be_saved() -> None:
    """`nnplay train … | head` leaves no run to recover, unless the run was to be saved at its end."""
    messages: list[str] = []
    with Session.new(None, RUN) as run:
        run.trainer.run(steps=9)
        with pytest.raises(BrokenPipeError), Unattended(run.capture, messages.append):
            raise BrokenPipeError
        assert (session.autosaves(), messages) == ([], [])
        with pytest.raises(BrokenPipeError), Unattended(run.capture, messages.append, saves=True):
            raise BrokenPipeError
        assert session.autosaves()[0].record["progress"]["step"] == 9
