"""`nnplay fetch`: downloads well-known data sets, or lists those that there are."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Final, TextIO

from nnplay.cli.parser import Parser
from nnplay.cli.progress import is_terminal
from nnplay.data.catalogue import fetched_records
from nnplay.data.download.fetch_files import fetch_files
from nnplay.data.download.remote_file import fetched_folder, is_here, total_size
from nnplay.data.record import DatasetRecord
from nnplay.errors import unknown
from nnplay.memory_budget import size_text
from nnplay.system.paths import shown

ABOUT: Final = "Download a well-known data set, such as mnist"
_MORE: Final = """\
examples:
  nnplay fetch                what there is, and what has been downloaded
  nnplay fetch mnist          download it; a download that was interrupted is continued
  nnplay train mnist          then train on it, with or without a network connection

Files are checked by their SHA-256 and kept in the user's cache folder (NNPLAY_CACHE_DIR names another place).
NNPLAY_MIRROR=https://… names a server that is asked first, for …/DATASET/FILE.
"""
_FRAME: Final = 0.1  # seconds between drawings
_BAR: Final = 30
_LINES: Final = 10


def run(words: Sequence[str]) -> int:
    """Downloads, or lists."""
    parser = Parser("fetch", ABOUT, epilog=_MORE, usage="nnplay fetch [DATASET …]")
    parser.add_argument("names", nargs="*", metavar="DATASET", help="what to download; a list of all without it")
    parser.add_argument("--again", action="store_true", help="download it even if it is on this machine")
    options = parser.read(words)
    records = fetched_records()
    chosen = [name.lower().replace("-", "_") for name in options.names]
    for typed, name in zip(options.names, chosen, strict=True):
        if name not in records:
            raise unknown("data set", typed, records, where="nnplay fetch")
    if not chosen:
        print("\n".join(_line(record) for record in records.values()))
    for name in chosen:
        _fetch(records[name], again=options.again)
    return 0


def _line(record: DatasetRecord) -> str:
    """A data set in a line: name, size, whether it is here, licence, what it is."""
    state = "downloaded" if is_here(record.name, record.files) else ""
    size = size_text(total_size(record.files))
    return f"{record.name:<15} {size:>10}  {state:<10}  {record.title}; licence: {record.licence}"


def _fetch(record: DatasetRecord, *, again: bool) -> None:
    if again:
        for file in record.files:
            (fetched_folder(record.name) / file.name).unlink(missing_ok=True)
    elif is_here(record.name, record.files):
        print(f"{record.name} is on this machine already: {shown(fetched_folder(record.name))}")
        return
    bar = _Bar(sys.stdout, record.name)
    try:
        folder = fetch_files(record.name, record.files, record.alike, bar.show)
    finally:
        bar.close()
    print(f"{record.name} is in {shown(folder)}; nnplay train {record.name} trains on it")


class _Bar:
    """A line that is drawn over on a terminal; about ten lines elsewhere."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._living = is_terminal(stream)
        self._next = 0.0
        self._tenths = 0

    def show(self, done: int, total: int, file: str) -> None:
        """So many bytes are here."""
        share = done / max(1, total)
        words = f"{self._name}  {size_text(done)} of {size_text(total)}"
        if self._living and (time.monotonic() >= self._next or done == total):
            filled = int(share * _BAR)
            print(f"\r\x1b[K{words}  {'#' * filled}{'.' * (_BAR - filled)}", end="", file=self._stream, flush=True)
            self._next = time.monotonic() + _FRAME
        elif not self._living and int(share * _LINES) > self._tenths:
            self._tenths = int(share * _LINES)
            print(words, file=self._stream, flush=True)

    def close(self) -> None:
        """Leaves the cursor at the beginning of an empty line."""
        if self._living:
            print("\r\x1b[K", end="", file=self._stream, flush=True)
