"""What autosave keeps where the run is elsewhere than its newest step, and where folders go while it runs."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay import session
from nnplay.config import RunConfig
from nnplay.run.mailbox import NoAnswerError
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving import autosave, recovery_copy, saved_run
from nnplay.run.saving.autosave import TRAINING_EVERY, pause_between
from nnplay.run.saving.session import Session
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker
from nnplay.timeline.saved import capture
from tests.small_worker import until

RUN = {"data": "xor", "layers": "linear 4, tanh, linear 2", "seed": 1}
Open = Callable[..., PlaygroundBackend]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recovered runs of this test only, kept after a tenth of a second of training; and a working folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("NNPLAY_AUTOSAVE_SECONDS", "0.1")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def open_backend() -> Iterator[Open]:
    """Makes back ends whose refusals to save are in `told`, and ends them after the test."""
    made: list[PlaygroundBackend] = []

    def make(**run: Any) -> PlaygroundBackend:
        made.append(PlaygroundBackend(RunConfig.from_dict({**RUN, **run})))
        made[-1].worker.ask(lambda run: None, seconds=240)
        return made[-1]

    yield make
    for backend in made:
        backend.stop()


def train_to(backend: PlaygroundBackend, steps: int) -> None:
    """Trains to a step before it returns."""
    backend.goto("step", steps)
    until(lambda: not backend.snapshot.running and backend.snapshot.step == steps)


def delete(folder: Path) -> None:
    """Deletes a folder that somebody may be writing into: it is gone at once, and nothing of it is left."""
    folder.rename(folder.with_name("deleted"))
    while folder.with_name("deleted").exists():
        shutil.rmtree(folder.with_name("deleted"), ignore_errors=True)


def read_kept_step() -> int:
    """The step that the newest recovery copy holds."""
    found = session.autosaves()
    return int(found[0].record["progress"]["step"]) if found and found[0].record else -1


def test_an_edit_is_kept_although_the_run_goes_back_at_once(open_backend: Open) -> None:
    """An edit and then one step back, before autosave could look: it keeps the edit, at the newest step."""
    backend = open_backend()
    train_to(backend, 30)
    until(lambda: read_kept_step() == 30)
    go_on = threading.Event()
    backend.worker.send(lambda run: go_on.wait(240))
    backend.apply(backend.changed(optimizer={"lr": 0.125}))
    backend.back()
    go_on.set()
    until(lambda: session.autosaves()[0].record["run"]["optimizer"].get("lr") == 0.125)
    assert backend.snapshot.step == 29
    assert read_kept_step() == 30
    backend.stop(keep=True)
    with Session.open(session.autosaves()[0].path) as found:
        assert found.trainer.step == 30
        assert found.config.optimizer.values["lr"] == 0.125


def test_an_end_in_the_past_need_not_go_back_to_the_newest_step(
    open_backend: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal after an edit and a step back keeps what was held when the run left its newest step."""
    monkeypatch.setattr(autosave, "EDIT_WITHIN", 1e9)
    backend = open_backend()
    train_to(backend, 30)
    backend.apply(backend.changed(optimizer={"lr": 0.125}))
    backend.back()
    until(lambda: backend.snapshot.step == 29)
    backend.rescue()
    assert read_kept_step() == 30
    assert backend.worker.ask(lambda run: run.trainer.step, seconds=240) == 29  # type: ignore[union-attr]


def test_a_state_folder_that_is_deleted_is_made_anew(open_backend: Open, tmp_path: Path) -> None:
    """The state folder deleted while it trains, while it rests, and at the end: nothing is refused, and all is kept."""
    backend = open_backend()
    messages: list[str] = []
    backend.autosave._tell = messages.append
    train_to(backend, 30)
    until(lambda: read_kept_step() == 30)
    delete(tmp_path / "state")
    train_to(backend, 60)
    until(lambda: read_kept_step() == 60)
    delete(tmp_path / "state")
    until(lambda: read_kept_step() == 60)
    delete(tmp_path / "state")
    backend.stop(keep=True)
    assert read_kept_step() == 60
    assert messages == []


def test_leaving_without_the_state_folder_is_no_error(open_backend: Open, tmp_path: Path) -> None:
    """Saved, or left on purpose, after somebody deleted the state folder: there is nothing to delete any more."""
    backend = open_backend()
    train_to(backend, 30)
    until(lambda: read_kept_step() == 30)
    delete(tmp_path / "state")
    assert "saved to" in backend.save("mine")
    train_to(backend, 60)
    until(lambda: read_kept_step() == 60)
    delete(tmp_path / "state")
    backend.stop()
    assert session.autosaves() == []


def test_a_working_folder_that_is_deleted_costs_nothing(open_backend: Open, tmp_path: Path) -> None:
    """Data and session were named relative to it: trained on, edited, ended by a signal; kept, with whole names."""
    rows = "".join(f"{x},{-x},{'ab'[x % 2]}\n" for x in range(40))
    Path("my.csv").write_text("p,q,y\n" + rows, encoding="utf-8")
    backend = open_backend(data={"file": "my.csv"})
    messages: list[str] = []
    backend.autosave._tell = messages.append
    assert backend.save("mine") == "saved to mine.nnplay at step 0"
    gone = Path.cwd()
    shutil.rmtree(gone)
    train_to(backend, 30)
    backend.apply(backend.changed(optimizer={"lr": 0.125}))
    backend.stop(keep=True)
    os.chdir(tmp_path)
    (kept,) = session.autosaves()
    assert messages == []
    assert kept.record["progress"]["step"] == 30
    assert kept.record["run"]["optimizer"]["lr"] == 0.125
    assert kept.record["run"]["data"]["file"] == str(gone / "my.csv")
    assert kept.record["origin"]["path"] == str(gone / "mine.nnplay")


def test_data_chosen_later_are_named_whole_too(open_backend: Open) -> None:
    """A file that is chosen by a relative name while the playground is open is kept by its whole one."""
    rows = "".join(f"{x},{-x},{'ab'[x % 2]}\n" for x in range(40))
    Path("my.csv").write_text("p,q,y\n" + rows, encoding="utf-8")
    backend = open_backend()
    settings = backend.changed(data={"file": "my.csv"})
    assert settings.data.source == str(Path.cwd() / "my.csv")


def test_a_run_of_python_whose_working_folder_is_gone_can_be_captured(tmp_path: Path) -> None:
    """A session on a relative file is captured after its working folder was deleted, as to keep it for recovery."""
    rows = "".join(f"{x},{-x},{'ab'[x % 2]}\n" for x in range(40))
    Path("my.csv").write_text("p,q,y\n" + rows, encoding="utf-8")
    gone = Path.cwd()
    with Session.new("mine.nnplay", {"data": {"file": "my.csv"}, "layers": "linear 2"}) as run:
        shutil.rmtree(gone)
        assert run.capture().record["run"]["data"]["file"] == str(gone / "my.csv")
        assert run.path == gone / "mine.nnplay"


def test_a_copy_leaves_out_what_is_large_and_only_saves_time(
    open_backend: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints that a replay would find anyway are in a session, and in a large run's recovery copy they are not."""
    backend = open_backend()
    train_to(backend, 300)
    monkeypatch.setattr(capture, "SMALL", 1)

    def checkpoints(saved: saved_run.SavedRun | None) -> int:
        assert saved is not None
        assert saved.past is not None
        assert saved.past.first == 0
        return sum(len(segment.checkpoints) for segment in saved.past.log.segments)

    def both(run: TrainingThread) -> tuple[int, int]:
        assert run.timeline is not None
        extra = run.timeline._present(0)
        extra.step = 1
        run.timeline._store._stored.insert(1, extra)
        provenance = backend.provenance
        return checkpoints(provenance.capture_from(run)), checkpoints(provenance.capture_from(run, lean=True))

    whole, lean = backend.worker.ask(both, seconds=240)
    assert whole > lean == 1


def test_copies_that_take_long_come_when_they_are_due_or_leave_the_disk_its_rest() -> None:
    """The newest whole copy is as young as promised where one takes 7 s; beyond that the disk rests twice as long."""
    for took in (0.0, 1.0, 7.0):
        assert pause_between(TRAINING_EVERY, took) + took <= TRAINING_EVERY
    assert pause_between(TRAINING_EVERY, 20.0) == 60.0


def test_a_thread_on_a_long_step_is_seen_to_go_on(open_backend: Open) -> None:
    """A rescue that waits for a training thread is seen to come further while that computes, not while it hangs."""
    backend = open_backend()
    train_to(backend, 30)
    until(lambda: read_kept_step() == 30)
    backend.apply(backend.changed(optimizer={"lr": 0.125}))
    until(lambda: session.autosaves()[0].record["run"]["optimizer"].get("lr") == 0.125)
    computes, hangs, go_on = threading.Event(), threading.Event(), threading.Event()

    def long_step(run: TrainingThread) -> None:
        while not computes.is_set():
            np.ones(1 << 16).sum()
        hangs.set()
        go_on.wait(240)

    backend.worker.send(long_step)
    assert backend.autosave.path is not None
    delete(backend.autosave.path)
    rescue = threading.Thread(target=backend.rescue)
    rescue.start()
    try:
        until(lambda: backend.autosave.takes)
        before = backend.rescue_progress()
        until(lambda: backend.rescue_progress() != before)
        computes.set()
        assert hangs.wait(240)
        before = backend.rescue_progress()
        assert backend.autosave.takes
        assert backend.rescue_progress() - before <= 1
    finally:
        computes.set()
        go_on.set()
    rescue.join(240)
    assert read_kept_step() == 30


def test_a_question_is_answered_to_its_end_or_not_at_all() -> None:
    """Asked of a busy thread in vain it is never answered later; once its answer has begun it is waited for."""
    worker, go_on, answered = Worker(), threading.Event(), []
    try:
        worker.send(lambda run: go_on.wait(240))
        with pytest.raises(NoAnswerError):
            worker.ask(lambda run: answered.append("in vain"), seconds=0.01)
        go_on.set()
        begun = threading.Event()
        threading.Thread(target=lambda: begun.wait(240) and go_on.set()).start()

        def slowly(asked: Worker) -> int:
            go_on.clear()
            begun.set()
            go_on.wait(240)
            return 7

        worker.ask(lambda run: None, seconds=240)
        assert worker.ask(slowly, seconds=240) == 7
        assert answered == []
    finally:
        go_on.set()
        worker.stop()


def test_a_refused_copy_that_is_held_is_tried_again(open_backend: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk refuses, the moment that is held stays held, and is kept when the disk takes it."""
    backend = open_backend()
    train_to(backend, 30)
    until(lambda: read_kept_step() == 30)
    refused = threading.Event()

    def full(*_: object) -> int:
        refused.set()
        raise session.NotSaved("not saved: no space left on device", where="run")

    monkeypatch.setattr(recovery_copy, "write", full)
    backend.apply(backend.changed(optimizer={"lr": 0.125}))
    backend.back()
    until(refused.is_set)
    until(lambda: backend.snapshot.step == 29)
    monkeypatch.setattr(recovery_copy, "write", saved_run.write)
    until(lambda: session.autosaves()[0].record["run"]["optimizer"].get("lr") == 0.125)
    assert read_kept_step() == 30
    assert np.isfinite(backend.snapshot.train_loss)
