"""Finds a kernel in the packs of this folder: in that of the best level which this machine can run and may trust."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from nnplay.kernels.compile import notices, processor
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.packs.pack import DamagedPack, Pack
from nnplay.system.import_path import others_may_change
from nnplay.text import clean

#: Where packs lie; `make packs` writes them there, and a wheel brings them along.
FOLDER: Final = Path(__file__).parent
#: Packs by their file, as it was when it was opened; None for one that cannot be used.
_opened: dict[tuple[Path, int, int, int], Pack | None] = {}


def path_of(level: str, dtype: str, folder: Path | None = None) -> Path:
    """The file of the pack for this system, a level of processors and a type of numbers."""
    return (folder or FOLDER) / f"{made_for(level, dtype)}.pack"


def made_for(level: str, dtype: str) -> str:
    """What the pack of a level and a type is for, in a word."""
    return f"{sys.platform}-{level}-{dtype}"


def code(kernel: Kernel, dtype: str) -> bytes | None:
    """The object code of a kernel that fits its sources of today; None where no pack has it."""
    for level in processor.levels_to_load():
        path = path_of(level, dtype)
        pack = _pack(path, made_for(level, dtype))
        try:
            found = pack and pack.compiled(kernel)
        except DamagedPack:
            _say_damaged(path)
            continue
        if found:
            return found.code
    return None


def _pack(path: Path, made_for: str) -> Pack | None:
    """The pack in a file, opened anew when there is another one; None, said once, where it cannot be trusted."""
    try:
        info = path.stat()
    except OSError:
        return None  # most often there is none
    known = (path, info.st_ino, info.st_mtime_ns, info.st_size)
    if known not in _opened:
        _opened[known] = _trusted(path, made_for)
    return _opened[known]


def _trusted(path: Path, made_for: str) -> Pack | None:
    if others_may_change(str(path)):
        notices.once(f"{clean(str(path))} is not used, since others may change it: kernels are compiled instead")
        return None
    try:
        return Pack(path, made_for)
    except (OSError, DamagedPack):
        _say_damaged(path)
        return None


def _say_damaged(path: Path) -> None:
    notices.once(f"{clean(str(path))} is damaged: its kernels are compiled instead")
