"""A folder with a folder of text files for each class: which texts are in it, and what they are called."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnplay.data.corpus.text_pieces import read_text
from nnplay.data.progress import report
from nnplay.errors import InputError
from nnplay.system.paths import expanded
from nnplay.text import clean

ENDINGS: Final = (".txt", ".md", ".text")
#: Characters of one text, of which a network sees the first few hundred words.
_LONGEST: Final = 50_000
#: Files that are looked at.
_MOST_FILES: Final = 1_000_000


def holds_texts(path: str) -> bool:
    """Whether it is a folder, and one of the first folders in it has a text file."""
    return any(_has_text(below) for below in class_folders(expanded(path))[:3])


def _has_text(folder: Path) -> bool:
    """Whether one of the first names in a folder is that of a text; one that cannot be read has none."""
    try:
        with os.scandir(folder) as entries:
            return any(Path(entry.name).suffix.lower() in ENDINGS for entry in itertools.islice(entries, 1000))
    except OSError:
        return False


def class_folders(folder: Path) -> list[Path]:
    """The folders in a folder, in order; hidden ones are none."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))
    except (OSError, ValueError):  # no folder, or no path at all
        return []


def text_files(folder: Path) -> list[Path]:
    """The text files of one class, in order."""
    found = []
    for place, path in enumerate(sorted(folder.rglob("*"))):
        if place >= _MOST_FILES:
            break
        if path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file():
            found.append(path)
    return found


def read_folder(folder: Path, most: int, encoding: str, where: str) -> tuple[list[str], list[str], list[str]]:
    """Texts, labels and notes of a folder of class folders; as many of each class where there are too many.

    Raises:
        InputError: there is no text in it, or none can be read.
    """
    classes = {below.name: files for below in class_folders(folder) if (files := text_files(below))}
    if not classes:
        hint = "each class needs a folder with .txt files, as in reviews/good/1.txt"
        raise InputError("holds no folders of text files", where=where, hint=hint)
    notes = []
    total = sum(map(len, classes.values()))
    if total > most:
        share = max(1, most // len(classes))
        classes = {name: _evenly(files, share) for name, files in classes.items()}
        notes.append(f"{total:,} files are there, {sum(map(len, classes.values())):,} are read, as many of each class")
    texts, labels, broken = [], [], []
    todo = [(name, path) for name, files in classes.items() for path in files]
    for done, (name, path) in enumerate(todo):
        if done % 100 == 0:
            report(done, len(todo), "files")
        try:
            texts.append(read_text(path, _LONGEST, encoding, f"{name}/{path.name}").text)
            labels.append(clean(name))
        except InputError as error:
            broken.append(f"{clean(name)}/{clean(path.name)} ({clean(error.what, 80)})")
    if broken:
        more = ", …" if len(broken) > 3 else ""
        notes.append(f"{len(broken):,} of {len(todo):,} files left out: {', '.join(broken[:3])}{more}")
    if not texts:
        raise InputError(f"no file can be read: {broken[0]}", where=where)
    return texts, labels, notes


def _evenly(files: Sequence[Path], most: int) -> list[Path]:
    """At most so many of the files, from all over the list."""
    if len(files) <= most:
        return list(files)
    return [files[place * len(files) // most] for place in range(most)]
