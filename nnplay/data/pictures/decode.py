"""One image out of a file: only of formats that are known, never larger than its limit, whatever its bytes claim.

Pillow decodes; it is imported when the first image is read. Its scaling of 8-bit images works in whole numbers, so
the same file gives the same numbers on every processor.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.text.other_formats import HEAD, recognise_format
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.pictures.options import FORMATS_TEXT, Fit
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.system.extras import need
from nnplay.text import clean

if TYPE_CHECKING:
    from PIL.Image import Image

Bytes = NDArray[np.uint8]

#: Pixels of one image before it is made smaller; most cameras take fewer.
MOST_PIXELS: Final = 64_000_000
#: Bytes of one file.
MOST_BYTES: Final = 256 << 20
#: Bytes that one pixel takes on its way: decoded, converted, and scaled.
_GROWTH: Final = 8
#: EPS would start another program, and some formats are whole libraries of their own; these are images and no more.
_FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "PPM")
#: The tag of a photograph that says how the camera was held, and its values for which width and height change places.
_ORIENTATION: Final = 0x0112
_LYING: Final = (5, 6, 7, 8)
_WHITE: Final = (255, 255, 255, 255)


@dataclass(frozen=True, slots=True)
class PictureHead:
    """What a file says of its image before anything is decoded.

    Attributes:
        height, width: in pixels, as it is to be seen.
        colour: whether it may have colours.
        kind: what else is worth a note, in a word or two: "16-bit", "several frames".
    """

    height: int
    width: int
    colour: bool
    kind: tuple[str, ...] = ()


@contextmanager
def pictures_allowed(where: str) -> Iterator[None]:
    """Within the block images can be decoded, and what Pillow only warns of is an error.

    Raises:
        InputError: Pillow is missing.
    """
    need("PIL", "images are", where)
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata of an image that is sound
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_head(path: str | Path) -> PictureHead:
    """What the file says of itself.

    Raises:
        InputError: it is no image, one of another format, or one too large.
    """
    with _opened(path) as image:
        height, width = _upright(image)
        kinds = []
        if getattr(image, "n_frames", 1) > 1:
            kinds.append("several frames")
        if image.mode.startswith(("I", "F")):
            kinds.append("16-bit")
        if image.mode == "CMYK":
            kinds.append("CMYK")
        if _is_transparent(image):
            kinds.append("transparent")
        if (height, width) != image.size[::-1]:
            kinds.append("turned")
        return PictureHead(height, width, _has_colour(image), tuple(kinds))


def decode_picture(path: str | Path, height: int, width: int, *, colour: bool, fit: Fit) -> Bytes:
    """The image as bytes (height, width, 3 or 1).

    Raises:
        InputError: as `read_head`, or it is damaged.
    """
    with _opened(path) as image:
        if image.format == "JPEG":  # a large photograph is decoded at a fraction of its size
            image.draft("RGB" if colour else "L", (2 * max(height, width),) * 2)
        upright = _turned(image)
        plain = _as_bytes(upright).convert("RGB" if colour else "L")
        fitted = fit_picture(plain, height, width, fit)
        return np.asarray(fitted, np.uint8).reshape(height, width, 3 if colour else 1)


def decode_mask(path: str | Path, height: int, width: int, fit: Fit) -> NDArray[np.int32]:
    """The numbers of a mask's pixels (height, width): of its palette, its greys, or its colours as 0xRRGGBB.

    Raises:
        InputError: as `decode_picture`.
    """
    from PIL import Image

    with _opened(path) as image:
        upright = _turned(image)
        if upright.mode == "1":
            upright = upright.convert("L")
        if upright.mode not in ("L", "P", "I", "I;16", "I;16B", "RGB"):
            upright = _as_bytes(upright).convert("RGB")
        fitted = _fitted(upright, height, width, fit, Image.Resampling.NEAREST)
        values = np.asarray(fitted).astype(np.int32)
    if values.ndim == 3:
        values = (values[:, :, 0] << 16) | (values[:, :, 1] << 8) | values[:, :, 2]
    return values


@contextmanager
def _opened(path: str | Path) -> Iterator[Image]:
    """The image of a file, its format and size checked; whatever fails on its way is one sentence about the file."""
    from PIL import Image, UnidentifiedImageError

    most = min(MOST_PIXELS, memory_budget() // _GROWTH)
    with open_regular(path, limit=min(MOST_BYTES, memory_budget()), hint="give a smaller image") as file:
        content = file.read()
    if not content:
        raise InputError("is empty", where=clean(Path(path).name))
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if not all(image.size):
                raise InputError("has no pixels", where=clean(Path(path).name))
            if image.size[0] * image.size[1] > most:
                raise _too_large(path, image.size, most)
            yield image
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(path, None, most) from None
    except UnidentifiedImageError:
        found = recognise_format(content[:HEAD])
        what = f"looks like {found.kind}" if found else "is not an image"
        hint = f"images are {FORMATS_TEXT}"
        if found and any(found.kind.split()[1] == name.rstrip(",") for name in FORMATS_TEXT.split()):
            what, hint = f"is a damaged {found.kind.split()[1]} image", ""
        raise InputError(what, where=clean(Path(path).name), hint=hint) from None
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise InputError(f"is damaged: {_reason(error)}", where=clean(Path(path).name)) from None


def _reason(error: Exception) -> str:
    words = str(error).strip()
    return "it ends too early" if "truncated" in words.lower() or isinstance(error, EOFError) else words[:80] or "?"


def _too_large(path: str | Path, size: tuple[int, int] | None, most: int) -> InputError:
    shown = f"{size[0]:,}×{size[1]:,} pixels" if size else "its pixels are too many"
    room = "" if most == MOST_PIXELS else f" ({size_text(most * _GROWTH)} of memory)"
    what = f"is too large: {shown}, at most {most / 1e6:.0f} million are read{room}"
    return InputError(what, where=clean(Path(path).name), hint="make it smaller first")


def _orientation(image: Image) -> int:
    """How the camera was held, from 1 (upright) to 8; broken metadata say nothing."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # metadata of any program; the image itself may be sound
        return 1


def _upright(image: Image) -> tuple[int, int]:
    width, height = image.size
    return (width, height) if _orientation(image) in _LYING else (height, width)


def _turned(image: Image) -> Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(_orientation(image))
    image.load()
    return image if turn is None else image.transpose(turn)


def _is_transparent(image: Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _has_colour(image: Image) -> bool:
    if image.mode == "P":
        palette = np.asarray(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return bool((palette != palette[:, :1]).any())
    return image.mode not in ("1", "L", "LA", "La", "F") and not image.mode.startswith("I")


def _as_bytes(image: Image) -> Any:
    """With 8 bits a channel; what is transparent is laid on white."""
    from PIL import Image as images

    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        return images.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8))
    if _is_transparent(image):
        seen = image.convert("RGBA")
        return images.alpha_composite(images.new("RGBA", seen.size, _WHITE), seen)
    return image.convert("RGB") if image.mode not in ("L", "RGB") else image


def fit_picture(image: Image, height: int, width: int, fit: Fit) -> Image:
    """An image at that size, smoothly."""
    from PIL import Image as images

    return _fitted(image, height, width, fit, images.Resampling.BILINEAR)


def _fitted(image: Image, height: int, width: int, fit: Fit, how: Any) -> Image:
    """At that size: cut to its shape around the middle, with black borders, or pulled."""
    from PIL import Image as images

    if image.size == (width, height):
        return image
    broad, tall = image.size
    if fit == "stretch":
        return image.resize((width, height), how)
    if fit == "crop":
        scale = min(broad / width, tall / height)
        left, top = (broad - width * scale) / 2, (tall - height * scale) / 2
        box = (max(0.0, left), max(0.0, top), min(broad, left + width * scale), min(tall, top + height * scale))
        return image.resize((width, height), how, box)
    scale = max(broad / width, tall / height)
    inner = (max(1, round(broad / scale)), max(1, round(tall / scale)))
    whole = images.new(image.mode, (width, height))
    if image.mode == "P":
        whole.putpalette(image.getpalette() or [])
    whole.paste(image.resize(inner, how), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return whole
