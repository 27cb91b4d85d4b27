"""`nnplay warmup`: compiles every kernel once, so that nothing has to be compiled later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from nnplay.cli.parser import Parser
from nnplay.cli.progress import watcher
from nnplay.text import clean, counted

ABOUT: Final = "Compile all kernels into the kernel cache"


def run(words: Sequence[str]) -> int:
    """Fills the cache with what it lacks."""
    parser = Parser("warmup", ABOUT)
    parser.add_argument("--real", choices=("float32", "float64"), default="float32", help="number type to compile for")
    options = parser.read(words)
    from nnplay.kernels.compile import library
    from nnplay.system.private_folder import cache_folder
    from nnplay.tape.every_kernel import every_kernel

    watching = watcher(silent=False)
    began = time.monotonic()
    try:
        count = library.compile_missing(every_kernel(), options.real, watching.compiling)
    finally:
        watching.close()
    where = clean(str(cache_folder("kernels")), limit=4096)
    if not library.kept():
        done = f"{counted(count, 'kernel')} compiled in {time.monotonic() - began:.1f} s"
        print(f"{done}, but not all could be stored in {where}")
        return 1
    if count:
        print(f"{counted(count, 'kernel')} compiled in {time.monotonic() - began:.1f} s, stored in {where}")
    else:
        print("all kernels are already compiled")
    return 0
