"""Products in tiles of registers, in plain Python: who writes what, and which neighbours are read at once."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.kernels.abi import ROW_PARTS, ROW_ROOM_COUNT
from nnplay.kernels.cuda import register_tile, tiled_linear, tiles
from nnplay.operations import tiled_forms
from tests.card_pointer import Place

Array = NDArray[Any]


class Tiled(Place):
    """A pointer that is written by, once, and that reads four neighbours at a time."""

    def __setitem__(self, at: int, value: Any) -> None:
        assert np.isnan(self[at]), "written twice"
        self.numbers[self.first + at] = value

    def address(self) -> int:
        return self.first * self.numbers.itemsize

    def four(self) -> Any:
        assert self.first % 4 == 0, "no four numbers begin here"
        return tuple(self[at] for at in range(4))


@pytest.fixture
def in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts in what only compiled code has."""
    for module in (register_tile, tiled_linear, tiles):
        monkeypatch.setattr(module, "quotient", operator.floordiv)
    for module in (register_tile, tiled_linear):
        monkeypatch.setattr(module, "shifted", Tiled.moved)
    monkeypatch.setattr(register_tile, "address_of", Tiled.address)
    monkeypatch.setattr(register_tile, "quad", Tiled.four)
    monkeypatch.setattr(register_tile, "multiply_add", lambda a, b, c: a * b + c)


@pytest.mark.usefixtures("in_python")
@pytest.mark.parametrize("shares", [1, 2])
@pytest.mark.parametrize("lengths", [(6, 8, 20), (9, 7, 19), (1, 4, 16)])
@pytest.mark.parametrize("turned", ["", "a", "b"])
def test_a_product_in_tiles(
    lengths: tuple[int, int, int], turned: str, shares: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, or in shares; of rows that lie beside each other, or of factors that are transposed, as gradients are."""
    rows, columns, inner = lengths
    random = np.random.default_rng(0)
    A, B, begin = (
        random.integers(-9, 9, shape).astype(np.float32)  # whole numbers, so that sums are exact
        for shape in ((rows, inner), (inner, columns), (columns,))
    )
    a, b = (Tiled(np.ravel(matrix, "F" if name == turned else "C")) for name, matrix in (("a", A), ("b", B)))
    a_strides, b_strides = (1, rows) if turned == "a" else (inner, 1), (1, inner) if turned == "b" else (columns, 1)
    found = np.full((shares, rows, columns), np.nan, np.float32)
    monkeypatch.setattr(tiled_linear, "room", lambda row, memory: Tiled(found.reshape(-1)))
    row = {ROW_PARTS: 3, ROW_ROOM_COUNT: found.size if shares > 1 else 0}
    multiply = tiled_linear.multiplication(register_tile.TILE)
    for part in (2, 0, 1):
        multiply(
            row, None, part, a, *a_strides, b, *b_strides, Tiled(found.reshape(-1)), rows, columns, inner,
            Tiled(begin), 0, True,
        )  # fmt: skip
    np.testing.assert_array_equal(found.sum(axis=0), A @ B + (begin if shares == 1 else 0))


@pytest.mark.parametrize("forms", [tiled_forms.CONVOLVED_INPUT, tiled_forms.CONVOLVED_INPUT_BIAS])
@pytest.mark.parametrize(
    ("height", "width", "suits"), [(40_000, 4, True), (1 << 16, 4, False), (4, 1 << 16, True), (1, 1 << 28, False)]
)
def test_lengths_that_one_number_cannot_count_are_not_in_tiles(
    forms: Any, height: int, width: int, suits: bool
) -> None:
    """A gradient of such an input has a thread for each number; its forward pass counts nothing so."""
    shapes = ((1, height, width, 16), (3, 3, 16, 16), (1, height, width, 16))
    assert [form.suits(shapes, ()) for form in forms] == [suits] * len(forms)
    assert all(form.suits(shapes, ()) for form in tiled_forms.CONVOLVED)
