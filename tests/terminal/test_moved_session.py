"""The real playground, whose session is moved or replaced behind its back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nnplay.session import load
from tests.terminal.test_recovery import Open, open_nnplay, train

__all__ = ["open_nnplay"]


@pytest.mark.parametrize(
    "replaced", [pytest.param(False, marks=pytest.mark.slow, id="deleted"), pytest.param(True, id="replaced")]
)
def test_the_playground_goes_on_without_its_folder(open_nnplay: Open, tmp_path: Path, replaced: bool) -> None:
    """Saved, its folder deleted or replaced by a file, saved again: a sentence, and the run goes on."""
    terminal = open_nnplay("--no-tour", "--data", "xor")
    train(terminal)
    terminal.press(" ")
    terminal.press("s")
    terminal.shows("saved to xor.nnplay")
    shutil.rmtree(tmp_path / "xor.nnplay")
    if replaced:
        (tmp_path / "xor.nnplay").write_text("thesis")
    name = "xor-2.nnplay" if replaced else "xor.nnplay"
    terminal.press("s")
    terminal.until(lambda: ("now occupies" if replaced else "renamed or deleted") in " ".join(terminal.text.split()))
    terminal.until(lambda: (tmp_path / name / "session.toml").is_file())
    terminal.press(" ")
    terminal.press(" ")
    terminal.press("s")
    terminal.until(lambda: load(tmp_path / name).generation == 2)
    if replaced:
        assert (tmp_path / "xor.nnplay").read_text() == "thesis"
