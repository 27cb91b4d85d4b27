"""Makes packs: what a pack on disk lacks or has of older sources is compiled, for any level, on any machine."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final

from nnplay.kernels.compile import sources
from nnplay.kernels.compile.compilation import Share, compiled, shared_out
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.cuda import module
from nnplay.kernels.packs.index import Compiled, DamagedPack
from nnplay.kernels.packs.lookup import CARDS, made_for, path_of
from nnplay.kernels.packs.pack import Pack, packed
from nnplay.system.import_path import others_may_change

#: Kernels that are compiled before a pack is written again: a build that is ended goes on from there.
_WRITE_EVERY: Final = 16
#: How the names of packs begin that are not whole yet.
_PARTIAL: Final = ".new-"


@dataclass
class _Draft:
    """A pack that is being made.

    Attributes:
        modules: the sources of what it lacks, by kernel, read before a compiler reads them: one that is edited while
            others are compiled is then too new for its kernel, which is compiled again, and never too old.
    """

    path: Path
    made_for: str
    lacking: list[Kernel]
    kernels: dict[str, Compiled] = field(default_factory=dict)
    modules: dict[str, Mapping[str, str]] = field(default_factory=dict)


def build(
    kernels: Sequence[Kernel],
    wanted: Sequence[tuple[str, str]],
    folder: Path,
    *,
    processes: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Writes a pack of these kernels for each level and type that is wanted; one that is complete stays as it is.

    Args:
        kernels: each once.
        wanted: (level, dtype) of each pack; levels may be above this machine's.
        folder: where they go.
        processes: how many compile at a time.
        progress: called as `(done, total)`, from 0 on, while kernels are compiled; not at all if none must be.

    Raises:
        NnplayError: a kernel cannot be compiled.
        OSError: a pack cannot be written.
    """
    drafts = {}
    for level, dtype in wanted:
        draft = _drafted(path_of(level, dtype, folder), made_for(level, dtype), kernels)
        if draft.lacking:
            draft.modules = {kernel.name: _modules(kernel) for kernel in draft.lacking}
            drafts[level, dtype] = draft
    for_each = max(1, processes // max(1, len(drafts)))
    shares = [share for key, draft in drafts.items() for share in shared_out(draft.lacking, for_each, *reversed(key))]
    done, total = 0, sum(len(draft.lacking) for draft in drafts.values())
    for first in range(0, len(shares), processes):
        with contextlib.closing(compiled(shares[first : first + processes])) as ready:
            progress(done, total)
            for share, name, code in ready:
                done += 1
                progress(done, total)
                _take(drafts[share.level, share.dtype], share, name, code)


def build_for_cards(sets: Sequence[Sequence[Kernel]], folder: Path) -> bool:
    """Writes the pack for graphics cards, of modules of each of these sets of kernels; False where it stays.

    Raises:
        NnplayError: they cannot be compiled.
        OSError: the pack cannot be written.
    """
    path = folder / f"{CARDS}.pack"
    wanted = [module.packed_name(name, kernels) for kernels in sets for name in module.FUNCTIONS]
    with contextlib.suppress(OSError, DamagedPack):
        old = None if others_may_change(str(path)) else Pack(path, CARDS)
        if old is not None and all(old.entry(name) is not None for name in wanted):
            return False
    found = {}
    for kernels in sets:
        modules = module.modules_behind(kernels)
        for name, text in module.compile_kernels(kernels):
            found[module.packed_name(name, kernels)] = Compiled(text, modules)
    _write(path, packed(CARDS, _made_by("numba-cuda"), found))
    return True


def sweep(folder: Path) -> None:
    """Takes away what builds that were killed have left half-written; for whoever knows that none runs."""
    for partial in folder.glob(f"{_PARTIAL}*"):
        partial.unlink(missing_ok=True)


def _drafted(path: Path, made_for: str, kernels: Sequence[Kernel]) -> _Draft:
    """What a pack will hold, with all that is to be kept of the one that is there.

    Nothing is kept of one that others may change: in the new pack, which they may not, it would be trusted.
    """
    draft = _Draft(path, made_for, list(kernels))
    if others_may_change(str(path)):
        return draft
    with contextlib.suppress(OSError, DamagedPack):
        old = Pack(path, made_for)
        if old.made_by == _made_by():
            kept = {kernel.name: old.compiled(kernel) for kernel in kernels}
            draft.kernels = {name: one for name, one in kept.items() if one is not None}
            draft.lacking = [kernel for kernel in kernels if kernel.name not in draft.kernels]
    return draft


def _take(draft: _Draft, share: Share, name: str, code: bytes) -> None:
    """Puts a kernel into a draft, which is written now and then, and when this was the last one."""
    draft.kernels[name] = Compiled(code, draft.modules[name])
    draft.lacking = [item for item in draft.lacking if item.name != name]
    if len(draft.lacking) % _WRITE_EVERY == 0:
        _write(draft.path, packed(draft.made_for, _made_by(), draft.kernels))


def _modules(kernel: Kernel) -> Mapping[str, str]:
    names = sources.behind(kernel.module, kernel.function.__module__)
    return {name: sources.digest(name) for name in names}


def _made_by(*more: str) -> str:
    """The versions of all that compiles."""
    versions = [f"{package} {metadata.version(package)}" for package in ("numba", "llvmlite", "numpy", *more)]
    return ", ".join([*versions, str(sys.implementation.cache_tag)])


def _write(path: Path, content: bytes) -> None:
    """Puts a pack in place in one step."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_PARTIAL)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            os.fchmod(descriptor, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
