"""Where the compiling process begins: run by its path with `python -P -s -S`, so that nothing comes in by accident.

Its path holds the standard library, then the few folders that hold NumPy, llvmlite and Numba, which the program has
looked at; the working folder, PYTHONPATH and variables such as NUMBA_OPT have no say. Packages come by their path.
The order is one line of JSON on standard input: `dtype`, `level`, `folders`, `modules` (files by name), `kernels`, and
for graphics cards `capability` and `functions` besides.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys


def load(name: str, path: str) -> None:
    """Imports a module or package from its file, wherever that lies."""
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"'{name}' cannot be imported from {path}")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def main() -> None:
    """Reads the order and compiles."""
    order = json.loads(sys.stdin.buffer.readline())
    objects = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no object code
    modules = order["modules"]
    sys.path += order["folders"]
    load("nnplay", modules.pop("nnplay"))
    from nnplay.kernels.compile import compiled_for

    compiled_for.dtype, compiled_for.level = order["dtype"], order["level"]
    if "capability" in order:
        compiled_for.target = "cuda"
        from nnplay.kernels.cuda.compiler import compile_functions

        compile_functions(order["functions"], order["kernels"], tuple(order["capability"]), objects)
        return
    from nnplay.kernels.compile.compiler import compile_all

    for name, path in modules.items():
        load(name, path)
    compile_all(order["kernels"], objects)


if __name__ == "__main__":
    main()
