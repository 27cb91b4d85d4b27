"""The sources that a kernel's object code follows from, and their digests."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

#: What takes part in compiling every kernel, whether or not it imports them.
_ALWAYS: Final = (
    "nnplay.kernels.abi",
    "nnplay.kernels.compile.compiler",
    "nnplay.kernels.compile.intrinsics",
    "nnplay.kernels.compile.isolated",
    "nnplay.kernels.compile.jit",
    "nnplay.kernels.compile.processor",
    "nnplay.kernels.compile.strict",
)
#: What only the code of graphics cards follows from, with all that it imports, though every kernel's compiler names it.
_FOR_CARDS: Final = frozenset(("nnplay.kernels.cuda.compiler", "nnplay.kernels.cuda.toolchain"))
_IMPORT: Final = re.compile(r"^\s*(?:from|import) (nnplay[\w.]*)(?: import (\([^)]*\)|[^\n]*))?", re.MULTILINE)


@functools.cache
def behind(module: str, template: str) -> tuple[str, ...]:
    """Names of the modules that the object code of a kernel follows from, in order.

    Args:
        module: the module that the kernel belongs to, such as an activation's.
        template: the module that its loop is written in; elementwise layers share one.
    """
    without = frozenset[str]() if module in _FOR_CARDS else _FOR_CARDS
    return tuple(sorted(_closure((module, template, *_ALWAYS), without)))


@functools.cache
def digest(module: str) -> str:
    """SHA-256 of the text of a module, as this process found it first."""
    return hashlib.sha256(_source(module)).hexdigest()


def _closure(modules: Iterable[str], without: frozenset[str]) -> set[str]:
    """The modules and all that they import, as far as those have to do with kernels at all, but for some."""
    found: set[str] = set()
    ahead = list(modules)
    while ahead:
        name = ahead.pop()
        if name in found or name in without:
            continue
        found.add(name)
        for package, members in _IMPORT.findall(_source(name).decode()):
            named = [package, *(f"{package}.{member}" for member in re.findall(r"\w+", members))]
            ahead += [item for item in named if _matters(item)]
    return found


@functools.cache
def _matters(module: str) -> bool:
    return bool(_source(module)) and (module.startswith("nnplay.kernels.") or b"nnplay.kernels" in _source(module))


@functools.cache
def _source(module: str) -> bytes:
    """The text of a module; nothing for what is no module of ours."""
    root = Path(__file__).parents[2]
    path = root.joinpath(*module.split(".")[1:]).with_suffix(".py")
    if module.startswith("nnplay.") and path.is_file():
        return path.read_bytes()
    spec = None if module.startswith("nnplay") else find_spec(module)
    return Path(spec.origin).read_bytes() if spec is not None and spec.origin else b""
