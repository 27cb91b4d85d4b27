"""Elementary functions of data and schedules: close to the true values, and the same bits everywhere."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnplay import exact, rng
from nnplay.data.catalogue import dataset_records, load_dataset
from nnplay.data.generated import _blocks

X = np.random.default_rng(0).uniform(-30, 30, 50_000)
#: Function, NumPy's, arguments, and the most units of the last place between the two, each of which has one itself.
CASES: list[tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...], int]] = [
    (exact.exp, np.exp, (X,), 2),
    (exact.log, np.log, (np.exp(X),), 3),
    (exact.arctan2, np.arctan2, (X, X[::-1]), 4),
    (exact.hypot, np.hypot, (X, X[::-1]), 2),
]


@pytest.mark.parametrize(("function", "numpys", "arguments", "units"), CASES)
def test_functions_are_close(
    function: Callable[..., Any], numpys: Callable[..., Any], arguments: tuple[Any, ...], units: int
) -> None:
    """They agree with NumPy's to the last places."""
    wanted = numpys(*arguments)
    assert np.all(np.abs(function(*arguments) - wanted) <= units * np.spacing(np.abs(wanted)))


@pytest.mark.parametrize(("function", "numpys"), [(exact.sin, np.sin), (exact.cos, np.cos)])
def test_waves_are_close(function: Callable[..., Any], numpys: Callable[..., Any]) -> None:
    """Sine and cosine agree with NumPy's to half a unit of the last place of 1, for large angles too."""
    for angles in (X, X * 1e4, np.array([0.0, 1e-300, np.pi / 2, np.pi, -np.pi])):
        assert np.abs(function(angles) - numpys(angles)).max() <= 2.3e-16


@pytest.mark.parametrize("off", [0, 3, -3])
def test_single_precision_is_the_rounded_exponential(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """eˣ in float32 is eˣ in float64, rounded, whichever way NumPy's own function is off in the last places."""
    numpys = np.exp
    monkeypatch.setattr(np, "exp", lambda x: numpys(x) + off * np.spacing(numpys(x)))
    rows = np.concatenate([X, 4 * X[X < 0], np.linspace(-105, -85, 100_000), [0.0, -0.0, -1e5, -1e30, 80.0]])
    for x in (rows, rows.astype(np.float32).reshape(1, -1)):
        found = exact.exp_single(x)
        assert found.dtype == np.float32
        assert np.array_equal(found, exact.exp(x).astype(np.float32))


@pytest.mark.parametrize("off", [0, 3, -3])
def test_single_precision_is_the_rounded_sine(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of the sine, which is small, and NumPy's less right, about each half turn."""
    numpys = np.sin
    monkeypatch.setattr(np, "sin", lambda x: numpys(x) + off * np.spacing(np.maximum(np.abs(numpys(x)), 2.0**-6)))
    near = np.pi * np.arange(-40, 41)[:, None] + np.concatenate([[0.0], 10.0 ** -np.arange(1, 16)])
    for x in (X, 10 * X, near, X.astype(np.float32).reshape(1, -1)):
        found = exact.sin_single(x)
        assert found.dtype == np.float32
        assert np.array_equal(found, exact.sin(x).astype(np.float32))


def test_halves_in_single_precision_are_rounded_exactly() -> None:
    """Where eˣ lies next to the middle between two numbers of float32, the exact function decides."""
    numbers = np.random.default_rng(1).uniform(1e-20, 1e20, 20_000).astype(np.float32)
    middle = (numbers.astype(np.float64) + np.nextafter(numbers, np.float32(np.inf)).astype(np.float64)) / 2
    x = exact.log(middle)
    x = np.concatenate([x + step * np.spacing(x) for step in (-1, 0, 1)])
    assert np.array_equal(exact.exp_single(x), exact.exp(x).astype(np.float32))


def test_many_numbers_are_those_of_each() -> None:
    """What is worked out in pieces is what is worked out one by one, in the shape that was given."""
    x = X[: 3 * 5000].reshape(3, 5000)
    for function in (exact.exp, exact.sin, exact.cos, exact.exp_single, exact.sin_single):
        whole = function(x)
        assert whole.shape == x.shape
        assert np.array_equal(whole[:, ::500], [[function(number) for number in row[::500]] for row in x])


def test_points_on_the_axes_have_their_angle() -> None:
    """The angle of points on the axes, and of the origin."""
    found = exact.arctan2([0, 0, 1, -1, 0], [0, -1, 0, 0, 1])
    assert np.array_equal(found, [0, np.pi, np.pi / 2, -np.pi / 2, 0])


def test_powers_and_products() -> None:
    """Powers of whole exponents and products of matrices are what they say."""
    assert np.allclose(exact.power(0.97, np.arange(200.0)), 0.97 ** np.arange(200.0), rtol=1e-13)
    a, b = np.arange(24.0).reshape(2, 3, 4), np.arange(40.0).reshape(2, 4, 5)
    assert np.array_equal(exact.product(a, b), a @ b)


def bits(rows: int, block: int, cache: str) -> str:
    """Digest of random normal numbers, and of some rows of every data set, as a network gets them.

    Args:
        rows: of each set of which any number can be made.
        block: of so many at a time, where rows are drawn in blocks.
        cache: the folder in which what was drawn is kept.
    """
    hashed = hashlib.sha256(rng.normal(1, 2, 3, (1000,)).tobytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNPLAY_CACHE_DIR", cache)
        patch.setattr(_blocks, "BLOCK", block)
        for name, record in dataset_records().items():
            known = {field.name for field in record.fields}
            wanted = {key: value for key, value in {"samples": rows, "noise": 0.1}.items() if key in known}
            split = load_dataset(name, **wanted).split(0.6, 0.2, 0.2, seed=0)
            for part in (split.train, split.validation, split.test):
                if part is not None:
                    hashed.update(part.x.tobytes() + part.y.tobytes())
    return hashed.hexdigest()


@pytest.mark.parametrize(
    ("without", "rows", "block"),
    [
        *(
            pytest.param(features, 60, _blocks.BLOCK, marks=pytest.mark.slow)
            for features in ("X86_V4 AVX512_ICL AVX512_SPR", "X86_V3 X86_V4 AVX512_ICL AVX512_SPR")
        ),
        ("X86_V3 X86_V4 AVX512_ICL AVX512_SPR", 16, 20),
    ],
)
def test_data_are_the_same_on_every_processor(without: str, rows: int, block: int, tmp_path: Any) -> None:
    """With less of NumPy's vector code, and the BLAS of an older processor, every data set has the same bits."""
    older = {"NPY_DISABLE_CPU_FEATURES": without, "OPENBLAS_CORETYPE": "Haswell" if "V3" not in without else "Nehalem"}
    code = f"from tests.pure.test_exact import bits; print(bits({rows}, {block}, {str(tmp_path / 'older')!r}))"
    environment = os.environ | older | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == bits(rows, block, str(tmp_path / "here"))
