"""Tests are shared out among forks: each is run once, and the end of a fork is a failure of its test."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.shared_out import Plan

ROOT = Path(__file__).parents[2]


def test_every_test_is_handed_out_once_and_files_stay_together() -> None:
    """Whatever fork asks next; what the fork of a test that died gives back is handed out again."""
    files = [Path(folder, f"test_{number}.py") for folder in ("jit", "terminal", "pure") for number in range(4)]
    items: Any = [SimpleNamespace(path=path) for path in files for _ in range(5)]
    choose, plan, found = random.Random(1), Plan(items), {fork: list[int]() for fork in range(3)}
    while (number := plan.next_of(fork := choose.randrange(3))) is not None:
        found[fork].append(number)
    plan.put_back(7)
    assert plan.next_of(3) == 7
    assert sorted(itertools.chain(*found.values())) == list(range(len(items)))
    assert {items[numbers[0]].path.parent.name for numbers in found.values()} == {"terminal", "jit", "pure"}
    begun = [[items[number].path for number in numbers] for numbers in found.values()]
    assert sum(len(dict.fromkeys(paths)) for paths in begun) <= len(files) + 2


SUITE = """
import os, pytest

@pytest.fixture(scope="session", autouse=True)
def until_the_end():
    yield
    print("fixtures were taken down", flush=True, file=open(2, "w", closefd=False))

@pytest.mark.parametrize("number", range(30))
def test_one(number, tmp_path):
    assert number != 5, f"{number} is five"
    if number == 7:
        pytest.skip("seven")
    if number == 11:
        os._exit(3)
"""


def test_a_fork_that_dies_fails_its_test_and_all_others_are_run(tmp_path: Path) -> None:
    """What fails is told in the words of its assertion; each fork that lives to the end takes its fixtures down."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_suite.py").write_text(SUITE)
    plugins = [word for name in ("no:xdist", "no:asyncio", "tests.shared_out") for word in ("-p", name)]
    command = [
        sys.executable,
        "-m",
        "pytest",
        *plugins,
        "-n",
        "2",
        "-s",
        f"--basetemp={tmp_path / 'own'}",
        str(tmp_path),
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "2 failed, 27 passed, 1 skipped" in done.stdout
    assert "AssertionError: 5 is five" in done.stdout
    assert "the process that ran this test ended with 3" in done.stdout
    assert done.stderr.count("fixtures were taken down") == 2
