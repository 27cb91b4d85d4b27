"""The compiling process: turns kernels into object code. Its arguments are `FOLDER=NAME,NAME…`.

For each name it writes one object file (under a temporary name first) and prints the name: the parent's progress. The
object holds one function, `kernel`, without any reference to Python: kernels cannot raise.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

from nnplay.kernels.compile import processor
from nnplay.kernels.compile.jit import COMPILING, KERNELS, Kernel, argument_types, options, with_typed_literals
from nnplay.kernels.compile.strict import inexact


def compile_kernel(kernel: Kernel) -> bytes:
    """Object code of `kernel` for this machine's processor."""
    import numba

    signature = tuple(argument_types(kernel.arguments))
    dispatcher = numba.njit(**options())(with_typed_literals(kernel.function))
    dispatcher.compile(signature)
    compiled = dispatcher.overloads[signature]
    return _emit(_entry(compiled, signature), compiled.library._final_module)


def _entry(compiled: Any, signature: Any) -> str:
    """LLVM text of the function `kernel`: calls the Numba function and drops its status, which is always 0."""
    from llvmlite import ir
    from numba import types

    context = compiled.target_context
    module = ir.Module(name="kernel")
    inner_type = context.call_conv.get_function_type(types.none, signature)
    inner = ir.Function(module, inner_type, compiled.fndesc.llvm_func_name)
    arguments = [context.get_value_type(kind) for kind in signature]
    outer = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), "kernel")
    builder = ir.IRBuilder(outer.append_basic_block())
    outcome = [builder.alloca(kind.pointee) for kind in inner_type.args[:2]]
    builder.call(inner, [*outcome, *outer.args])
    builder.ret_void()
    return str(module)


def _emit(entry: str, body: Any) -> bytes:
    import llvmlite.binding as llvm

    machine = processor.target_machine()
    module = llvm.parse_assembly(entry)
    module.link_in(body.clone())
    for item in [*module.functions, *module.global_variables]:
        if not item.is_declaration and item.name != "kernel":
            item.linkage = "internal"
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    passes = llvm.create_pass_builder(machine, tuning).getModulePassManager()
    passes.run(module, llvm.create_pass_builder(machine, tuning))
    wrong = inexact(str(module))
    if wrong:
        raise ValueError(f"other processors could get other bits from {', '.join(wrong)}")
    return bytes(machine.emit_object(module))


def file_of(name: str) -> str:
    """File name of a kernel's object code inside its cache folder."""
    return name.replace(":", "-").replace("<locals>.", "") + ".o"


def main(requests: list[str]) -> None:
    """Compiles what each request `folder=name,name,…` asks for, printing each name when its object code is in place."""
    if not COMPILING:
        raise SystemExit("set NNPLAY_COMPILE to float32 or float64")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ |= {"NUMBA_CPU_NAME": processor.name(), "NUMBA_CPU_FEATURES": processor.features()}
    os.environ["NUMBA_DISABLE_INTEL_SVML"] = "1"
    for request in requests:
        folder, _, names = request.rpartition("=")
        for name in names.split(","):
            importlib.import_module(name.partition(":")[0])
            try:
                code = compile_kernel(KERNELS[name])
            except Exception as error:  # whatever Numba raises: the parent shows one line that names the kernel
                raise SystemExit(f"{name}: {' '.join(str(error).split())[:1000]}") from error
            _write(Path(folder) / file_of(name), code)
            print(name, flush=True)


def _end_with_parent() -> None:
    """Ends this process when the one that asked is gone: its end of standard input closes, even by `kill -9`."""
    os.read(0, 1)
    os._exit(1)


def _write(target: Path, code: bytes) -> None:
    partial = target.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(code)
    partial.replace(target)


if __name__ == "__main__":
    main(sys.argv[1:])
