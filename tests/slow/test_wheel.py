"""The shipped data are found wherever nnplay is: in a built wheel in a fresh environment, without the checkout."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("iris", "wine", "breast_cancer", "diabetes", "digits")

PROBE = """
import nnplay, pathlib
from nnplay.data.catalogue import load_dataset
from nnplay.data.tables._shipped import card, datasets_folder
package = pathlib.Path(nnplay.__file__).resolve().parent
assert package.is_relative_to(pathlib.Path(r"{home}").resolve()), package
assert datasets_folder() == package / "datasets"
for name in {names!r}:
    print(name, len(load_dataset(name)), len(card(name)) > 100)
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", folder, ROOT, cwd=folder)
    return next(folder.glob("nnplay-*.whl"))


@pytest.mark.slow
def test_wheel_carries_every_table_and_card(wheel: Path) -> None:
    """Each shipped table lies in the wheel with its data card, byte for byte as in the checkout."""
    with zipfile.ZipFile(wheel) as archive:
        for name in NAMES:
            for file in (f"{name}.csv", "card.md"):
                assert archive.read(f"nnplay/datasets/{name}/{file}") == (ROOT / "datasets" / name / file).read_bytes()


@pytest.mark.slow
def test_installed_wheel_finds_its_data(wheel: Path, tmp_path: Path) -> None:
    """In a fresh environment outside the checkout every shipped table loads out of the installed package."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    output = run(python, "-I", "-c", PROBE.format(home=home, names=NAMES), cwd=tmp_path)
    assert [line.split()[0] for line in output.splitlines()] == list(NAMES)
    assert all(line.endswith("True") for line in output.splitlines())
