"""Which Numba compiles for graphics cards: the one import of it. Imported in the compiling process only.

`numba-cuda` stands here; a successor with the same `jit` and `compile` takes its place in this file alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final


def _find_libraries() -> None:
    """Loads the compiler's libraries from the packages that hold them: without `site`, nobody else finds them."""
    for folder in map(Path, sys.path):
        for home in sorted(folder.glob("nvidia/cu1*")):
            os.environ.setdefault("CUDA_HOME", str(home))
            for library in sorted([*home.glob("lib/libnvrtc.so.1*"), *home.glob("lib/libnvvm.so.*")]):
                ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)


_find_libraries()
with contextlib.suppress(ImportError):
    importlib.import_module("_numba_cuda_redirector")  # puts numba-cuda where Numba's own, older one would be found

import numba.cuda  # noqa: E402
from numba.cuda import cgutils  # noqa: E402
from numba.cuda.core import typed_passes  # noqa: E402
from numba.cuda.core.imputils import RefType, iternext_impl  # noqa: E402
from numba.cuda.cpython import rangeobj  # noqa: E402
from numba.cuda.cudadrv import nvvm  # noqa: E402
from numba.cuda.np import arrayobj  # noqa: E402

from nnplay.kernels.cuda import integers  # noqa: E402

cuda: Final[Any] = numba.cuda


#: What would be copied to where it is called: the functions that walk rows and that meet, to several places; and what
#: is done once an epoch, whose numbers would take registers from the loop of every step.
_APART: Final = re.compile(r"^(define [^\n]*(?:run_rows|meet_grid|new_order|end_epoch)[^\n]*\))", re.MULTILINE)


_FUNCTION: Final = re.compile(r"^define [^\n]*\n?\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_LABEL: Final = re.compile(r"^([-\w.$]+):", re.MULTILINE)
_BRANCH: Final = re.compile(r"^  br [^\n]*", re.MULTILINE)
_TARGET: Final = re.compile(r"label %\"?([-\w.$]+)")
_ROLLED: Final = '!987654321 = distinct !{!987654321, !987654322}\n!987654322 = !{!"llvm.loop.unroll.disable"}\n'


def _rolled(text: str) -> str:
    """LLVM's text of a module with every loop marked to stay as it is.

    A row runs few turns of its loops, and its code is used once a step: what counts is how much code has to be fetched.
    """

    def mark(function: re.Match[str]) -> str:
        body = function[0]
        labels = {found[1]: found.start() for found in _LABEL.finditer(body)}

        def marked(branch: re.Match[str]) -> str:
            back = any(labels.get(name, len(body)) < branch.start() for name in _TARGET.findall(branch[0]))
            return f"{branch[0]}, !llvm.loop !987654321" if back else branch[0]

        return _BRANCH.sub(marked, body)

    return _FUNCTION.sub(mark, text) + "\n" + _ROLLED


class _Absent:
    """Stands for the card that device functions ask for, where none need be."""

    def __init__(self, capability: tuple[int, int]) -> None:
        self.compute_capability = capability


class _NoArray:
    """No type is one."""


def _types_without_arrays() -> Any:
    """Numba's types, of which none counts as an array: it would refuse functions that return a view of memory."""
    module = ModuleType("types")
    module.__dict__.update(vars(typed_passes.types))
    module.Array = _NoArray  # type: ignore[attr-defined]
    return module


def _index(context: Any, builder: Any, kind: Any, index: Any, size: Any) -> Any:
    """An index as an address needs it. Numba's own counts negative ones from the end, by four instructions a number."""
    return context.cast(builder, index, kind, numba.types.intp)


@iternext_impl(RefType.BORROWED)  # type: ignore[untyped-decorator]
def _next_number(context: Any, builder: Any, signature: Any, arguments: Any, result: Any) -> None:
    """The next number of a range, which counts on behind its end, where nobody looks.

    Numba's own stops there, for which every turn of every loop had six instructions more.
    """
    [kind] = signature.args
    state = cgutils.create_struct_proxy(kind)(context, builder, value=arguments[0])
    count, number = builder.load(state.count), builder.load(state.iter)
    result.set_valid(builder.icmp_signed(">", count, count.type(0)))
    result.yield_(number)
    builder.store(builder.sub(count, count.type(1)), state.count)
    builder.store(builder.add(number, state.step), state.iter)


def _put_in_index() -> None:
    if not hasattr(arrayobj, "fix_integer_index"):
        raise RuntimeError("numba-cuda has no numba.cuda.np.arrayobj.fix_integer_index to put another in place of")
    arrayobj.fix_integer_index = _index


def _put_in_next_number() -> None:
    functions = rangeobj.registry.functions
    found = [at for at, (_, called, _) in enumerate(functions) if called == "iternext"]
    if not found:
        raise RuntimeError("numba-cuda has no iternext in numba.cuda.cpython.rangeobj to put another in place of")
    for at in found:
        functions[at] = (_next_number, *functions[at][1:])


def compile_for(capability: tuple[int, int]) -> None:
    """Has device functions compiled for cards of this capability, without a driver.

    No product is fused with a sum but where the source says `multiply_add`, so that numbers are those of a processor.
    """
    from numba.cuda import dispatcher

    dispatcher.get_current_device = lambda: _Absent(capability)
    typed_passes.types = _types_without_arrays()
    _put_in_index()
    _put_in_next_number()
    integers.narrow_integers()
    original = nvvm.compile_ir

    def exact(irs: Any, **options: Any) -> Any:
        texts = [irs] if isinstance(irs, str) else irs
        return original([_rolled(_APART.sub(r"\1 noinline", text)) for text in texts], **{**options, "fma": False})

    nvvm.compile_ir = exact


def ptx_of(function: Any, arguments: tuple[Any, ...], capability: tuple[int, int], bounds: tuple[int, int]) -> str:
    """PTX of a kernel that is launched with at most so many threads a block, of which so many fit on a processor."""
    text, _ = cuda.compile(function, arguments, device=False, cc=capability, abi="numba", launch_bounds=bounds)
    return str(text)
