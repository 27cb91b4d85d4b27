"""Definitions of pooling from a list of windows: what each output sees, whatever the rule that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]


class Window(NamedTuple):
    """What one output sees; places are numbers along (D, H, W).

    Attributes:
        place: the output's.
        sources: the input's places under it.
        taps: the number of each of them in the window.
        counted: how many numbers count in a mean.
    """

    place: int
    sources: list[int]
    taps: list[int]
    counted: int


@dataclass(frozen=True, slots=True)
class PooledWindows:
    """The definitions of pooling, and one element of each, for one kind of rows.

    Attributes:
        windows: called with a row's integers by name, gives the window of each output, in order.
        sizes: called with the same, gives (OD, OH, OW) and (D, H, W).
    """

    windows: Callable[..., Iterator[Window]]
    sizes: Callable[[Mapping[str, int]], tuple[Sequence[int], Sequence[int]]]

    def mean(self, x: Array, **pool: int) -> Array:
        """y (N, P, C)."""
        flat = _flat(x)
        return np.stack([flat[:, one.sources].sum(axis=1) / one.counted for one in self.windows(**pool)], axis=1)

    def mean_back(self, dy: Array, **pool: int) -> Array:
        """dx (N, D·H·W, C)."""
        dx = self._nothing(dy, pool)
        for one in self.windows(**pool):
            dx[:, one.sources] += _flat(dy)[:, [one.place]] / one.counted
        return dx

    def largest(self, x: Array, **pool: int) -> tuple[Array, Array]:
        """y and which (N, P, C)."""
        flat, windows = _flat(x), list(self.windows(**pool))
        y = np.stack([flat[:, one.sources].max(axis=1) for one in windows], axis=1)
        which = [np.array(one.taps)[flat[:, one.sources].argmax(axis=1)] for one in windows]
        return y, np.stack(which, axis=1)

    def largest_back(self, dy: Array, which: Array, **pool: int) -> Array:
        """dx (N, D·H·W, C)."""
        dx = self._nothing(dy, pool)
        for one in self.windows(**pool):
            chosen = _flat(which)[:, [one.place]] == np.array(one.taps)[:, None]
            dx[:, one.sources] += np.where(chosen, _flat(dy)[:, [one.place]], 0)
        return dx

    def _nothing(self, dy: Array, pool: Mapping[str, int]) -> Array:
        return np.zeros((len(dy), int(np.prod(self.sizes(pool)[1])), dy.shape[-1]), dy.dtype)

    # -- one element of each -------------------------------------------------------------------------------------------

    def mean_element(self, at: tuple[int, ...], x: Named, **pool: int) -> Term:
        """One output."""
        one = self._window(at, pool)
        return total(self._seen(one, at, x, pool)) / one.counted

    def mean_back_element(self, at: tuple[int, ...], dy: Named, **pool: int) -> Term:
        """The gradient of one input."""
        shares = [dy[index] / one.counted for index, one, _ in self._users(at, pool)]
        return total(shares) if shares else as_term(0.0)

    def largest_element(self, at: tuple[int, ...], x: Named, **pool: int) -> Term:
        """One output."""
        return apply("max", lambda *numbers: max(numbers), *self._seen(self._window(at, pool), at, x, pool))

    def largest_back_element(self, at: tuple[int, ...], dy: Named, which: Named, **pool: int) -> Term:
        """The gradient of one input."""
        chosen = [dy[index] for index, _, tap in self._users(at, pool) if which.array[index] == tap]
        return total(chosen) if chosen else as_term(0.0)

    def _window(self, at: tuple[int, ...], pool: Mapping[str, int]) -> Window:
        own = _number(at, self.sizes(pool)[0])
        return next(one for one in self.windows(**pool) if one.place == own)

    def _seen(self, one: Window, at: tuple[int, ...], x: Named, pool: Mapping[str, int]) -> list[Term]:
        inputs = self.sizes(pool)[1]
        return [x[_index(at, source, inputs)] for source in one.sources]

    def _users(self, at: tuple[int, ...], pool: Mapping[str, int]) -> list[tuple[tuple[int, ...], Window, int]]:
        """Outputs that see an input: their index, their window, and the input's number in it."""
        outputs, inputs = self.sizes(pool)
        own = _number(at, inputs)
        return [
            (_index(at, one.place, outputs), one, one.taps[one.sources.index(own)])
            for one in self.windows(**pool)
            if own in one.sources
        ]


def _flat(x: Array) -> Array:
    """Places as one axis, (N, D·H·W, C)."""
    return x.reshape(len(x), -1, x.shape[-1])


def _number(at: tuple[int, ...], sizes: Sequence[int]) -> int:
    """Which place along (D, H, W) an index stands at."""
    return int(np.ravel_multi_index((0, 0, *at[1:-1])[-3:], tuple(sizes)))


def _index(at: tuple[int, ...], number: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """The index of a place, in the count of axes that `at` has, of the same row and channel."""
    place = tuple(int(one) for one in np.unravel_index(number, tuple(sizes)))
    return (at[0], *place[5 - len(at) :], at[-1])
