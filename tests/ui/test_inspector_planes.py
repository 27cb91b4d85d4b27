"""Tensors as tables: windows are the tensor's own numbers, places and indices agree, and nothing else is read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnplay.inspector.tensor_tables import centred, plane_of

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple)


@settings(max_examples=80, deadline=None)
@given(shape=SHAPES, batch=st.booleans(), every=st.booleans(), data=st.data())
def test_every_cell_is_the_element_that_its_place_says(
    shape: tuple[int, ...], batch: bool, every: bool, data: st.DataObject
) -> None:
    """The whole table holds, at each place, the element with that place's index; and places come back."""
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    index = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    plane = plane_of(shape, index, batch=batch, every=every)
    table = plane.window(values, 0, 0, plane.height, plane.width)
    assert table.shape == (plane.height, plane.width)
    for line in range(plane.height):
        for column in range(plane.width):
            assert table[line, column] == values[plane.index(line, column)]
            assert plane.place(plane.index(line, column)) == (line, column)
    assert plane.place(index) is not None


def test_a_window_of_a_huge_tensor_reads_that_window_only() -> None:
    """A window of a 2048×2048 tensor is small, and the rest is not even looked at: it could not be read."""

    class Guarded(np.ndarray):
        """An array that notes how much is asked of it."""

        largest = 0

        def __getitem__(self, where: object) -> object:
            part = super().__getitem__(where)  # type: ignore[index]
            Guarded.largest = max(Guarded.largest, np.size(part))
            return np.asarray(part)

    values = np.zeros((2048, 2048), np.float32).view(Guarded)
    plane = plane_of((2048, 2048), (1000, 1000), batch=True, every=True)
    window = plane.window(values, 990, 980, 20, 40)
    assert window.shape == (20, 40)
    assert Guarded.largest == 800


def test_the_slices_of_a_volume_stand_one_below_the_other() -> None:
    """A clip is a table of its frames, and the weights of a 3-D convolution one of the slices of a kernel."""
    clip = plane_of((9, 4, 5, 6, 2), (3, 1, 2, 4, 1), batch=True, every=False)
    assert (clip.height, clip.width, clip.fixed) == (4 * 5, 6, ((0, 3), (4, 1)))
    assert clip.place((3, 1, 2, 4, 1)) == (1 * 5 + 2, 4)
    weight = plane_of((3, 2, 5, 4, 8), (1, 1, 2, 3, 7), batch=False, every=False)
    assert (weight.height, weight.width, weight.fixed) == (3 * 2, 5, ((3, 3), (4, 7)))


@pytest.mark.parametrize(("place", "seen", "total", "first"), [(0, 5, 9, 0), (4, 5, 9, 2), (8, 5, 9, 4), (1, 9, 5, 0)])
def test_windows_stay_within_the_table(place: int, seen: int, total: int, first: int) -> None:
    """The window is around its place and never beyond the ends."""
    assert centred(place, seen, total) == first
