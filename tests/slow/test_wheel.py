"""Shipped data and kernels are found wherever nnplay is: in a built wheel in a fresh environment, no checkout near."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from nnplay.kernels.compile import processor
from nnplay.kernels.packs import lookup
from nnplay.tape import packs

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
    """The wheel built from this checkout, with the packs that this machine can run."""
    run(sys.executable, "-m", "nnplay.tape.packs", cwd=ROOT)
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


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it."""
    home = tmp_path_factory.mktemp("home") / "venv"
    venv.create(home, with_pip=True)
    run(python_of(home), "-m", "pip", "install", "--quiet", wheel, cwd=home)
    return home


def python_of(home: Path) -> Path:
    return home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@pytest.mark.slow
def test_installed_wheel_finds_its_data(home: Path, tmp_path: Path) -> None:
    """In a fresh environment outside the checkout every shipped table loads out of the installed package."""
    output = run(python_of(home), "-I", "-c", PROBE.format(home=home, names=NAMES), cwd=tmp_path)
    assert [line.split()[0] for line in output.splitlines()] == list(NAMES)
    assert all(line.endswith("True") for line in output.splitlines())


@pytest.mark.slow
@pytest.mark.skipif(not set(packs.LEVELS) & set(processor.possible_levels()), reason="no packs are for this processor")
def test_an_installed_wheel_compiles_nothing(
    home: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the compiler taken out of the environment, a network is trained in either type; no kernel is cached."""
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if name.endswith(".pack")}
    assert carried == {f"nnplay/kernels/packs/{path.name}" for path in lookup.FOLDER.glob("*.pack")}
    run(python_of(home), "-m", "pip", "uninstall", "--quiet", "--yes", "numba", cwd=tmp_path)
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("NNPLAY_PROCESSOR", raising=False)
    for real in packs.DTYPES:
        program = python_of(home).with_name("nnplay")
        said = run(program, "train", "digits", "--epochs", "2", "--real", real, cwd=tmp_path)
        assert "accuracy" in said
        assert "compiled" not in said
    assert not (tmp_path / "cache" / "kernels").exists()
