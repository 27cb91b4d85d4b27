"""One clip out of a file, frame by frame: never more of it in memory than small images.

PyAV decodes, which is FFmpeg; it and Pillow are imported when the first clip is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.text.other_formats import HEAD, recognise_format
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.pictures.decode import fit_picture
from nnplay.data.video.options import VideoOptions
from nnplay.errors import InputError
from nnplay.system.extras import need
from nnplay.text import clean

#: Bytes of one file.
MOST_BYTES: Final = 4 << 30
#: Frames of one clip: seven minutes at 24 a second.
MOST_FRAMES: Final = 10_000
#: Pixels of one frame: twice those of 4K.
MOST_PIXELS: Final = 20_000_000
#: Containers that are opened, by their first bytes and where those are. FFmpeg knows hundreds, among them lists of
#: other files and addresses; it is never left to find out by itself.
_CONTAINERS: Final = (
    (4, b"ftyp", "mp4"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (4, b"free", "mov"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"\x00\x00\x01\xb3", "mpegvideo"),
)
_KINDS: Final = "clips are MP4, MOV, MKV, WebM, AVI and MPEG"


def libraries_needed(where: str) -> None:
    """Sees that clips can be decoded.

    Raises:
        InputError: PyAV or Pillow is missing.
    """
    need("av", "clips are", where)
    need("PIL", "images are", where)


def decode_clip(path: Path, options: VideoOptions) -> NDArray[np.uint8]:
    """Frames (frames, height, width, 3 or 1) of a clip, evenly over its time; of a short one some come twice.

    Raises:
        InputError: it is no clip, is damaged, or too large or long.
    """
    where = clean(path.name)
    with open_regular(path, limit=MOST_BYTES, hint="cut it into shorter clips") as file:
        container = _find_container(file.read(HEAD), where)
        file.seek(0)
        small = list(_frames(file, container, options, where))
    if not small:
        raise InputError("holds no images", where=where)
    chosen = [(2 * number + 1) * len(small) // (2 * options.frames) for number in range(options.frames)]
    return np.stack([small[frame] for frame in chosen])


def _find_container(head: bytes, where: str) -> str:
    for place, sign, name in _CONTAINERS:
        if head[place : place + len(sign)] == sign:
            return name
    if not head:
        raise InputError("is empty", where=where)
    found = recognise_format(head)
    raise InputError(f"looks like {found.kind}" if found else "is not a clip", where=where, hint=_KINDS)


def _frames(file: Any, kind: str, options: VideoOptions, where: str) -> Iterator[NDArray[np.uint8]]:
    """All frames, small already."""
    import av

    try:
        with av.open(file, mode="r", format=kind) as container:
            if not container.streams.video:
                raise InputError("holds no images", where=where)
            stream = container.streams.video[0]
            _refuse_large(stream.codec_context.width, stream.codec_context.height, where)
            for number, frame in enumerate(container.decode(stream)):
                if number == MOST_FRAMES:
                    what = f"has more than {MOST_FRAMES:,} frames"
                    raise InputError(what, where=where, hint="cut it into shorter clips")
                _refuse_large(frame.width, frame.height, where)
                yield _small(frame, options)
    except InputError:
        raise
    except Exception as error:  # whatever a decoder makes of damaged bytes
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"is damaged: {clean(reason, 80)}", where=where) from None


def _small(frame: Any, options: VideoOptions) -> NDArray[np.uint8]:
    picture = frame.to_image()
    plain = picture.convert("RGB" if options.colour else "L")
    height, width = options.size
    fitted = fit_picture(plain, height, width, options.fit)
    return np.asarray(fitted, np.uint8).reshape(height, width, 3 if options.colour else 1)


def _refuse_large(width: int, height: int, where: str) -> None:
    if width * height > MOST_PIXELS:
        what = f"is too large: {width:,}×{height:,} pixels, at most {MOST_PIXELS / 1e6:.0f} million are read"
        raise InputError(what, where=where, hint="make it smaller first")
