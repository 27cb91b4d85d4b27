"""What the program writes of its own accord is private from the first folder on, and goes to no shared place."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nnplay.tui.terminal import panic

HOME = {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "NNPLAY_CACHE_DIR", "TMPDIR"}


def open_to_others(root: Path) -> list[str]:
    """Everything below a folder that is not 0600 (files) or 0700 (folders)."""
    wrong = []
    for path in root.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode != (0o700 if path.is_dir() else 0o600):
            wrong.append(f"{path.relative_to(root)} {mode:o}")
    return wrong


def test_an_empty_home_under_umask_000_ends_up_private(tmp_path: Path) -> None:
    """The first training in an empty home compiles, autosaves and saves: all of it is private, and /tmp is empty."""
    home, shared = tmp_path / "home", tmp_path / "tmp"
    home.mkdir(mode=0o700)
    shared.mkdir()
    words = ["train", "xor", "--layers", "linear 2", "--optimizer", "sgd", "--epochs", "20000", "--save", "run.nnplay"]
    start = "import os, sys; os.umask(0); from nnplay.cli import main; sys.exit(main(sys.argv[1:]))"
    environ = {name: value for name, value in os.environ.items() if name not in HOME}
    environ |= {"HOME": str(home), "TMPDIR": str(shared), "NNPLAY_AUTOSAVE_SECONDS": "0.1"}
    environ["NNPLAY_PROCESSOR"] = "host"  # no pack serves it
    done = subprocess.run(
        [sys.executable, "-c", start, *words], cwd=home, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in home.rglob("*")}
    assert {"session.toml", "recovery", "kernels"} <= names
    assert any(name.endswith(".o") for name in names)
    assert open_to_others(home) == []
    assert list(shared.iterdir()) == []


def test_the_report_of_a_fault_makes_private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the state folder and those above it are missing, a fault's report makes them 0700 under umask 000."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a" / "b"))
    old = os.umask(0)
    try:
        written = panic.write("details")
    finally:
        os.umask(old)
    assert written.read_text() == "details"
    assert open_to_others(tmp_path) == []
