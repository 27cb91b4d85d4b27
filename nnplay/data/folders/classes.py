"""Folders that are classes: every file in `cats/` is a cat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from nnplay.data.folders.examples import Examples
from nnplay.data.folders.listing import MOST_FILES, Listing, list_files, subfolders
from nnplay.errors import InputError
from nnplay.text import clean, counted

#: Folders that deal the files into parts, rather than into classes.
_PARTS: Final = frozenset({"train", "training", "val", "valid", "validation", "dev", "test", "testing"})


def list_classes(folder: Path, endings: tuple[str, ...], noun: str, where: str) -> Examples:
    """The files of all class folders.

    Args:
        noun: what the files are: "image".

    Raises:
        InputError: files without a class, fewer than two classes, a folder that cannot be listed, or too many files.
    """
    tops, notes = _class_folders(folder, where)
    loose = list_files(folder, endings, where, deep=False).files
    files: list[Path] = []
    labels: list[int] = []
    classes: list[str] = []
    rest = Listing()
    for name, places in tops.items():
        found: list[Path] = []
        for place in places:
            listing = list_files(place, endings, where)
            found += listing.files
            rest.others += listing.others
            rest.left_out += listing.left_out
        if not found:
            notes.append(f"folder '{name}' holds no {noun}, and is left out")
            continue
        labels += [len(classes)] * len(found)
        files += found
        classes.append(name)
        if len(files) > MOST_FILES:
            raise InputError(f"holds more than {MOST_FILES:,} {noun}s", where=where, hint="give a folder with fewer")
    _refuse_few(classes, loose, noun, where)
    if loose:
        notes.append(f"{counted(len(loose), noun)} in no class folder left out: '{clean(loose[0].name, 80)}', …")
    y = np.array(labels, np.int64)
    return Examples(tuple(files), y, "classification", tuple(classes), (*notes, *rest_notes(rest, noun)))


def rest_notes(rest: Listing, noun: str) -> list[str]:
    """What is said of files that were not wanted."""
    notes = []
    if rest.others:
        count = len(rest.others)
        notes.append(f"{counted(count, 'file')} left out, by {'its name' if count == 1 else 'their names'} no {noun}: ")
        notes[-1] += _some(rest.others)
    if rest.left_out:
        notes.append(
            f"{counted(len(rest.left_out), 'entry')} left out, neither file nor folder: {_some(rest.left_out)}"
        )
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:3]) + (", …" if len(names) > 3 else "")


def _class_folders(folder: Path, where: str) -> tuple[dict[str, list[Path]], list[str]]:
    """The folders of each class by its name, and notes."""
    tops = subfolders(folder, where)
    dealt = [top for top in tops if top.name.lower() in _PARTS]
    notes = []
    if dealt and len(dealt) == len(tops):
        names = " and ".join(f"'{clean(top.name)}'" for top in dealt)
        if len(dealt) > 1:
            notes.append(f"{names} are put together; how rows are dealt is said by the split")
        tops = [inner for top in dealt for inner in subfolders(top, where)]
    found: dict[str, list[Path]] = {}
    for top in tops:
        found.setdefault(clean(top.name, 80), []).append(top)
    return dict(sorted(found.items())), notes


def _refuse_few(classes: Sequence[str], loose: Sequence[Path], noun: str, where: str) -> None:
    way = f"put the {noun}s of each class into a folder of its own, or list them with their labels in a CSV table"
    if not classes and not loose:
        raise InputError(f"holds no {noun}s", where=where, hint=way)
    if not classes:
        raise InputError(f"{counted(len(loose), noun)} in no class folder", where=where, hint=way)
    if len(classes) == 1:
        raise InputError(f"only one class, '{classes[0]}'", where=where, hint=way)
