"""What the word behind `nnplay train` means: a data set, a preset, a file, or a saved session."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from nnplay.config import RunConfig
from nnplay.data.catalogue import file_endings, find_source, first_member, named_datasets
from nnplay.data.reading.addresses import is_address, is_pattern
from nnplay.data.reading.standard_input import STANDARD_INPUT, kept_input
from nnplay.errors import InputError, near
from nnplay.presets.catalogue import preset_records
from nnplay.session import SUFFIX
from nnplay.session.generation import RECORD
from nnplay.system.paths import user_path
from nnplay.text import clean

#: How one comes by a session.
_SESSIONS: Final = "a session is a folder such as run.nnplay, created by nnplay train --save or by s in the playground"
#: Where all names stand that a run can begin with.
_LISTS: Final = "nnplay datasets and nnplay presets list what is available"
#: Files of one folder that are compared with a mistyped name.
_LISTED: Final = 1000


def base_table(source: str) -> dict[str, Any]:
    """The table of a run on that data set or file, with everything else left open; or of a preset, or a TOML file.

    A name that both a data set and a preset have is the data set's. A pattern stands for several files, the address of
    a database for what a query gives, and `-` for what is piped in.

    Raises:
        InputError: no data set, preset or file is called so; the nearest name is given.
    """
    if source in named_datasets():
        return {"data": {"name": source}}
    if source in preset_records():
        return preset_records()[source].config.to_dict()
    if not source.strip():
        raise InputError("give a data set, a preset or a file", hint=_LISTS)
    if source == STANDARD_INPUT:
        return {"data": {"file": kept_input()}}
    if is_address(source) or is_pattern(source):
        find_source(source)
        return {"data": {"file": source}}
    path = user_path(source)
    if path.suffix.lower() == ".toml":
        _require_file(path, source)
        return RunConfig.from_file(source).to_dict()
    if path.exists() or path.suffix or "/" in source:
        _require_file(path, source)
        return {"data": {"file": source}}
    hint = near(source, [*named_datasets(), *preset_records(), *_list_sources(Path())])
    raise InputError(f"unknown data set, preset or file '{clean(source)}'", hint=hint or _LISTS)


def is_session(source: str) -> bool:
    """Whether the word is the path of a saved session: a folder, or a packed one."""
    if is_address(source):
        return False
    path = user_path(source)
    if path.suffix.lower() == ".zip":
        return first_member(path) in ("", RECORD)
    return path.suffix.lower() == SUFFIX or (path / RECORD).is_file()


def is_sweep(source: str) -> bool:
    """Whether that is the results file of a sweep, which may also be called like a table."""
    path = user_path(source)
    if path.suffix.lower() != ".jsonl" or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(16).startswith(b'{"nnplay sweep"')


def find_session(source: str) -> Path:
    """The path of a session that is to be read.

    Raises:
        InputError: nothing is there, or it is something else.
    """
    path = user_path(source)
    if path.exists() and (is_session(source) or path.suffix.lower() == ".toml"):
        return path
    where = clean(source)
    if path.exists():
        raise InputError("is not a session", where=where, hint=_SESSIONS)
    if source in named_datasets() or source in preset_records():
        raise InputError(f"'{where}' is a data set or preset, not a session", hint=_SESSIONS)
    hint = near(source, _list_files(path.parent, (SUFFIX, ".zip")))
    raise InputError("there is no such session", where=where, hint=hint or _SESSIONS)


def _require_file(path: Path, source: str) -> None:
    if path.exists():
        return
    names = [str(path.parent / name) if path.parent != Path() else name for name in _list_sources(path.parent)]
    if not path.parent.is_dir():
        raise InputError("there is no such folder", where=clean(str(path.parent)))
    hint = near(source, [*names, *named_datasets()])
    raise InputError("there is no such file", where=clean(source), hint=hint)


def _list_sources(folder: Path) -> list[str]:
    """Data and run files of a folder."""
    return _list_files(folder, (*file_endings(), ".toml"))


def _list_files(folder: Path, endings: tuple[str, ...]) -> list[str]:
    try:
        found = sorted(entry.name for entry in folder.iterdir() if entry.suffix.lower() in endings)
    except OSError:
        return []
    return [clean(name) for name in found[:_LISTED]]
