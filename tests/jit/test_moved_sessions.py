"""The folder of an open session is renamed, deleted or replaced: the run is saved all the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nnplay import session
from nnplay.cli.main import main
from nnplay.errors import InputError
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving import saved_run
from nnplay.run.saving.autosave import Unattended
from nnplay.run.saving.session import Session
from tests.jit.test_undo import RUN, backend, train

__all__ = ["backend"]


def rename(place: Path) -> None:
    """It has another name."""
    place.rename(place.with_name("elsewhere.nnplay"))


def delete(place: Path) -> None:
    """It is no more."""
    shutil.rmtree(place)


def another(place: Path) -> None:
    """Another session of as many saves has its name."""
    rename(place)
    with Session.new(place, RUN):
        pass


def another_in_it(place: Path) -> None:
    """The files of another session were put into the very folder."""
    with Session.new(place.with_name("other.nnplay"), RUN) as other:
        for _ in range(4):
            other.save()
    for file in place.with_name("other.nnplay").iterdir():
        shutil.copy(file, place)


def a_file(place: Path) -> None:
    """A file has its name."""
    rename(place)
    place.write_text("thesis")


def a_folder(place: Path) -> None:
    """A folder of other things has its name."""
    rename(place)
    place.mkdir(mode=0o700)
    (place / "thesis.txt").write_text("thesis")


def a_link_to_another(place: Path) -> None:
    """A link to another session has its name."""
    another(place)
    place.rename(place.with_name("target.nnplay"))
    place.symlink_to("target.nnplay")


def a_link_to_nothing(place: Path) -> None:
    """A link that leads nowhere has its name."""
    rename(place)
    place.symlink_to("nowhere")


def a_folder_of_anybody(place: Path) -> None:
    """A folder that others may write to has its name."""
    rename(place)
    place.mkdir()
    place.chmod(0o777)


def with_slow(cases: Sequence[Callable[[Path], None]], quick: Sequence[Callable[[Path], None]]) -> list[Any]:
    """Cases of a test, of which only some are quick; the test in which the playground saves tries all quickly."""
    return [pytest.param(case, id=case.__name__, marks=() if case in quick else pytest.mark.slow) for case in cases]


GONE = (rename, delete)
REPLACED = (another, another_in_it, a_file, a_folder, a_link_to_another, a_link_to_nothing, a_folder_of_anybody)


def everything(folder: Path) -> dict[str, bytes | str]:
    """What lies in a folder and all below it; locks come and go."""
    found = [Path(at, name) for at, folders, files in os.walk(folder) for name in (*folders, *files)]
    kept = [path for path in found if path.name != "session.lock" and "state" not in path.relative_to(folder).parts]
    return {
        str(path): os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        for path in kept
    }


def step_at(place: Path) -> int:
    """The step that a session stands at."""
    return saved_run.read(place).trainer.step


@pytest.mark.parametrize("happens", GONE, ids=lambda happens: happens.__name__)
def test_a_folder_that_is_gone_is_made_anew(
    backend: PlaygroundBackend, tmp_path: Path, happens: Callable[[Path], None]
) -> None:
    """Saved, its folder renamed or deleted, trained and saved again: it is there, held, and the sentence says so."""
    place = tmp_path / "run.nnplay"
    backend.save("run")
    happens(place)
    before = everything(tmp_path)
    train(backend, 10)
    message = backend.save("")
    assert message.startswith("saved to run.nnplay at step 50; the folder of run.nnplay was renamed or deleted, so")
    assert step_at(place) == 50
    assert not session.take_lock(place).held
    assert {name: data for name, data in everything(tmp_path).items() if name in before} == before
    train(backend, 10)
    assert backend.save("") == "saved to run.nnplay at step 60"


@pytest.mark.parametrize("happens", REPLACED, ids=lambda happens: happens.__name__)
def test_what_stands_in_the_place_of_a_session_is_left_alone(
    backend: PlaygroundBackend, tmp_path: Path, happens: Callable[[Path], None]
) -> None:
    """Whatever has the name of the open session by now keeps every byte; the run is saved beside it from then on."""
    place = tmp_path / "run.nnplay"
    backend.save("run")
    happens(place)
    before = everything(tmp_path)
    train(backend, 10)
    message = backend.save("")
    assert message.startswith("saved to run-2.nnplay at step 50; something else now occupies run.nnplay")
    assert {name: data for name, data in everything(tmp_path).items() if name in before} == before
    assert step_at(tmp_path / "run-2.nnplay") == 50
    train(backend, 10)
    assert backend.save("") == "saved to run-2.nnplay at step 60"
    assert {name: data for name, data in everything(tmp_path).items() if name in before} == before


def test_an_emptied_folder_is_filled_anew(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """An empty folder of the same name is used again, and the sentence does not say that it was left alone."""
    backend.save("run")
    shutil.rmtree(tmp_path / "run.nnplay")
    (tmp_path / "run.nnplay").mkdir(mode=0o700)
    train(backend, 10)
    message = backend.save("")
    assert (
        message
        == "saved to run.nnplay at step 50; the folder of run.nnplay was emptied, so everything was written again"
    )
    assert step_at(tmp_path / "run.nnplay") == 50


@pytest.mark.parametrize("happens", with_slow([*GONE, *REPLACED], [rename, another, a_link_to_nothing]))
def test_in_python_the_session_says_where_it_went(tmp_path: Path, happens: Callable[[Path], None]) -> None:
    """`Session.save` does the same: `path` is where the run lives now, `warnings` has the sentence."""
    place = tmp_path / "run.nnplay"
    with Session.new(place, RUN) as made:
        made.trainer.run(steps=5)
        made.save()
        happens(place)
        before = everything(tmp_path)
        made.trainer.run(steps=5)
        made.save()
        assert made.path == (place if happens in GONE else tmp_path / "run-2.nnplay")
        assert len(made.warnings) == 1
        assert {name: data for name, data in everything(tmp_path).items() if name in before} == before
        made.save()
        assert len(made.warnings) == 1
    assert made.path is not None
    assert step_at(made.path) == 10


@pytest.mark.parametrize("happens", with_slow([*GONE, *REPLACED], [delete, another_in_it]))
@pytest.mark.parametrize("save", [(), ("--save", "kept.nnplay")], ids=["in place", "elsewhere"])
def test_a_session_that_moves_while_it_is_trained_is_saved(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    happens: Callable[[Path], None],
    save: tuple[str, ...],
) -> None:
    """`nnplay train SESSION`, whose folder is moved meanwhile, keeps the result and says where."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    with Session.new("run.nnplay", RUN):
        pass
    pending = [tmp_path / "run.nnplay"]
    monkeypatch.setattr(Unattended, "look", lambda recovery: happens(pending.pop()) if pending else None)
    assert main(["train", "run.nnplay", "--epochs", "1", *save, "--no-plot"]) == 0
    assert not pending
    printed = capsys.readouterr()
    kept = "kept.nnplay" if save else "run.nnplay" if happens in GONE else "run-2.nnplay"
    assert f"saved to {kept}\n" in printed.out
    assert ("warning: saved to" in printed.err) == (not save)
    assert step_at(tmp_path / kept) > 0
    assert not session.autosaves()


def test_a_lock_file_that_was_deleted_is_made_anew(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """With its lock file gone nobody sees that the session is open: the next save holds it again."""
    place = tmp_path / "run.nnplay"
    backend.save("run")
    (place / "session.lock").unlink()
    assert backend.save("") == "saved to run.nnplay at step 40"
    assert not session.take_lock(place).held


def test_a_session_that_another_one_took_meanwhile_is_not_saved_to(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Where the lock file was deleted and somebody else has the session open, saving is refused; another name works."""
    place = tmp_path / "run.nnplay"
    backend.save("run")
    (place / "session.lock").unlink()
    with session.take_lock(place):
        before = everything(place)
        with pytest.raises(InputError, match="has had it open"):
            backend.save("")
        assert everything(place) == before
        assert backend.save("mine") == "saved to mine.nnplay at step 40"


def test_the_folder_around_a_session_is_gone(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Without the folder that it was in, saving is refused in a sentence, the run goes on, and another name works."""
    (tmp_path / "inner").mkdir()
    backend.save("inner/run")
    shutil.rmtree(tmp_path / "inner")
    with pytest.raises(InputError, match=r"inner: there is no such folder; create it first"):
        backend.save("")
    (tmp_path / "inner").mkdir()
    assert "saved to inner/run.nnplay at step 40; the folder of inner/run.nnplay was" in backend.save("")


def test_a_relative_name_means_the_place_of_then(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """The working folder changes, or goes: a session that was named from it is saved where it was."""
    backend.save("run")
    (tmp_path / "other").mkdir()
    os.chdir(tmp_path / "other")
    train(backend, 10)
    assert backend.save("") == f"saved to {tmp_path / 'run.nnplay'} at step 50"
    (tmp_path / "other").rmdir()
    train(backend, 10)
    assert backend.save("") == f"saved to {tmp_path / 'run.nnplay'} at step 60"
    for name in ("more", "~nobody-of-that-name/x", "a\0b"):
        with pytest.raises(InputError):
            backend.save(name)
    assert backend.save(str(tmp_path / "more")) == f"saved to {tmp_path / 'more.nnplay'} at step 60"


@pytest.mark.parametrize("name", ["/", ".", "..", "../..", "~", "x" * 250, "/proc/x", "x/../.."])
def test_a_place_where_nothing_can_be_saved_is_said_so(backend: PlaygroundBackend, name: str) -> None:
    """A name that is none for a session is one sentence with a way out; the run goes on and can be saved."""
    with pytest.raises(InputError) as caught:
        backend.save(name)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert backend.save("run") == "saved to run.nnplay at step 40"


def step_of(backend: PlaygroundBackend) -> int:
    """The step that the run stands at."""
    return backend.worker.ask(lambda run: run.require_run()[0].step, seconds=240)


def test_the_session_that_is_open_can_be_opened_once_more(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """The run goes back to what was saved, and can be saved there again; nobody else holds it but this program."""
    place = tmp_path / "a.nnplay"
    backend.save(str(place))
    train(backend, 10)
    assert "read only" not in backend.open(str(place))
    assert (backend.read_only, step_of(backend)) == ("", 40)
    train(backend, 5)
    backend.save("")
    assert saved_run.read(place).trainer.step == 45


def test_a_damaged_session_that_is_open_is_held_on_to(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Where its files cannot be read any more the run goes on as it was, and nobody else can take the place."""
    place = tmp_path / "a.nnplay"
    backend.save(str(place))
    (place / "session.toml").write_text("damaged")
    for former in place.glob("session.prev*"):
        former.unlink()
    with pytest.raises(InputError):
        backend.open(str(place))
    train(backend, 5)
    assert step_of(backend) == 45
    assert not session.take_lock(place).held
