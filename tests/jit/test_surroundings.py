"""The commands in poor surroundings: closed or narrow streams, no home, a full device (row 81 of the catalogue)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import nnplay
from nnplay.system.private_folder import cache_folder
from tests import without_site

ROOT = Path(nnplay.__file__).resolve().parent.parent
TRAIN = ("train", "xor", "--epochs", "1", "--layers", "linear 4, tanh, linear 2")


def nnplay_process(*words: str, options: Sequence[str] = (), **environ: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, with only these options of Python, these variables and PATH."""
    kept = {key: os.environ[key] for key in ("PATH", "NNPLAY_CACHE_DIR") if key in os.environ}
    return subprocess.run(
        [sys.executable, *options, "-m", "nnplay", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
        env={**kept, "PYTHONPATH": str(ROOT), **environ},
    )


@pytest.mark.parametrize(
    "words",
    [("presets",), *(pytest.param(words, marks=pytest.mark.slow) for words in (("step", "xor"), ("train", "--help")))],
)
@pytest.mark.parametrize("encoding", ["ascii", pytest.param("latin-1", marks=pytest.mark.slow)])
def test_signs_that_the_terminal_lacks_become_question_marks(words: tuple[str, ...], encoding: str) -> None:
    """With LANG=C and an old encoding everything is printed, in signs that it has."""
    environ = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": encoding, "PYTHONPATH": without_site.python_path()}
    done = nnplay_process(*words, options=[without_site.OPTION], **environ)
    assert done.returncode == 0
    assert done.stdout
    assert "Error" not in done.stderr


def test_json_is_whole_whatever_the_encoding(tmp_path: Path) -> None:
    """A column's name with signs outside ASCII survives a pipe that is ASCII."""
    path = tmp_path / "t.csv"
    path.write_text("größe,y\n" + "".join(f"{row},{row % 2}\n" for row in range(40)), encoding="utf-8")
    words = ("train", str(path), "--epochs", "1", "--json", "--set", "data.kinds=größe=category")
    done = nnplay_process(*words, PYTHONIOENCODING="ascii", LANG="C.UTF-8")
    assert any("größe" in note for note in json.loads(done.stdout)["notes"])


@pytest.mark.parametrize(
    "encoding", ["utf-16", *(pytest.param(name, marks=pytest.mark.slow) for name in ("idna", "utf-7"))]
)
def test_encodings_in_which_text_is_not_itself(encoding: str) -> None:
    """A pipe gets the encoding that was asked for where that can hold every text, else UTF-8."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "LC_", "LANG"))}
    version = f"nnplay {nnplay.__version__}"
    for words, status, message in ((("--version",), 0, version), (("train", "nowhere"), 2, "'nowhere'")):
        done = subprocess.run(
            [sys.executable, "-m", "nnplay", *words],
            capture_output=True,
            check=False,
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        )
        assert done.returncode == status
        assert message in (done.stdout + done.stderr).decode("utf-8" if encoding == "idna" else encoding)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_mistake_keeps_its_status_where_nothing_can_be_said() -> None:
    """Standard error that takes nothing: still 2, and no traceback on the other stream."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nnplay", "train", "nowhere"],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 2
    assert done.stdout == ""


@pytest.mark.parametrize(
    "closed", [">&- 2>&- <&-", *(pytest.param(one, marks=pytest.mark.slow) for one in (">&-", "2>&-"))]
)
def test_closed_streams_are_no_fault(closed: str) -> None:
    """Standard output or standard error closed: the run is done all the same, and no traceback comes."""
    line = f'"{sys.executable}" -m nnplay {" ".join(TRAIN[:4])} {closed}; echo status $? >&3'
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec 3>&1; {line}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "status 0" in done.stdout
    assert "rror" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    ("words", "buffered"),
    [
        pytest.param(words, buffered, id=words[0] + "-un" * bool(buffered) + "buffered", marks=marks)
        for words, buffered, marks in (
            *((TRAIN, "", ()), (TRAIN, "1", pytest.mark.slow), (("presets",), "", pytest.mark.slow)),
            *((("presets",), "1", pytest.mark.slow), (("--version",), "", pytest.mark.slow), (("--version",), "1", ())),
        )
    ],
)
def test_a_full_device_is_one_sentence(words: tuple[str, ...], buffered: str) -> None:
    """Results that cannot be written end with a message and a status, not with a traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nnplay", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": buffered},
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "environ",
    [
        {  # not even root can make folders there
            **{"HOME": "/proc/nonexistent", "TMPDIR": "/proc/nonexistent", "XDG_CONFIG_HOME": "/proc"},
            **{"COLUMNS": "wide", "NNPLAY_AUTOSAVE_SECONDS": "soon"},
        },
        pytest.param({"HOME": "/proc/nonexistent", "COLUMNS": "1"}, marks=pytest.mark.slow),
        pytest.param({"HOME": "/dev/null", "XDG_STATE_HOME": "relative"}, marks=pytest.mark.slow),
        pytest.param(
            {"XDG_STATE_HOME": "/proc", "XDG_CONFIG_HOME": "/proc", "XDG_CACHE_HOME": "/proc"}, marks=pytest.mark.slow
        ),
    ],
    ids=lambda environ: "-".join(environ) or "no HOME",
)
def test_homes_and_variables_that_are_no_use(environ: dict[str, str], tmp_path: Path) -> None:
    """Without a home, with one that cannot be written, or with senseless variables a run prints its score.

    Where its kernels cannot be kept is tried in `test_kernel_cache.py`: here they are found, as compiling takes long.
    """
    done = nnplay_process(*TRAIN, "--plot", **{"NNPLAY_CACHE_DIR": str(cache_folder(".")), **environ})
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert "Traceback" not in done.stderr
