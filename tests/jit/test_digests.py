"""The same bits on every processor: what presets come to after 200 steps is committed, and found again everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnplay.kernels.compile import processor
from nnplay.presets.catalogue import load_preset, preset_records
from nnplay.presets.digest import run_digest

KNOWN: dict[str, str] = json.loads((Path(__file__).parents[1] / "golden" / "digests.json").read_text())
#: Presets whose 200 steps take one second at the most, on one core.
QUICK = (
    *("breast_cancer", "circle", "diabetes", "digits8", "iris", "moons"),
    *("overfitting", "overfitting_dropout", "overfitting_l2", "overfitting_more_data", "perceptron", "perceptron_xor"),
    *("regression_plane", "sine_curve", "sine_forecast", "spiral", "vanishing_gradients", "wine", "xor"),
)
#: What is run for lower levels of processors too: an optimizer of its own each, batch normalisation, a few losses.
LOWER = ("spiral", "digits8")


def test_all_presets_have_a_digest() -> None:
    """No preset is left out of the comparison."""
    assert set(KNOWN) == set(preset_records())


@pytest.mark.parametrize("name", QUICK)
def test_a_preset_comes_to_the_same_bits_here(name: str) -> None:
    """On this machine's processor, with one thread, 200 steps give the committed digest."""
    assert run_digest(load_preset(name)) == KNOWN[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(KNOWN) - set(QUICK)))
def test_a_long_preset_comes_to_the_same_bits_here(name: str) -> None:
    """The same for presets that take longer."""
    assert run_digest(load_preset(name)) == KNOWN[name]


@pytest.mark.parametrize(("threads", "pieces"), [(2, 200), (1, 1), (2, 7)])
def test_threads_and_pieces_do_not_matter(threads: int, pieces: int) -> None:
    """Shared among threads, step by step, in odd pieces: a network with shared rows comes to the same bits."""
    name = "digits8"
    assert run_digest(load_preset(name), threads=threads, pieces=pieces) == KNOWN[name]


def _at_level(level: str, names: tuple[str, ...]) -> None:
    """Asserts the digests in a process that compiles for a level and has NumPy use no more than that either."""
    if level not in processor.possible_levels():
        pytest.skip(f"this machine's processor has not reached {level}")
    above = {"x86-64-v2": "X86_V3 X86_V4", "x86-64-v3": "X86_V4"}.get(level, "")
    script = Path(__file__).parents[2] / "benchmarks" / "digests.py"
    outcome = subprocess.run(
        [sys.executable, str(script), *names],
        env=os.environ | {"NNPLAY_PROCESSOR": level, "NPY_DISABLE_CPU_FEATURES": above},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert f"processor: {level}" in outcome.stdout


def test_a_processor_of_another_level_comes_to_the_same_bits() -> None:
    """Compiled for AVX2 (x86-64-v3), whose vectors are half as wide as AVX-512's, presets come to the same digests."""
    _at_level("x86-64-v3", LOWER)


@pytest.mark.slow
@pytest.mark.parametrize("level", processor.LEVELS)
def test_every_level_comes_to_the_same_bits(level: str) -> None:
    """All presets, compiled for every level that this machine can run, come to the committed digests."""
    _at_level(level, tuple(sorted(KNOWN)))
