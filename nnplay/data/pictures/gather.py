"""Many images as one array of bytes: of one size and kind, damaged ones named and left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.advice import advice
from nnplay.data.folders.each import try_each
from nnplay.data.folders.examples import Examples, damage_notes
from nnplay.data.pictures.decode import PictureHead, decode_picture, pictures_allowed, read_head
from nnplay.data.pictures.options import PictureOptions
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import counted

#: Pixels of a side, where nobody said how many: a network that learns while one looks on takes no larger ones.
_USUAL: Final = 64
#: A byte of an image becomes float32, and is dealt into parts.
_GROWTH: Final = 10


@dataclass(frozen=True, slots=True)
class Gathered:
    """Images in one array.

    Attributes:
        pixels: bytes (N, height, width, 3 or 1).
        examples: the files they are from, without those that could not be read.
        sizes: height and width of each as it lies in its file.
        notes: what was made smaller, cut, or left out, a sentence each.
    """

    pixels: NDArray[np.uint8]
    examples: Examples
    sizes: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]

    def inputs(self) -> NDArray[np.float32]:
        """The pixels as numbers from 0 to 1."""
        return as_inputs(self.pixels)


def as_inputs(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes as numbers from 0 to 1."""
    return pixels.astype(np.float32) / np.float32(255)


def gather_pictures(examples: Examples, options: PictureOptions, where: str) -> Gathered:
    """The images of all files.

    Raises:
        InputError: too many cannot be read, or all together do not fit into memory.
    """
    with pictures_allowed(where):
        heads, damaged = try_each(examples.files, read_head, "images looked at")
        notes = damage_notes(damaged, len(examples.files), "image", where)
        rows = np.array([row for row, head in enumerate(heads) if head is not None], np.int64)
        examples, known = examples.select(rows), [head for head in heads if head is not None]
        (height, width), size_notes = choose_size(known, options)
        colour = any(head.colour for head in known) if options.colours is None else options.colours
        shape = (len(known), height, width, 3 if colour else 1)
        refuse_too_many(shape, where)
        pixels = np.empty(shape, np.uint8)

        def decode(place: tuple[int, Path]) -> bool:
            pixels[place[0]] = decode_picture(place[1], height, width, colour=colour, fit=options.fit)
            return True

        done, more = try_each(list(enumerate(examples.files)), decode, "images")
    sizes = [(head.height, head.width) for head in known]
    if more:
        notes = damage_notes(damaged + more, len(examples.files) + len(damaged), "image", where)
        rows = np.flatnonzero([each is not None for each in done])
        examples, pixels, sizes = examples.select(rows), pixels[rows], [sizes[row] for row in rows]
    return Gathered(pixels, examples, tuple(sizes), (*notes, *size_notes, *_kind_notes(known, colour=colour)))


def choose_size(heads: Sequence[PictureHead], options: PictureOptions) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Height and width of all images, and what that does to them."""
    sizes = Counter((head.height, head.width) for head in heads)
    common = min(sizes, key=lambda size: (-sizes[size], size))
    scale = max(1.0, max(common) / _USUAL)
    size = options.size or (max(1, round(common[0] / scale)), max(1, round(common[1] / scale)))
    to = f"{size[0]}×{size[1]}"
    if len(sizes) == 1 and size == common:
        return size, ()
    if len(sizes) == 1:
        how = f"images of {common[0]}×{common[1]} are scaled to {to}"
    else:
        least, most = min(sizes, key=_pixels), max(sizes, key=_pixels)
        done = {"crop": "scaled and cut", "pad": "scaled and framed", "stretch": "pulled"}[options.fit]
        how = f"images of {len(sizes):,} sizes, {least[0]}×{least[1]} to {most[0]}×{most[1]}, are {done} to {to}"
    way = "" if options.size else f" ({advice('size', '48x64')} for another size)"
    return size, (how + way,)


def _pixels(size: tuple[int, int]) -> tuple[int, int, int]:
    return size[0] * size[1], *size


def refuse_too_many(shape: tuple[int, ...], where: str, noun: str = "image") -> None:
    """Sees that so many images fit into memory before any is decoded.

    Raises:
        InputError: they do not.
    """
    size, most = float(np.prod(shape, dtype=np.float64)) * _GROWTH, memory_budget()
    if size > most:
        what = f"{counted(shape[0], noun)} of {'×'.join(map(str, shape[1:]))} take {size_text(size)}"
        hint = f"at most {size_text(most)}; {advice('size', '32')} makes them smaller"
        raise InputError(what, where=where, hint=hint)


def _kind_notes(heads: Sequence[PictureHead], *, colour: bool) -> tuple[str, ...]:
    counts = Counter(kind for head in heads for kind in head.kind)
    done = {
        "several frames": "first frame taken",
        "16-bit": "8 bits kept",
        "CMYK": "converted to RGB",
        "transparent": "laid on white",
        "turned": "turned upright, as the camera says",
    }
    notes = [f"{counted(counts[kind], 'image')}: {done[kind]}" for kind in done if counts[kind]]
    greys = sum(not head.colour for head in heads)
    if colour and 0 < greys < len(heads):
        notes.append(f"{counted(greys, 'grey image')} among coloured ones: three equal channels")
    return tuple(notes)
