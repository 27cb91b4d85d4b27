"""`nnplay fetch`: downloads well-known data sets, or lists those that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay.cli.parser import Parser
from nnplay.cli.progress import watcher
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
    watching = watcher(silent=False)
    try:
        folder = fetch_files(
            record.name,
            record.files,
            record.alike,
            lambda done, total, file: watching.downloading(done, total, record.name),
        )
    finally:
        watching.close()
    print(f"{record.name} is in {shown(folder)}; nnplay train {record.name} trains on it")
