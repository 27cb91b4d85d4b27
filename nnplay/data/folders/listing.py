"""The files of a folder, listed with care: no loops, no devices, nothing hidden, and never without end."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nnplay.data.progress import report
from nnplay.errors import InputError
from nnplay.system.paths import expanded
from nnplay.text import clean

#: Files of one data set.
MOST_FILES: Final = 200_000
#: Folders within folders.
_DEEPEST: Final = 16
#: Files that are looked at to see what a folder holds.
_FEW: Final = 300
#: Files that programs leave behind.
_LITTER: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_EVERY: Final = 1000


@dataclass(slots=True)
class Listing:
    """Files with one of the wanted endings, sorted by name, and what else was found.

    Attributes:
        others: names of files of other kinds.
        left_out: names of what is no file and no folder that may be entered: devices, pipes, links to folders.
    """

    files: list[Path] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def subfolders(folder: Path, where: str) -> list[Path]:
    """The folders in a folder, sorted; links to folders too, unless they lead back to where one comes from.

    Raises:
        InputError: the folder cannot be listed.
    """
    above = {os.path.realpath(folder), *map(str, Path(os.path.realpath(folder)).parents)}
    found = [Path(entry.path) for entry in _entries(folder, where) if entry.is_dir()]
    return [path for path in found if os.path.realpath(path) not in above]


def list_files(folder: Path, endings: tuple[str, ...], where: str, *, deep: bool = True) -> Listing:
    """All files in a folder, and in the folders within.

    Args:
        endings: of the names of wanted files, in small letters.

    Raises:
        InputError: a folder cannot be listed, or there are too many files.
    """
    found = Listing()
    _list(folder, endings, where, found, _DEEPEST if deep else 0)
    return found


def is_folder_of(path: str, endings: tuple[str, ...]) -> bool:
    """Whether a path leads to a folder that holds files with one of the endings."""
    place = expanded(path)
    return place.is_dir() and holds(place, endings)


def holds(folder: Path, endings: tuple[str, ...]) -> bool:
    """Whether one of the first files in a folder, or in the folders within, has one of the endings."""
    seen = 0
    waiting = [(folder, 0)]
    while waiting and seen < _FEW:
        place, depth = waiting.pop(0)
        try:
            entries = _entries(place, "")
        except InputError:
            continue
        for entry in entries[:_FEW]:
            seen += 1
            if entry.is_dir(follow_symlinks=depth == 0):
                if depth < 3:
                    waiting.append((Path(entry.path), depth + 1))
            elif os.path.splitext(entry.name)[1].lower() in endings:
                return True
    return False


def _list(folder: Path, endings: tuple[str, ...], where: str, found: Listing, deeper: int) -> None:
    for entry in _entries(folder, where):
        if entry.is_dir(follow_symlinks=False):
            if deeper:
                _list(Path(entry.path), endings, where, found, deeper - 1)
        elif not entry.is_file():
            found.left_out.append(clean(entry.name, 80))
        elif os.path.splitext(entry.name)[1].lower() in endings:
            found.files.append(Path(entry.path))
            if len(found.files) % _EVERY == 0:
                report(0, len(found.files), "files found")
        else:
            found.others.append(clean(entry.name, 80))
        if len(found.files) + len(found.others) > MOST_FILES:
            what = f"holds more than {MOST_FILES:,} files"
            raise InputError(what, where=where, hint="give a folder with fewer of them")


def _entries(folder: Path, where: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if not entry.name.startswith(".")]
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"folder '{clean(folder.name)}' cannot be listed: {reason}", where=where) from None
    return sorted((entry for entry in seen if entry.name.lower() not in _LITTER), key=lambda entry: entry.name)
