"""The first run in an empty home compiles its kernels: they are kept, private, and compiled anew where damaged."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nnplay.kernels.compile import processor
from tests.jit.test_privacy import open_to_others

TRAIN = ["train", "xor", "--layers", "linear 2", "--optimizer", "sgd", "--epochs", "20", "--save", "run.nnplay"]
#: Under a umask that hides nothing, with packs that lack two kernels, as compiling all of them takes much longer; the
#: run is kept whenever it is looked at.
START = """
import os, sys
os.umask(0)
from nnplay.cli import main
from nnplay.kernels.packs import lookup
from nnplay.run.saving import autosave
found = lookup.code
lookup.code = lambda kernel, dtype: None if "step.gradient_norm" in kernel.name else found(kernel, dtype)
autosave.training_every = lambda: 0.0
sys.exit(main(sys.argv[1:]))
"""
#: The same without a compiling process: as soon as a kernel is wanted its code is there.
AT_ONCE = f"""
from nnplay.kernels.compile import library
from tests.known_code import stand_in
library.compiled = stand_in()
{START}"""
ROOT = Path(__file__).parents[2]
#: Kernels are compiled for a level of packs, so that code of theirs is the same bytes.
LEVEL = dict(zip(["NNPLAY_PROCESSOR"], processor.possible_levels()[-1:], strict=False))
HOME = {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "NNPLAY_CACHE_DIR", "TMPDIR"}
DAMAGED = "nnplay: warning: the kernel cache was damaged: the damaged kernels are compiled again\n"


@dataclass(frozen=True)
class Run:
    """A training in a home of its own, and what it printed."""

    folder: Path
    lines: list[str]
    errors: str

    @property
    def kernels(self) -> list[Path]:
        """The object code in its cache."""
        return sorted(self.folder.rglob("*.o"))


def trained(folder: Path, start: str = START, **environ: str) -> Run:
    """Trains in a folder, whose `home` is the user's and whose `tmp` is everybody's."""
    kept = {name: value for name, value in os.environ.items() if name not in HOME}
    own = {
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
    }
    done = subprocess.run(
        [sys.executable, "-c", start, *TRAIN],
        cwd=folder / "home",
        env={**kept, **own, **LEVEL, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Run(folder, done.stdout.splitlines(), done.stderr)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The first run, which all tests share."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "home").mkdir(mode=0o700)
    (folder / "tmp").mkdir()
    return trained(folder)


def test_kernels_are_compiled_once(first: Run) -> None:
    """An empty cache is filled, and said so, in one line and without a warning."""
    assert first.lines[0].startswith("compiled ")
    assert first.lines[0].endswith(" kernels (only this once; they are kept)")
    assert first.errors == ""


def test_everything_is_private_under_umask_000(first: Run) -> None:
    """It compiled, autosaved and saved: all of it is private, and /tmp is empty."""
    names = {path.name for path in (first.folder / "home").rglob("*")}
    assert {"session.toml", "recovery", "kernels"} <= names
    assert first.kernels
    assert open_to_others(first.folder / "home") == []
    assert list((first.folder / "tmp").iterdir()) == []


@pytest.fixture
def again(first: Run, tmp_path: Path) -> Path:
    """A copy of the home after the first run, without the session that it saved."""
    shutil.copytree(first.folder, tmp_path / "again", dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "again" / "home" / "run.nnplay")
    return tmp_path / "again"


def test_the_next_process_loads_what_was_compiled(first: Run, again: Path) -> None:
    """Nothing is compiled, and the result is the same."""
    second = trained(again)
    assert not any("compiled" in line for line in second.lines)
    assert second.lines[-2] == first.lines[-2]
    assert second.errors == ""


def cut(path: Path) -> None:
    os.truncate(path, 0)


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def test_a_damaged_cache_is_compiled_anew(first: Run, again: Path) -> None:
    """With one object cut off and one zeroed a run ends as before, says so once, mends the cache; a relative name."""
    damages: tuple[Callable[[Path], None], ...] = (cut, zeros)
    small = sorted(again.rglob("*.o"), key=lambda path: path.stat().st_size)[:2]
    whole = [path.read_bytes() for path in small]
    for damage, path in zip(damages, small, strict=True):
        damage(path)
    cache = os.path.relpath(small[0].parents[2], again / "home")
    mended = trained(again, AT_ONCE, NNPLAY_CACHE_DIR=cache)
    assert mended.lines[0] == "compiled 2 kernels (only this once; they are kept)"
    assert mended.lines[-2] == first.lines[-2]
    assert mended.errors == DAMAGED
    assert [path.read_bytes() for path in small] == whole
    assert {stat.S_IMODE(path.stat().st_mode) for path in small} == {0o600}
