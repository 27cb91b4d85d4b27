"""What the program writes of its own accord is private from the first folder on, and goes to no shared place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nnplay.tui.terminal import panic


def open_to_others(root: Path) -> list[str]:
    """Everything below a folder that is not 0600 (files) or 0700 (folders)."""
    wrong = []
    for path in root.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode != (0o700 if path.is_dir() else 0o600):
            wrong.append(f"{path.relative_to(root)} {mode:o}")
    return wrong


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
