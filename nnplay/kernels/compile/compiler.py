"""The compiling process: turns kernels into object code, which it writes for the program. `isolated` starts it.

Each object follows a line `kernel NAME SIZE`; a line `error …` is the last. An object holds one function, `kernel`,
without any reference to Python: kernels cannot raise. No file is written here, so that a kill leaves none behind.
"""

from __future__ import annotations

import gc
import importlib
import os
import threading
from typing import Any, BinaryIO

from nnplay.kernels.compile import compiled_for, processor
from nnplay.kernels.compile.jit import KERNELS, Kernel, argument_types, options, with_typed_literals
from nnplay.kernels.compile.strict import inexact


def compile_kernel(kernel: Kernel) -> bytes:
    """Object code of `kernel` for the processors of this process's level."""
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

    machine = processor.target_machine(compiled_for.level)
    module = llvm.parse_assembly(entry)
    module.link_in(body.clone())
    for item in [*module.functions, *module.global_variables]:
        if not item.is_declaration and item.name != "kernel":
            item.linkage = "internal"
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    passes = llvm.create_pass_builder(machine, tuning).getModulePassManager()
    passes.run(module, llvm.create_pass_builder(machine, tuning))
    _number_functions(module)
    wrong = inexact(str(module))
    if wrong:
        raise ValueError(f"other processors could get other bits from {', '.join(wrong)}")
    return bytes(machine.emit_object(module))


def _number_functions(module: Any) -> None:
    """Names what stays in the module in order: Numba's names count what its process has compiled before."""
    for number, item in enumerate([*module.functions, *module.global_variables]):
        if not item.is_declaration and item.name != "kernel":
            item.name = f"part{number}"


def _make_no_code_in_numba() -> None:
    """Keeps Numba from making machine code of each function for itself, which nobody runs: a third of the time."""
    from numba.core.codegen import JITCodeLibrary, JITCPUCodegen

    JITCodeLibrary._finalize_specific = lambda library: None
    JITCodeLibrary.get_pointer_to_function = lambda library, name: library._ensure_finalized() or 0
    JITCPUCodegen._add_module = lambda codegen, module: None
    JITCPUCodegen.set_env = lambda codegen, name, environment: None  # of Python, which no kernel refers to


def _collect_seldom() -> None:
    """Has Python look for garbage a thirtieth as often, and not among modules: a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def compile_all(names: list[str], out: BinaryIO) -> None:
    """Compiles kernels by their names into `out`, as long as the program that asked is there."""
    end_with_parent()
    level = compiled_for.level
    os.environ |= {"NUMBA_CPU_NAME": processor.name(level), "NUMBA_CPU_FEATURES": processor.features(level)}
    os.environ["NUMBA_DISABLE_INTEL_SVML"] = "1"  # its functions are other ones, where they happen to be installed
    _make_no_code_in_numba()
    _collect_seldom()
    for name in names:
        try:
            importlib.import_module(name.partition(":")[0])
            code = compile_kernel(KERNELS[name])
        except Exception as error:  # whatever Numba raises: the parent shows one line that names the kernel
            _write(out, f"error {name}: {' '.join(str(error).split())[:1000]}\n".encode())
            raise SystemExit(1) from error
        _write(out, f"kernel {name} {len(code)}\n".encode() + code)


def end_with_parent() -> None:
    """Has this process end as soon as the one that asked is gone: standard input closes then, even by `kill -9`."""

    def wait() -> None:
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _write(out: BinaryIO, content: bytes) -> None:
    out.write(content)
    out.flush()
