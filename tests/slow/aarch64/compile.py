"""Compiles kernels for AArch64 into object files: `python compile.py FOLDER`, with their names on standard input.

Only the processor is another one; Numba, the passes and what is refused are those of `nnplay.kernels.compile.compiler`.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

TRIPLE = "aarch64-unknown-linux-gnu"
#: Names that stand for LLVM's functions on a register of AArch64, with those functions.
REGISTER = {"nnplay_read_fpcr": "llvm.aarch64.get.fpcr", "nnplay_write_fpcr": "llvm.aarch64.set.fpcr"}


def main(folder: Path, names: list[str]) -> None:
    """Writes `NUMBER.o` for each kernel, with the function `kernel_NUMBER`, or the symbol of a shared function."""
    from nnplay.kernels.compile import compiled_for, processor

    compiled_for.dtype = "float32"
    processor.architecture = lambda: "aarch64"
    processor.has = lambda *_: False  # vectors of 128 bits, without masks
    os.environ |= {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "", "NUMBA_DISABLE_INTEL_SVML": "1"}

    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    from nnplay.kernels.compile import subnormals

    # Numba makes code for this machine too, which knows no such register: the right names are put in afterwards.
    for name in REGISTER:
        llvm.add_symbol(name, 1)
    subnormals._AARCH64_READ, subnormals._AARCH64_WRITE = REGISTER
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(cpu="generic", opt=3, reloc="pic")
    for number, name in enumerate(names):
        importlib.import_module(name.partition(":")[0])
        (folder / f"{number}.o").write_bytes(compiled(name, number, machine))


def compiled(name: str, number: int, machine: Any) -> bytes:
    """Object code of one kernel."""
    import llvmlite.binding as llvm
    import numba

    from nnplay.kernels.compile import compiler, jit
    from nnplay.kernels.compile.strict import inexact

    kernel = jit.KERNELS[name]
    signature = tuple(jit.argument_types(kernel.arguments))
    dispatcher = numba.njit(**jit.options())(jit.with_typed_literals(kernel.function))
    dispatcher.compile(signature)
    library = dispatcher.overloads[signature]
    module = llvm.parse_assembly(compiler._entry(library, signature))
    module.link_in(library.library._final_module.clone())
    text = str(module)
    for stand_in, function in REGISTER.items():
        text = text.replace(f"@{stand_in}(", f"@{function}(")
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = TRIPLE, str(machine.target_data)
    for item in [*module.functions, *module.global_variables]:
        if not item.is_declaration and item.name != "kernel":
            item.linkage = "internal"
    module.get_function("kernel").name = kernel.symbol("float32") if name in jit.SHARED else f"kernel_{number}"
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    passes = llvm.create_pass_builder(machine, tuning).getModulePassManager()
    passes.run(module, llvm.create_pass_builder(machine, tuning))
    wrong = inexact(str(module))
    assert wrong == [], f"{name}: {wrong}"
    return bytes(machine.emit_object(module))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdin.read().split())
