"""What other threads do in the middle of a save, an opening or a rescue: nothing is lost, and nothing is mixed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nnplay import session
from nnplay.config import RunConfig
from nnplay.run import edits
from nnplay.run.open_run import OpenRun
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.provenance import Provenance
from nnplay.run.saving import saved_run
from nnplay.run.saving.autosave import Autosave
from nnplay.run.saving.files import RunFiles
from nnplay.run.saving.session import Session
from nnplay.run.training_thread import TrainingThread
from nnplay.timeline.timeline import Timeline
from tests.small_worker import PATIENCE, until

RUN = {"data": "xor", "layers": "linear 4, tanh, linear 2", "seed": 1}
OTHER = {"data": "xor", "layers": "linear 3, tanh, linear 2", "seed": 2}


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlaygroundBackend]:
    """A run at step 30 that autosave does not keep by itself but after an edit; `other.nnplay` is there, too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("NNPLAY_AUTOSAVE_SECONDS", "3600")
    monkeypatch.chdir(tmp_path)
    with Session.new(tmp_path / "other.nnplay", OTHER):
        pass
    made = PlaygroundBackend(RunConfig.from_dict(RUN))
    train_to(made, 30)
    yield made
    made.stop()


def train_to(backend: PlaygroundBackend, step: int) -> None:
    """Trains to a step before it returns."""
    backend.goto("step", step)
    until(lambda: not backend.snapshot.running and backend.snapshot.step == step)


def once(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, *, before: Callable[[], object] = int, after: Any = int
) -> None:
    """Does something right before, or right after, the next call of a function, and at no later one."""
    whole = getattr(place, name)

    def hooked(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(place, name, whole)
        before()
        answer = whole(*given, **named)
        after()
        return answer

    monkeypatch.setattr(place, name, hooked)


def set_rate(backend: PlaygroundBackend) -> str:
    """An edit."""
    return backend.apply(backend.changed(optimizer={"lr": 0.125}))


def config_in_force(backend: PlaygroundBackend) -> RunConfig | None:
    """What the run is made of, whatever is shown of it."""

    def read(run: TrainingThread) -> RunConfig | None:
        trainer = run.trainer
        assert trainer is not None
        return backend.provenance.config_at(trainer, trainer.optimizer, trainer.settings)

    return backend.worker.ask(read, PATIENCE)


def read_kept(path: Path | str) -> tuple[int, float]:
    """Step and learning rate of a run on disk."""
    record = session.summarize(path).record
    return record["progress"]["step"], record["run"]["optimizer"]["lr"]


def test_an_edit_during_a_save_is_not_taken_for_saved(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made while the disk is at it, it is none of that session's: autosave keeps it, as every edit."""
    once(monkeypatch, saved_run, "write", before=lambda: set_rate(backend))
    backend.save("mine")
    assert read_kept("mine.nnplay") == (30, 0.01)
    assert backend.unsaved()
    assert backend.autosave.edited
    until(lambda: session.autosaves() and read_kept(session.autosaves()[0].path) == (30, 0.125))


def test_a_copy_of_what_came_after_a_save_is_not_discarded_with_it(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal goes while a save is on its way and the run trains: the copy that the rescue made then stays."""
    rescued: list[str] = []

    def train_and_rescue() -> None:
        train_to(backend, 60)
        rescued.append(backend.rescue())

    once(monkeypatch, saved_run, "write", before=train_and_rescue)
    backend.save("mine")
    assert read_kept("mine.nnplay")[0] == 30
    assert read_kept(rescued[0])[0] == 60
    backend.save("")
    assert not Path(rescued[0]).exists()


def test_a_step_back_during_a_rescue_does_not_leave_the_run_behind(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another session is opened the user steps back: the run that is left is kept, at its newest step."""
    once(monkeypatch, Autosave, "now", before=backend.back)
    assert "was not saved" in backend.open("other.nnplay")
    (offer,) = backend.recovered()
    assert read_kept(offer.path)[0] == 30


def test_an_edit_while_another_session_is_opened_is_of_the_run_that_is_left(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun before the run was kept and ended after that: it is kept with that run, and the opened one is as it was."""
    begun, kept = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert kept.wait(PATIENCE)

    once(monkeypatch, edits, "_check", before=hold)
    once(monkeypatch, RunFiles, "rescue", after=kept.set)
    edit = threading.Thread(target=set_rate, args=(backend,))
    edit.start()
    assert begun.wait(PATIENCE)
    backend.open("other.nnplay")
    edit.join(PATIENCE)
    (offer,) = backend.recovered()
    assert read_kept(offer.path) == (30, 0.125)
    assert backend.settings.seed == 2
    assert backend.settings.optimizer.values["lr"] == 0.01
    assert config_in_force(backend) == backend.settings
    assert (backend.undo(), backend.unsaved()) == ("nothing to undo", False)


def test_a_name_in_place_of_a_refused_edit_is_not_taken_for_saved(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit on its way is refused during a save, and a run gets a name: as many changes as when that began."""

    def fail() -> None:
        raise MemoryError

    go_on = threading.Event()
    backend.worker.send(lambda run: go_on.wait(PATIENCE))
    once(monkeypatch, TrainingThread, "make_change", before=fail)
    set_rate(backend)
    once(monkeypatch, Provenance, "capture", before=go_on.set)
    backend.save("mine")
    backend.runs.name(1, "first")
    assert backend.settings.optimizer.values["lr"] == 0.01
    assert backend.unsaved()


def test_a_stop_set_while_another_session_is_on_its_way_is_not_taken_for_saved(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that was opened is being put in place: the stop is not in its session, and autosave keeps it."""
    backend.save("mine")

    def set_stop() -> None:
        setting = threading.Thread(target=lambda: backend.apply(backend.changed(stop={"epochs": 5})))
        setting.start()
        setting.join(PATIENCE)

    once(monkeypatch, Provenance, "give_past", before=set_stop)
    backend.open("other.nnplay")
    assert (backend.settings.seed, backend.settings.stops) == (2, {"epochs": 5})
    assert backend.unsaved()
    until(session.autosaves)


def test_a_session_whose_run_does_not_come_is_free_again(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no room for it: it is not held, be it another one, the one that is open, or a recovered one."""

    def fail() -> None:
        raise MemoryError

    def open_in_vain(path: str) -> None:
        once(monkeypatch, TrainingThread, "replace_run", before=fail)
        with pytest.raises(MemoryError):
            backend.open(path)
        assert not session.summarize(path).in_use

    open_in_vain("other.nnplay")
    backend.open("other.nnplay")
    open_in_vain("other.nnplay")
    backend.open("other.nnplay")
    assert backend.files.read_only == ""
    kept = session.autosaves()[-1]
    open_in_vain(str(kept.path))
    assert "resumed at step 30" in backend.open(str(kept.path))


def test_a_run_whose_end_cannot_be_kept_stays_where_it_was(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left in its past for another one, and taken to its end for that: it comes back when that fails."""

    def fail() -> None:
        raise MemoryError

    backend.goto("step", 10)
    until(lambda: backend.snapshot.step == 10)
    once(monkeypatch, Provenance, "config_at", before=fail)
    backend.reseed()
    assert backend.worker.ask(lambda run: run.require_run()[0].step, PATIENCE) == 10
    assert backend.settings.seed == 1


def test_a_thread_that_is_to_end_looks_for_no_end_of_a_run(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is being left in its past, and its last step is far: the way there, and the way back, are broken off."""
    go_on, broken_off = threading.Event(), list[bool]()
    backend.goto("step", 10)
    until(lambda: backend.snapshot.step == 10)
    backend.worker.send(lambda run: setattr(run, "leaving", go_on.wait(PATIENCE)))
    backend.reseed()
    monkeypatch.setattr(Timeline, "go_to", lambda timeline, step, stop: broken_off.append(stop(1, 20)))
    go_on.set()
    backend.worker.ask(lambda run: None, PATIENCE)
    assert broken_off == [True, True]


def test_what_a_session_says_of_its_runs_is_of_the_same_moment_as_the_run(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another seed is asked for as soon as the copy for a save is there: that run is none of the session's."""

    def reseed() -> None:
        backend.reseed()
        backend.worker.ask(lambda run: None, PATIENCE)
        backend.runs.rows()

    once(monkeypatch, Provenance, "capture", after=reseed)
    backend.save("mine")
    opened = saved_run.read(tmp_path / "mine.nnplay")
    assert opened.config.seed == 1
    assert [(label.branch, label.number) for label in opened.labels] == [("", 1)]
    assert opened.others == ()
    assert backend.unsaved()


def test_a_recovered_run_is_unsaved_from_the_first_moment_on(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left as soon as a recovered run is there, before autosave has taken it over: it is asked for, and stays kept."""
    backend.stop(keep=True)
    (kept,) = session.autosaves()
    again, unsaved = PlaygroundBackend(RunConfig.from_dict(OTHER)), list[bool]()
    once(monkeypatch, Autosave, "take_over", before=lambda: unsaved.append(again.unsaved()))
    again.resume(str(kept.path))
    assert unsaved == [True]
    again.stop(keep=True)
    assert [read_kept(one.path)[0] for one in session.autosaves()] == [30]


def test_an_edit_on_its_way_is_not_taken_off_the_screen_by_a_travel(backend: PlaygroundBackend) -> None:
    """The screen catches up with a step of the past while an edit made there waits: it shows the edit all the time."""
    set_rate(backend)
    train_to(backend, 40)
    backend.goto("step", 10)
    until(lambda: backend.snapshot.step == 10)
    begun, go_on = threading.Event(), threading.Event()
    backend.worker.send(lambda run: begun.set() or go_on.wait(PATIENCE))
    assert begun.wait(PATIENCE)
    backend.apply(backend.changed(optimizer={"beta1": 0.5}))
    backend.catch_up()
    go_on.set()
    until(lambda: backend.snapshot.changes == 2)
    backend.catch_up()
    assert (backend.settings.optimizer.values["beta1"], backend.settings.optimizer.values["lr"]) == (0.5, 0.01)
    assert config_in_force(backend) == backend.settings


def test_reading_data_keeps_nobody_from_changing_something_else(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the rows of another run are read in a thread, the screen sets a weight: it does not stand still."""
    reads, go_on = threading.Event(), threading.Event()

    def read_long() -> None:
        reads.set()
        assert go_on.wait(PATIENCE)

    other = backend.changed(data={"name": "circle"})
    once(monkeypatch, edits, "split_of", before=read_long)
    change = threading.Thread(target=backend.apply, args=(other,), kwargs={"anew": True})
    change.start()
    assert reads.wait(PATIENCE)
    setting = threading.Thread(target=backend.set_weight, args=("0.bias", (0,), 0.5))
    setting.start()
    setting.join(PATIENCE)
    assert not setting.is_alive()
    go_on.set()
    change.join(PATIENCE)
    assert backend.settings.data.name == "circle"


def test_stop_conditions_of_another_run_end_nothing_before_it_is_there(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen for a run on other data while this one trains at a later epoch: this one is left as it is."""
    backend.run()
    until(lambda: backend.snapshot.step > 300)

    def let_it_train() -> None:
        step = backend.snapshot.step
        until(lambda: backend.snapshot.step > step + 100 or not backend.snapshot.running)

    other = backend.changed(data={"name": "circle"}, stop={"epochs": 2, "keep_best": True})
    once(monkeypatch, OpenRun, "count_edit", before=let_it_train)
    backend.apply(other)
    backend.worker.ask(lambda run: None, PATIENCE)
    left = backend.runs.find(1).timeline
    assert left is not None
    assert left.changes == []
    backend.run()
    until(lambda: backend.snapshot.finished)
    assert backend.snapshot.message.startswith("stopped at epoch 2")
    backend.undo()
    backend.run()
    until(lambda: backend.snapshot.running and backend.snapshot.step > left.latest - 100)
    assert backend.settings.stops == {}


def test_a_session_has_the_stop_conditions_of_its_own_run(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Another run with a stop is chosen while a save waits for the training thread: it is none of what is saved."""
    go_on = threading.Event()
    backend.worker.send(lambda run: go_on.wait(PATIENCE))
    saving = threading.Thread(target=backend.save, args=("mine",))
    until(lambda: backend.worker._mailbox.empty)
    saving.start()
    until(lambda: not backend.worker._mailbox.empty)
    backend.apply(backend.changed(data={"name": "circle"}, stop={"epochs": 2}))
    go_on.set()
    saving.join(PATIENCE)
    opened = saved_run.read(tmp_path / "mine.nnplay")
    assert (opened.config.data.name, opened.config.stops, opened.view["stops"]) == ("xor", {}, {})
    backend.save("circle")
    assert saved_run.read(tmp_path / "circle.nnplay").view["stops"] == {"epochs": 2}
