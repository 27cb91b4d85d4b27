"""What a user sees of the kernel cache: filled once, repaired when it is damaged, never claimed where it cannot be."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnplay.cli import main
from nnplay.config import RunConfig
from nnplay.kernels.compile import library, notices
from nnplay.kernels.packs import lookup
from nnplay.operations import copy
from nnplay.operations.step import gather, silence
from nnplay.run.playground import PlaygroundBackend
from tests.known_code import stand_in
from tests.small_worker import until

ROOT = Path(__file__).parents[2]
#: Starts the program with packs that lack one kernel, which it compiles: all of them would take half a minute.
START = """
import sys
from nnplay.cli import main
from nnplay.kernels.packs import lookup
found = lookup.code
lookup.code = lambda kernel, dtype: None if "step.gather" in kernel.name else found(kernel, dtype)
sys.exit(main(sys.argv[1:]))
"""
#: The same without a compiling process: as soon as a kernel is wanted its code is there.
AT_ONCE = f"""
from nnplay.kernels.compile import library
from tests.known_code import stand_in
library.compiled = stand_in()
{START}"""
TRAIN = ("train", "gauss", "--samples", "100", "--layers", "linear 2", "--epochs", "1")


def train(folder: Path, cache: str) -> tuple[list[str], str]:
    """Lines of output, and what was written to standard error, of a training in `folder`."""
    environ = os.environ | {"NNPLAY_CACHE_DIR": cache, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", AT_ONCE, *TRAIN]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_where_nothing_can_be_kept_nothing_is_claimed(tmp_path: Path) -> None:
    """A cache that a group may write to: the run ends well, the way to mend it is said, no folder is left anywhere."""
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o770)
    lines, message = train(tmp_path, str(cache))
    assert lines[0].startswith("compiled ")
    assert "kept" not in lines[0]
    assert message.count("\n") == 1
    assert "compiled at every start" in message
    assert f"chmod go-w {cache} fixes it" in message
    assert list(tmp_path.iterdir()) == [cache]
    assert list(cache.iterdir()) == []


def no_room() -> None:
    """From here on no file of this process may hold more than some bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and /sys are Linux's: nobody can make a folder there")
@pytest.mark.parametrize(
    ("place", "begin", "reason", "start"),
    [
        pytest.param({"HOME": "/proc/nowhere"}, None, "No such file or directory", START, marks=pytest.mark.slow),
        ({"HOME": "/sys/nowhere"}, None, "Operation not permitted|Read-only file system|Permission denied", AT_ONCE),
        ({"NNPLAY_CACHE_DIR": "cache"}, no_room, "File too large", AT_ONCE),
        pytest.param({"NNPLAY_CACHE_DIR": "cache"}, no_room, "File too large", START, marks=pytest.mark.slow),
    ],
    ids=["no home", "a home that cannot be written", "a full disk", "a full disk for the compiler"],
)
def test_what_cannot_be_kept_is_worked_with(
    place: dict[str, str], begin: Callable[[], None] | None, reason: str, start: str, tmp_path: Path
) -> None:
    """The run ends well from what is in memory; one sentence says that kernels are not kept, and why."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **place}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"  # Python takes what little it could write of it for the whole
    command = [sys.executable, "-c", start, *TRAIN]
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, preexec_fn=begin
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("compiled ")
    assert "kept" not in done.stdout.splitlines()[0]
    assert done.stderr.count("compiled kernels cannot be stored") == 1
    assert re.search(reason, done.stderr)


def test_warmup_that_keeps_nothing_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its one purpose is the cache: the status says it, too."""
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(library, "compile_missing", lambda kernels, dtype, progress: 3)
    monkeypatch.setattr(library, "kept", lambda: False)
    assert main(["warmup"]) == 1
    assert f"not all could be stored in {tmp_path}" in capsys.readouterr().out


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
        until(lambda: not backend.compiling)  # or what is left would be put into the cache of the next test
    finally:
        backend.stop()


def test_python_is_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a front end a sentence about the cache is a warning, once."""
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(notices, "tell", notices._warn)
    with pytest.warns(RuntimeWarning, match="the cache is full"):
        notices.once("the cache is full")
    notices.once("the cache is full")  # a second warning would be an error


def test_a_cache_deleted_while_running_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next kernel that is needed is compiled into it; where that cannot be it is said, and the kernel is there."""
    messages: list[str] = []
    monkeypatch.setattr(notices, "tell", messages.append)
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(library, "compiled", stand_in())
    monkeypatch.setattr(lookup, "code", lambda kernel, dtype: None)  # there are no packs
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
