"""One sound out of a file: WAV is read here, FLAC, Ogg and MP3 by libsndfile."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.text.other_formats import recognise_format
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.sound.wav import HIGHEST_RATE, SoundHead, read_wav, read_wav_head
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget
from nnplay.system.extras import need
from nnplay.text import clean

#: Bytes of one file, as for images.
MOST_BYTES: Final = 256 << 20
_WAV: Final = (b"RIFF", b"RF64")
_PACKED: Final = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")


def read_sound_head(path: Path) -> SoundHead:
    """What the file says of its sound.

    Raises:
        InputError: it is no sound, or damaged.
    """
    with _opened(path) as (file, packed, where):
        if not packed:
            return read_wav_head(file, where).head
        with _unpacked(file, where) as sound:
            head = SoundHead(int(sound.samplerate), int(sound.frames), int(sound.channels))
    if head.rate <= 0 or head.frames <= 0:
        raise InputError("holds no sound", where=where)
    if head.rate > HIGHEST_RATE:
        raise InputError(f"claims {head.rate:,} values a second", where=where)
    return head


def decode_sound(path: Path, seconds: float) -> tuple[NDArray[np.float32], int]:
    """The first `seconds` of a sound as the mean of its channels (frames,), and how many values a second has.

    Raises:
        InputError: as `read_sound_head`, or a value is not finite.
    """
    with _opened(path) as (file, packed, where):
        if packed:
            with _unpacked(file, where) as sound:
                rate = int(sound.samplerate)
                values = sound.read(int(seconds * rate) + 1, dtype="float32", always_2d=True)
        else:
            wav = read_wav_head(file, where)
            rate = wav.head.rate
            values = read_wav(file, wav, int(seconds * rate) + 1)
    if not len(values):
        raise InputError("holds no sound", where=where)
    if not np.isfinite(values).all():
        raise InputError("holds a value that is not finite", where=where)
    total = values[:, 0].astype(np.float64)
    for channel in range(1, values.shape[1]):  # in a fixed order
        total += values[:, channel]
    return (total / values.shape[1]).astype(np.float32), rate


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, bool, str]]:
    """The file, whether it is packed, and what it is called."""
    where = clean(path.name)
    with open_regular(path, limit=min(MOST_BYTES, memory_budget() // 4), hint="cut it into shorter ones") as file:
        head = file.read(512)
        file.seek(0)
        if head.startswith(_PACKED):
            yield file, True, where
        elif head.startswith(_WAV):
            yield file, False, where
        else:
            found = recognise_format(head)
            what = "is empty" if not head else f"looks like {found.kind}" if found else "is not a sound"
            raise InputError(what, where=where, hint="sounds are WAV, FLAC, Ogg and MP3" if head else "")


@contextmanager
def _unpacked(file: BinaryIO, where: str) -> Iterator[Any]:
    need("soundfile", "FLAC, Ogg and MP3 sounds are", where)
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(file.read())) as sound:
            yield sound
    except (soundfile.SoundFileError, ValueError, RuntimeError, TypeError) as error:
        raise InputError(f"is damaged: {clean(str(error), 80)}", where=where) from None
