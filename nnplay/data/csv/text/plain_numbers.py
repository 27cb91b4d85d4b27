"""Plain numbers read from bytes: up to sixteen characters of each are worked on at a time, as one or two integers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Letters = NDArray[np.uint64]
"""Eight characters each, the first in the lowest byte; those of a number are taken from its end."""

#: So many bytes of a text are looked at before a cell, and as many behind it.
MARGIN: Final = 32
#: Up to so many digits a number and its power of ten are exact in float64, so that one division rounds right.
_DIGITS: Final = 15


def _eight_times(byte: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([byte]) * 8, "little"))


_ZEROS: Final = _eight_times(ord("0"))
_ONES, _TOPS, _TO_TOP = _eight_times(1), _eight_times(0x80), _eight_times(0x80 - 10)
_LETTER, _PLACE, _LAST = np.uint64(8), np.uint64(7), np.uint64(56)
_ONE: Final = np.uint64(1)
_PAIRS, _FOURS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
#: Of eight characters the last few: none of them up to all, which stay all for longer cells.
_KEEP: Final = np.array([(1 << 64) - (1 << 8 * max(8 - count, 0)) for count in range(_DIGITS + 2)], dtype=np.uint64)
#: Powers of ten by how many bits stand behind the point.
_POWERS: Final = np.array([float(f"1e{bits // 8}") for bits in range(8 * _DIGITS + 1)])


def as_eights(text: bytes | bytearray) -> Letters:
    """From each byte on the next eight as one number."""
    eights: Letters = np.ndarray((len(text) - 7,), np.dtype("<u8"), text, strides=(1,))
    return eights


def read_plain(
    text: bytes | bytearray, begins: NDArray[np.int64], ends: NDArray[np.int64], decimal: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers (N,) without an exponent and of up to fifteen digits, and which cells are such.

    Args:
        text: with `MARGIN` bytes before the first cell and behind the last.
        decimal: the decimal mark.
    """
    eights, point = as_eights(text), _eight_times(ord(decimal) ^ ord("0"))
    first = np.frombuffer(text, np.uint8)[begins]
    negative = first == ord("-")
    lengths = ends - (begins + (negative | (first == ord("+"))))
    letters = (eights[ends - 8] ^ _ZEROS) & _KEEP[np.minimum(lengths, len(_KEEP) - 1)]
    mark = _find(point, letters)
    pointed = mark != 0
    number = _take_out(letters, mark) if pointed.any() else letters
    known = _are_digits(number) & (lengths > pointed)
    values = _as_number(number)
    if number is not letters:
        values /= _POWERS[np.bitwise_count(_above(mark))]
    long = np.flatnonzero(lengths > 8)
    if long.size:
        values[long], known[long] = _read_long(eights, ends[long], lengths[long], point)
    return np.negative(values, out=values, where=negative), known


def _read_long(
    eights: Letters, ends: NDArray[np.int64], lengths: NDArray[np.int64], point: np.uint64
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The same of more than eight characters, without their sign."""
    letters = eights[ends - 8] ^ _ZEROS
    front = (eights[ends - 16] ^ _ZEROS) & _KEEP[np.minimum(lengths - 8, len(_KEEP) - 1)]
    mark = _find(point, letters)
    behind = mark != 0
    before = np.where(behind, 0, _find(point, front))
    moved = (letters & _above(mark)) | ((letters & _below(mark)) << _LETTER) | (front >> _LAST)
    letters = np.where(behind, moved, letters)
    front = np.where(behind, front << _LETTER, _take_out(front, before))
    known = _are_digits(letters) & _are_digits(front) & (lengths - (mark | before != 0) <= _DIGITS)
    bits = np.bitwise_count(_above(mark)) + np.bitwise_count(_above(before)) + 64 * (before != 0)
    return (_as_number(front) * 1e8 + _as_number(letters)) / _POWERS[bits], known


def _find(point: np.uint64, letters: Letters) -> Letters:
    """The top bit of the first letter that is the point; 0 where none is."""
    others = letters ^ point
    tops = (others - _ONES) & ~others & _TOPS
    return tops & (~tops + _ONE)


def _above(mark: Letters) -> Letters:
    """All bits of the letters behind the one that is marked; none where none is."""
    return ~(mark << _ONE) + _ONE


def _below(mark: Letters) -> Letters:
    """All bits of the letters before the one that is marked; every bit where none is."""
    return (mark >> _PLACE) - _ONE


def _take_out(letters: Letters, mark: Letters) -> Letters:
    """The letters without the one that is marked; a zero comes in front."""
    shift = (mark != 0).astype(np.uint64) << np.uint64(3)
    return np.asarray((letters & _above(mark)) | ((letters & _below(mark)) << shift))


def _are_digits(letters: Letters) -> NDArray[np.bool_]:
    """Whether all eight are from 0 to 9."""
    return np.asarray(((letters + _TO_TOP) | letters) & _TOPS == 0)


def _as_number(digits: Letters) -> NDArray[np.float64]:
    """Eight digits as a number: neighbours are joined to pairs, these to fours, and these to one."""
    pairs = (digits * np.uint64((10 << 8) + 1)) >> np.uint64(8)
    fours = ((pairs & _PAIRS) * np.uint64((100 << 16) + 1)) >> np.uint64(16)
    return np.asarray((((fours & _FOURS) * np.uint64((10_000 << 32) + 1)) >> np.uint64(32)).astype(np.float64))
