"""What `import nnplay` brings along, what names it has, and which modules may know which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nnplay as nn
from nnplay.records.registry import layer_records, loss_records, optimizer_records, python_names, schedule_records

ROOT = Path(nn.__file__).resolve().parent.parent


#: What `nnplay` does before its first frame is on the screen.
FIRST_FRAME = """
from contextlib import suppress
from nnplay.tui.terminal import can_open, opening
can_open.check, opening.Opening = str, lambda **how: sys.exit()
with suppress(SystemExit):
    from nnplay import cli
    cli.main([])"""
#: What is done one after the other, and what is not loaded by it; the first is the package alone.
STATEMENTS = {
    "import nnplay": {"numpy"},
    FIRST_FRAME: {"numpy"},
    "import nnplay; nnplay.Trainer, nnplay.Linear, nnplay.load_dataset('iris')": set(),
    "import nnplay.cli, nnplay.config": set(),
    "from nnplay.cli.commands import train, datasets, warmup": set(),
}


def test_numpy_numba_and_textual_wait_until_they_are_needed() -> None:
    """Neither the package, its names, nor the command line load the compiler or the screen; the first frame waits for
    none of them, nor for NumPy."""
    show = "print(*{name.partition('.')[0] for name in sys.modules})"
    program = "\n".join(["import sys", *(line for statement in STATEMENTS for line in (statement, show))])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    for (statement, more), loaded in zip(STATEMENTS.items(), done.stdout.splitlines(), strict=True):
        unwanted = {"numba", "textual", "rich", "plotext", "torch", "scipy"} | more
        assert not unwanted & set(loaded.split()), statement


def test_every_record_has_a_name_in_python() -> None:
    """Layers, losses, optimizers and schedules can all be made from the package."""
    count = sum(len(found()) for found in (layer_records, loss_records, optimizer_records, schedule_records))
    assert len(python_names()) == count
    for name in python_names():
        assert getattr(nn, name) is python_names()[name]
        assert name in dir(nn)


def test_unknown_names_are_attribute_errors() -> None:
    """A misspelt name fails as it does in any module."""
    with pytest.raises(AttributeError, match="no attribute 'Linaer'"):
        nn.Linaer  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        nn.nonsense  # noqa: B018


def test_only_the_screen_imports_textual() -> None:
    """No module outside nnplay/tui mentions textual in an import."""
    found = [
        path.relative_to(ROOT)
        for path in (ROOT / "nnplay").rglob("*.py")
        if "tui" not in path.parts
        for line in path.read_text().splitlines()
        if line.strip().startswith(("import textual", "from textual"))
    ]
    assert found == []
