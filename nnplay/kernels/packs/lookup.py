"""Finds a kernel in the packs of this folder: in that of the best level which this machine can run and may trust."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from nnplay.kernels.compile import notices, processor
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.packs.index import DamagedPack
from nnplay.kernels.packs.pack import Pack
from nnplay.system.import_path import others_may_change
from nnplay.text import clean

#: Where packs lie; `make packs` writes them there, and a wheel brings them along.
FOLDER: Final = Path(__file__).parent
#: What the pack for graphics cards is for: PTX of the oldest card, which suits all later ones and all systems.
CARDS: Final = "cuda-sm_80-float32"
#: By path: which file lay there when it was looked at last, and its pack; None for one that cannot be used.
_opened: dict[Path, tuple[tuple[int, ...], Pack | None]] = {}


def path_of(level: str, dtype: str, folder: Path | None = None) -> Path:
    """The file of the pack for this system, a level of processors and a type of numbers."""
    return (folder or FOLDER) / f"{made_for(level, dtype)}.pack"


def made_for(level: str, dtype: str) -> str:
    """What the pack of a level and a type is for, in a word."""
    return f"{sys.platform}-{level}-{dtype}"


def code(kernel: Kernel, dtype: str) -> bytes | None:
    """The object code of a kernel that fits its sources of today; None where no pack has it."""
    for level in processor.levels_to_load():
        found = _entry(path_of(level, dtype), made_for(level, dtype), kernel.name)
        if found is not None:
            return found
    return None


def code_for_cards(name: str) -> bytes | None:
    """PTX for graphics cards by its name, if it fits its sources of today; None where the pack does not have it."""
    return _entry(FOLDER / f"{CARDS}.pack", CARDS, name)


def _entry(path: Path, made_for: str, name: str) -> bytes | None:
    try:
        pack = _pack(path, made_for)
        found = None if pack is None else pack.entry(name)
    except (OSError, DamagedPack) as error:
        _say_useless(path, error)
        return None
    return None if found is None else found.code


def _pack(path: Path, made_for: str) -> Pack | None:
    """The pack in a file, opened anew when there is another one; None, said once, where it cannot be used.

    Raises:
        OSError: it cannot be read now; the next look tries again, as there may have been too many files open.
    """
    try:
        info = path.stat()
    except OSError:
        return None  # most often there is none
    file = (info.st_dev, info.st_ino, info.st_mtime_ns, info.st_size)
    known, pack = _opened.get(path, ((), None))
    if known != file:
        pack = _trusted(path, made_for)
        _opened[path] = (file, pack)
    return pack


def _trusted(path: Path, made_for: str) -> Pack | None:
    if others_may_change(str(path)):
        notices.once(f"{clean(str(path))} is not used because others can write to it; kernels are compiled instead")
        return None
    try:
        return Pack(path, made_for)
    except DamagedPack as error:
        _say_useless(path, error)
        return None


def _say_useless(path: Path, error: Exception) -> None:
    reason = f"cannot be read ({error.strerror})" if isinstance(error, OSError) else "is damaged"
    notices.once(f"{clean(str(path))} {reason}; its kernels are compiled instead")
