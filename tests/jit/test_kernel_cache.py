"""What a user sees of the kernel cache: filled once, repaired when it is damaged, never claimed where it cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nnplay.cli import main
from nnplay.config import RunConfig
from nnplay.kernels.compile import library, notices
from nnplay.operations import copy
from nnplay.operations.step import gather, silence
from nnplay.run.playground import PlaygroundBackend
from tests.small_worker import until

TRAIN = ("train", "gauss", "--samples", "100", "--layers", "linear 2", "--epochs", "1")


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said about the cache, by a process that has said nothing of it yet."""
    found: list[str] = []
    monkeypatch.setattr(notices, "tell", found.append)
    monkeypatch.setattr(notices, "_said", set())
    return found


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """This process has all kernels of the training but one, which it must look for in the cache, and compile."""
    assert main(TRAIN) == 0
    capsys.readouterr()
    one = (gather.gather.name, "float32")
    for name in ("_addresses", "_codes"):
        monkeypatch.setattr(library, name, {key: code for key, code in vars(library)[name].items() if key != one})
    monkeypatch.setattr(library, "_unkept", set())


def train(messages: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one message of a training that compiles a kernel and cannot keep it; it claims nothing else."""
    assert main(TRAIN) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "compiled 1 kernel"
    (message,) = [*messages, *captured.err.splitlines()]  # the command line has a way of its own to say it
    assert "compiled anew at every start" in message
    return message


@pytest.mark.usefixtures("lacking")
def test_where_nothing_can_be_kept_nothing_is_claimed(
    tmp_path: Path, messages: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cache that a group may write to: the run ends well, the way to mend it is said, no folder is left anywhere."""
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o770)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(cache))
    assert f"chmod go-w {cache} mends it" in train(messages, capsys)
    assert list(tmp_path.iterdir()) == [cache]
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("lacking")
@pytest.mark.parametrize("home", ["/proc/nonexistent", "/dev/null"])
@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_home_that_cannot_be_written_costs_the_cache(
    variable: str,
    home: str,
    messages: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where the home or the folder for caches is of no use, the run ends well, and what cannot be kept is said."""
    for name in ("NNPLAY_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, home)
    assert home in train(messages, capsys)


def test_warmup_that_keeps_nothing_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its one purpose is the cache: the status says it, too."""
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(library, "compile_missing", lambda kernels, dtype, progress: 3)
    monkeypatch.setattr(library, "kept", lambda: False)
    assert main(["warmup"]) == 1
    assert f"not all could be kept in {tmp_path}" in capsys.readouterr().out


def test_the_playground_says_it_behind_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence about the cache stands in the message line once the run is ready."""
    monkeypatch.setattr(notices, "tell", notices.tell)
    make = library.addresses

    def addresses(*words: object) -> dict[str, int]:
        notices.tell("the cache is full")
        return make(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "addresses", addresses)
    backend = PlaygroundBackend(RunConfig.from_dict({"data": {"name": "xor"}, "layers": ["linear 2"]}))
    try:
        until(lambda: "the cache is full" in backend.snapshot.message)
    finally:
        backend.stop()


def test_python_is_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a front end a sentence about the cache is a warning, once."""
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(notices, "tell", notices._warn)
    with pytest.warns(RuntimeWarning, match="the cache is full"):
        notices.once("the cache is full")
    notices.once("the cache is full")  # a second warning would be an error


def test_a_cache_deleted_while_running_is_made_anew(
    tmp_path: Path, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next kernel that is needed is compiled into it; where that cannot be it is said, and the kernel is there."""
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("_addresses", "_codes"):
        monkeypatch.setattr(library, name, {})
    monkeypatch.setattr(library, "_unkept", set())
    assert library.function(copy.copy, "float32")
    shutil.rmtree(tmp_path / "cache")
    assert library.function(gather.gather, "float32")
    assert [path.name for path in (tmp_path / "cache").rglob("*.o")] == ["nnplay.operations.step.gather-gather.o"]
    assert (messages, library.kept()) == ([], True)
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("in the way")
    assert library.function(silence.keep, "float32")
    assert not library.kept()
    assert len(messages) == 1
