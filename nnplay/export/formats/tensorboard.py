"""TensorBoard: a folder with a file of events for each run, written without TensorFlow or protobuf.

The file is a row of records (length, checksum, bytes, checksum; TensorFlow's `record_writer.h`), each a message `Event`
in protobuf's wire format. Only three kinds of fields are needed: 64-bit numbers, 32-bit floats, and nested bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnplay.export.export_format import ExportFormat
from nnplay.export.exported_run import ExportedRun

TENSORBOARD = ExportFormat(
    "tensorboard",
    "TensorBoard",
    "A folder for tensorboard --logdir, with a folder in it for each run.",
    lambda runs, path: write(runs, path),
)

_POLYNOMIAL: Final = 0x82F63B78
_VERSION: Final = "brain.Event:2"
#: Scores have no steps of their own.
_LAST: Final = 0


def _make_table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        found.append(byte)
    return tuple(found)


_TABLE: Final = _make_table()


def write(runs: Sequence[ExportedRun], path: Path) -> None:
    """Writes the folder."""
    path.mkdir()
    for run in runs:
        folder = path / run.name
        folder.mkdir()
        last = max((int(steps[-1]) for steps, _ in run.curves.values() if len(steps)), default=_LAST)
        with (folder / "events.out.tfevents.0.nnplay").open("xb") as file:
            file.write(_record(_double(1, 0.0) + _bytes(3, _VERSION.encode())))
            for name, (steps, values) in run.curves.items():
                for step, value in zip(steps, values, strict=True):
                    file.write(_record(scalar(name, int(step), float(value))))
            for name, value in run.scores.items():
                file.write(_record(scalar(name, last, float(value))))


def scalar(tag: str, step: int, value: float) -> bytes:
    """A message `Event` with one number."""
    entry = _bytes(1, tag.encode()) + struct.pack("<Bf", 2 << 3 | 5, value)
    return _double(1, 0.0) + bytes([2 << 3]) + _varint(step) + _bytes(5, _bytes(1, entry))


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    """CRC-32C, masked as TensorFlow does."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _bytes(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _double(field: int, number: float) -> bytes:
    return struct.pack("<Bd", field << 3 | 1, number)
