"""The program imports nothing from the folder that one stands in, nor from one that strangers may write to."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnplay
from nnplay.system import import_path

#: numba-cuda runs code of its own wherever Python starts, before any program can say where it imports from.
BEFORE_ANY_PROGRAM = pytest.mark.skipif(
    importlib.util.find_spec("_numba_cuda_redirector") is not None, reason="numba-cuda runs before the program"
)
ROOT = Path(nnplay.__file__).resolve().parent.parent
#: As the script `nnplay` does it; Python has put an empty name, the folder stood in, first on the path.
SCRIPT = ["-c", "import sys; from nnplay.__main__ import main; sys.argv = ['nnplay', *sys.argv[1:]]; sys.exit(main())"]
MODULE = ["-m", "nnplay"]
INNOCENT = (
    "random",
    "copy",
    "token",
    "inspect",
    "numbers",
    "math",
    "string",
    "numpy",
    "typing",
    "dataclasses",
    "signal",
)


def innocents(folder: Path) -> Path:
    """Modules with names of the library's, which say so when they run; returns where they say it."""
    for name in INNOCENT:
        (folder / f"{name}.py").write_text(f"open({str(folder / 'ran')!r}, 'a').write('{name} ')\n")
    return folder / "ran"


def nnplay_in(folder: Path, start: list[str], path: str = "", words: str = "presets xor") -> tuple[int, str]:
    """Status and standard error of a command that loads NumPy, run in a folder."""
    environ = os.environ | {"PYTHONPATH": path}
    command = [sys.executable, *start, *words.split()]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@BEFORE_ANY_PROGRAM
@pytest.mark.parametrize(
    ("start", "path"),
    [
        pytest.param(SCRIPT, "", id="script"),
        pytest.param(MODULE, ":", id="-m, an empty PYTHONPATH"),
        pytest.param(SCRIPT, ".", id="script, a relative one", marks=pytest.mark.slow),
        pytest.param(SCRIPT, ":", id="script, an empty one", marks=pytest.mark.slow),
        pytest.param(MODULE, "", id="-m", marks=pytest.mark.slow),
        pytest.param(MODULE, ".", id="-m, a relative one", marks=pytest.mark.slow),
    ],
)
def test_modules_beside_the_data_do_not_run(start: list[str], path: str, tmp_path: Path) -> None:
    """Innocent files with names of the library's neither run nor break anything, even where PYTHONPATH leads there."""
    ran = innocents(tmp_path)
    assert nnplay_in(tmp_path, start, path) == (0, "")
    assert not ran.exists()


@BEFORE_ANY_PROGRAM
def test_a_folder_that_others_may_write_to_is_left_out(tmp_path: Path) -> None:
    """One on PYTHONPATH that everybody may write to is not imported from, and that is said."""
    shared = tmp_path / "shared"
    shared.mkdir()
    ran = innocents(shared)
    shared.chmod(0o777)
    status, message = nnplay_in(tmp_path, SCRIPT, str(shared))
    assert status == 0
    assert message == f"nnplay: warning: nothing is imported from {shared}, which others may write to\n"
    assert not ran.exists()


@pytest.mark.parametrize(
    ("start", "folder"),
    [
        (MODULE, ROOT / "nnplay"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((MODULE, ROOT), (SCRIPT, ROOT / "nnplay"))),
        pytest.param(SCRIPT, ROOT, marks=pytest.mark.slow),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else value[0],
)
def test_it_starts_in_the_folder_that_holds_it(start: list[str], folder: Path) -> None:
    """A checkout, or a folder with the virtual environment in it, is a folder like any other to stand in."""
    assert nnplay_in(folder, start, path="" if folder == ROOT else str(ROOT)) == (0, "")


def test_what_is_installed_stays_and_the_rest_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own folders keep their order; the folder stood in and relative names go; a private one stays."""
    private, shared, standing = (tmp_path / name for name in ("private", "shared", "standing"))
    for folder, mode in ((private, 0o700), (shared, 0o777), (standing, 0o700)):
        folder.mkdir()
        folder.chmod(mode)
    monkeypatch.chdir(standing)
    library = os.path.dirname(os.__file__)
    before = ["", str(standing), library, str(private), "relative", str(shared), str(tmp_path / "none.zip")]
    monkeypatch.setattr(sys, "path", before)
    assert import_path.clean() == [str(shared)]
    assert sys.path == [library, str(private), str(tmp_path / "none.zip")]


def test_the_folder_of_the_script_is_not_imported_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python puts it first: other programs' scripts lie there. Another first folder stays."""
    script = tmp_path / "nnplay"
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setattr(sys, "path", [str(tmp_path.resolve()), "/rest"])
    import_path.forget_first()
    assert sys.path == ["/rest"]
    import_path.forget_first()
    assert sys.path == ["/rest"]
