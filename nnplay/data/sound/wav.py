"""WAV files: their chunks, and numbers of every plain encoding. Sizes are those of the file, never what it claims."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.text import counted

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
#: Encodings that some programs write, by their numbers.
_NAMES: Final = {2: "ADPCM", 6: "A-law", 7: "µ-law", 17: "ADPCM", 49: "GSM", 85: "MP3"}
#: How numbers are written, by encoding and bits.
_KINDS: Final = {
    (_PCM, 8): "u1",
    (_PCM, 16): "i2",
    (_PCM, 24): "i3",
    (_PCM, 32): "i4",
    (_FLOAT, 32): "f4",
    (_FLOAT, 64): "f8",
}
_MOST_CHANNELS: Final = 64
#: Values a second: bats are recorded with half a million.
HIGHEST_RATE: Final = 1_000_000
#: Chunks in front of the sound.
_MOST_CHUNKS: Final = 1000


@dataclass(frozen=True, slots=True)
class SoundHead:
    """What a file says of its sound before it is decoded: values a second, how many of them, channels."""

    rate: int
    frames: int
    channels: int


@dataclass(frozen=True, slots=True)
class Wav:
    """Where the sound of a file begins, and how its numbers are written: `u1`, `i2`, `i3`, `i4`, `f4` or `f8`."""

    head: SoundHead
    kind: str
    begin: int


def read_wav_head(file: BinaryIO, where: str) -> Wav:
    """The chunks of a WAV file, up to its sound.

    Raises:
        InputError: it is none, is damaged, or is encoded in another way.
    """
    size = file.seek(0, 2)
    file.seek(0)
    start = file.read(12)
    if start[:4] not in (b"RIFF", b"RF64") or start[8:12] != b"WAVE":
        raise InputError("is not a WAV file", where=where)
    encoding = b""
    for _ in range(_MOST_CHUNKS):
        chunk = file.read(8)
        if len(chunk) < 8:
            raise InputError("ends before its sound", where=where)
        length, begin = int.from_bytes(chunk[4:], "little"), file.tell()
        if chunk[:4] == b"fmt ":
            encoding = file.read(min(length, 40))
        if chunk[:4] == b"data":
            return _plan(encoding, min(length, size - begin), begin, where)
        file.seek(begin + length + length % 2)
    raise InputError(f"has more than {_MOST_CHUNKS:,} parts before its sound", where=where)


def _plan(encoding: bytes, size: int, begin: int, where: str) -> Wav:
    if len(encoding) < 16:
        raise InputError("does not say how it is encoded", where=where)
    number, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", encoding)
    if number == _EXTENSIBLE and len(encoding) >= 26:
        number = int.from_bytes(encoding[24:26], "little")
    if (number, bits) not in _KINDS:
        name = _NAMES.get(number, f"encoding {number}")
        hint = "save it as 16-bit PCM"
        raise InputError(f"is encoded as {name}, {bits} bits, which is not read", where=where, hint=hint)
    if not 1 <= channels <= _MOST_CHANNELS or not 1 <= rate <= HIGHEST_RATE:
        raise InputError(f"claims {counted(channels, 'channel')} at {rate:,} values a second", where=where)
    frames = size // (channels * bits // 8)
    if not frames:
        raise InputError("holds no sound", where=where)
    return Wav(SoundHead(rate, frames, channels), _KINDS[number, bits], begin)


def read_wav(file: BinaryIO, wav: Wav, frames: int) -> NDArray[np.float32]:
    """The first values of all channels (frames, channels), from -1 to 1."""
    width = int(wav.kind[1:])
    file.seek(wav.begin)
    content = file.read(min(frames, wav.head.frames) * wav.head.channels * width)
    content = content[: len(content) // (wav.head.channels * width) * wav.head.channels * width]
    if wav.kind == "i3":
        parts = np.frombuffer(content, np.uint8).reshape(-1, 3).astype(np.int32)
        values = ((parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16) << 8).astype(np.float64) / 2.0**31
    elif wav.kind == "u1":
        values = (np.frombuffer(content, np.uint8).astype(np.float64) - 128) / 128
    elif wav.kind.startswith("i"):
        values = np.frombuffer(content, f"<{wav.kind}").astype(np.float64) / 2.0 ** (8 * width - 1)
    else:
        values = np.frombuffer(content, f"<{wav.kind}").astype(np.float64)
    return values.reshape(-1, wav.head.channels).astype(np.float32)
