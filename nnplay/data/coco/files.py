"""Where the JSON file and the pictures of a COCO data set lie."""

from __future__ import annotations

from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from nnplay.data.pictures.options import ENDINGS
from nnplay.errors import InputError
from nnplay.system.paths import expanded
from nnplay.text import clean

#: Where the file lies within a folder.
_FOLDERS: Final = ("", "annotations")
#: Where pictures lie beside the file.
_PICTURES: Final = ("", "images", "../images", "..", "train", "val")
#: Bytes of a file that are looked at: some begin with long lists of licences.
_HEAD: Final = 1 << 16
#: JSON files of a folder that are looked at.
_MOST: Final = 50
#: Files of a folder among which pictures are looked for.
_SEEN: Final = 1000


def looks_like_coco(path: Path) -> bool:
    """Whether a JSON file begins as COCO's do: with one of its lists, or what it says of itself before them."""
    head = _read_head(path)
    start = head.lstrip("\ufeff \t\r\n")
    words = ('"images"', '"annotations"', '"categories"')
    named = sum(word in head for word in words)
    return start.startswith("{") and (named >= 2 or ('"file_name"' in head and named >= 1))


def _read_head(path: Path) -> str:
    """The beginning of a file; nothing of what is none."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_HEAD).decode("utf-8", errors="replace")
    except OSError:
        return ""


def find_annotations(path: str) -> Path | None:
    """The JSON file that a path stands for: itself, or the only one in a folder; None where there is none.

    A file that can be nothing else counts although it does not look like one, so that its reader says what is wrong.

    Raises:
        InputError: a folder has several.
    """
    place = expanded(path)
    if place.suffix.lower() == ".json":
        return place if looks_like_coco(place) else None
    if not place.is_dir():
        return None
    files = [file for folder in _FOLDERS for file in sorted((place / folder).glob("*.json"))[:_MOST]]
    found = [file for file in files if looks_like_coco(file)] or (files if _has_no_other_use(place, files) else [])
    if len(found) > 1:
        names = ", ".join(clean(str(file.relative_to(place))) for file in found[:4])
        raise InputError(f"holds {len(found)} COCO files: {names}", where=clean(path), hint="name one of them")
    return found[0] if found else None


def _has_no_other_use(place: Path, files: list[Path]) -> bool:
    """Whether the one JSON file of a folder lies as COCO's do, and its pictures in no class folders."""
    if len(files) != 1:
        return False
    if files[0].parent != place or ((place / "images").is_dir() and not (place / "masks").is_dir()):
        return True
    return any(file.suffix.lower() in ENDINGS for file in islice(place.iterdir(), _SEEN))


def leads_outside(name: str) -> bool:
    """Whether the name of a picture is not one below the folder: an absolute one, or one with '..' in it."""
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts


def find_picture(annotations: Path, name: str) -> Path | None:
    """The picture of that name near the JSON file; None where there is none, or the name leads elsewhere."""
    if leads_outside(name) or not name.strip("/\\") or "\0" in name:
        return None
    parts = PurePosixPath(name.replace("\\", "/"))
    split = annotations.stem.rpartition("_")[2]
    for folder in (*_PICTURES, f"../{split}", split):
        candidate = annotations.parent / folder / Path(*parts.parts)
        if candidate.is_file():
            return candidate
    return None
