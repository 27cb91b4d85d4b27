"""Training rows drawn anew: each copy of all rows follows from the seed and its number alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.augment.recipe import TRANSFORMS, recipe_text
from nnplay.data.augment.warp import affine, warp, warp_labels
from nnplay.data.progress import report
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import plural

#: Rows that have random numbers of their own together.
BLOCK: Final = 64
#: Bytes that a number of a copy takes: as float32, and on its way.
_GROWTH: Final = 12
_WARPS: Final = frozenset({"flip", "shift", "rotate", "scale"})


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How rows are drawn anew.

    Attributes:
        amounts: of what may happen, by name (see `recipe`).
        copies: how many times all rows are drawn; they are trained on besides the rows themselves.
        seed: of the draws.
        frames: of how many images each row is a strip; all are moved and cut alike.
    """

    amounts: Mapping[str, float]
    copies: int
    seed: int
    frames: int = 1

    @property
    def text(self) -> str:
        """What may happen, as it is typed."""
        return recipe_text(dict(self.amounts))

    def check(self, x: NDArray[Any], y: NDArray[Any], task: str, where: str) -> None:
        """Sees that rows can be drawn so.

        Raises:
            InputError: they have no such axes, or all copies would not fit into memory.
        """
        still = [name for name in self.amounts if name != "noise"]
        if task == "detection" and still:
            hint = "use noise alone, or make more images"
            raise InputError(f"'{still[0]}' would move or hide what boxes are around", where=where, hint=hint)
        axes = x.ndim - 2
        for name in self.amounts:
            if axes not in TRANSFORMS[name].axes:
                kinds = {1: "waves", 2: "images"}
                fitting = " and ".join(kinds[axis] for axis in TRANSFORMS[name].axes)
                raise InputError(f"'{name}' is for {fitting}, not for rows of {_shape(x)} numbers", where=where)
        if "mixup" in self.amounts and y.ndim > 1 and task == "classification":
            raise InputError("'mixup' needs one class a row, not one for each place", where=where, hint="leave it out")
        size, most = x[:1].size * _GROWTH * len(x) * self.copies, memory_budget()
        if size > most:
            what = f"{self.copies:,} {plural(self.copies, 'copy')} of {len(x):,} rows take {size_text(size)}"
            raise InputError(what, where=where, hint=f"at most {size_text(most)} is free: use fewer copies")

    def extend(self, x: NDArray[np.float32], y: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """The rows, and behind them all copies."""
        blocks = range(-(-len(x) // BLOCK))
        drawn = [(x, y)]
        for copy in range(1, self.copies + 1):
            report(copy - 1, self.copies, "copies")
            drawn += [self._draw_block(x, y, block, copy) for block in blocks]
        return np.concatenate([part for part, _ in drawn]), np.concatenate([part for _, part in drawn])

    def draw_row(self, x: NDArray[np.float32], y: NDArray[Any], row: int, copy: int) -> tuple[NDArray[np.float32], Any]:
        """One row as it is in the copy with that number, from 1 on; and its target there.

        Args:
            x, y: all rows that copies are made of, as `extend` takes them.
        """
        drawn, targets = self._draw_block(x, y, row // BLOCK, copy)
        return drawn[row % BLOCK], targets[row % BLOCK]

    def _draw_block(
        self, x: NDArray[np.float32], y: NDArray[Any], block: int, copy: int
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        rows = np.arange(block * BLOCK, min(len(x), (block + 1) * BLOCK))
        rng = np.random.Generator(np.random.PCG64([self.seed, copy, block]))
        chances = rng.random((BLOCK, 16))[: len(rows)]  # what happens to a row follows from its number alone
        drawn, labels = x[rows], y[rows]
        if _WARPS & self.amounts.keys():
            drawn, labels = self._warp(drawn, labels, chances)
        if share := self.amounts.get("mixup", 0.0):
            drawn, labels = _mix(drawn, labels, x, y, share * chances[:, 8], chances[:, 9], chances[:, 10])
        if deviation := self.amounts.get("noise", 0.0):
            drawn = drawn + np.float32(deviation) * rng.standard_normal(drawn.shape, np.float32)
        if share := self.amounts.get("cutout", 0.0):
            drawn = _cut(drawn, share * chances[:, 11], chances[:, 12:14], self.frames)
        return np.ascontiguousarray(drawn, x.dtype), labels

    def _warp(
        self, x: NDArray[np.float32], y: NDArray[Any], chances: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        def either_way(name: str, column: int) -> NDArray[np.float64]:
            return self.amounts.get(name, 0.0) * (2 * chances[:, column] - 1)

        frames = _as_pictures(x, self.frames)
        size = (frames.shape[2], frames.shape[3])
        shift = np.stack([either_way("shift", 0), either_way("shift", 1)], axis=1)
        shift = shift if x.ndim > 3 else shift * [1.0, 0.0]
        scale = np.where(
            chances[:, 3] < 0.5, 1 + np.abs(either_way("scale", 4)), 1 / (1 + np.abs(either_way("scale", 4)))
        )
        flipped = chances[:, 5] < self.amounts.get("flip", 0.0)
        matrices = affine(either_way("rotate", 2), scale, flipped, shift, size)
        seen = np.stack([warp(frames[:, time], matrices) for time in range(frames.shape[1])], axis=1)
        per_pixel = y.ndim == 3 and y.shape[1:] == size
        return seen.reshape(x.shape), warp_labels(y, matrices) if per_pixel else y


def _as_pictures(x: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Rows as clips (n, T, H, W, C): an image is one of a single frame, a wave an image that is one pixel wide."""
    return x[:, None, :, None, :] if x.ndim == 3 else x.reshape(len(x), frames, -1, *x.shape[2:])


def _mix(
    x: NDArray[np.float32],
    y: NDArray[Any],
    every_x: NDArray[np.float32],
    every_y: NDArray[Any],
    shares: NDArray[np.float64],
    partners: NDArray[np.float64],
    chances: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Rows mixed with others (Zhang and others: mixup, 2018).

    Quantities are mixed alike. A class is that of the other row as often as the other row is seen, which makes the
    loss the same on average.
    """
    others = np.minimum((partners * len(every_x)).astype(np.int64), len(every_x) - 1)
    share = shares.astype(np.float32).reshape(-1, *[1] * (x.ndim - 1))
    mixed = x * (1 - share) + every_x[others] * share
    if y.dtype.kind == "f":
        part = share.reshape(-1, *[1] * (y.ndim - 1))
        return mixed, (y * (1 - part) + every_y[others] * part).astype(y.dtype)
    return mixed, np.where(chances < shares, every_y[others], y)


def _cut(
    x: NDArray[np.float32], shares: NDArray[np.float64], places: NDArray[np.float64], frames: int
) -> NDArray[np.float32]:
    """Rows of which a square is as their mean (DeVries and Taylor: cutout, 2017); of waves a stretch is 0."""
    cut = x.copy()
    clips = _as_pictures(cut, frames)  # the same memory
    sides = clips.shape[2:4] if x.ndim > 3 else x.shape[1:2]
    for row, (share, place) in enumerate(zip(shares.tolist(), places.tolist(), strict=True)):
        spans: list[Any] = []
        for side, begin in zip(sides, place, strict=False):
            length = round(share * side)
            first = int(begin * (side - length + 1))
            spans.append(slice(first, first + length))
        clips[row][(slice(None), *spans)] = x[row].mean() if x.ndim > 3 else 0
    return cut


def _shape(x: NDArray[Any]) -> str:
    return "×".join(map(str, x.shape[1:]))
