"""The machine code of rows on graphics cards, counted without a card: `python benchmarks/cuda_code.py [KERNEL …]`.

The kernel of each row is compiled alone, without the loop that walks rows (PTX as cards get it), translated by `ptxas`
and read by `nvdisasm` (`pip install nvidia-cuda-nvcc nvidia-cuda-nvdisasm`). With `--modules`, instead, the loop that
walks all rows of a preset, for some presets.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.cuda import module
from nnplay.presets.catalogue import load_preset
from nnplay.tape.every_kernel import every_card_kernel
from nnplay.tape.machines.cuda_table import kernels_of

ARCHITECTURES: Final = ("sm_80", "sm_90")
#: Presets whose modules are read with `--modules`.
PRESETS: Final = ("spiral", "lenet", "mini_resnet", "sine_forecast", "tiny_transformer")
#: Instructions that are counted: local memory read and written, meetings, tensor cores, fused multiply-adds.
_COUNTED: Final = {"ldl": "LDL", "stl": "STL", "bar": "BAR", "hmma": "HMMA", "ffma": "FFMA"}
#: Compiles kernels in a process of its own, as they are plain Python here: writes NAME SIZE, and so many bytes of PTX.
_COMPILE: Final = """
import sys
from nnplay.kernels.compile import compiled_for
compiled_for.dtype, compiled_for.target = "float32", "cuda"
from nnplay.kernels.cuda.compiler import compile_alone
for name, text in compile_alone(sys.argv[1:], (8, 0)):
    code = text.encode()
    sys.stdout.buffer.write(f"{name} {len(code)}\\n".encode() + code)
    sys.stdout.buffer.flush()
"""


@dataclass(frozen=True, slots=True)
class Code:
    """Machine code of a function for one architecture.

    Attributes:
        registers: of a thread.
        spilled: bytes that are written to local memory since registers ran out.
        stack: bytes of local memory of a thread, the arrays of the source among them.
        instructions: how many there are, and behind it how many of them are of each counted kind.
    """

    registers: int
    spilled: int
    stack: int
    instructions: int
    ldl: int
    stl: int
    bar: int
    hmma: int
    ffma: int


def tool(name: str) -> Path | None:
    """A program of NVIDIA's packages, if it is installed."""
    found = (path for folder in map(Path, sys.path) for path in folder.glob(f"nvidia/cu1*/bin/{name}"))
    return next(found, None)


def read_code(ptx: bytes, architecture: str) -> Code:
    """Translates PTX and counts what came out."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "code.ptx"), Path(folder, "code.cubin")
        source.write_bytes(ptx)
        said = _run([str(tool("ptxas")), "-v", f"-arch={architecture}", str(source), "-o", str(binary)])
        listing = _run([str(tool("nvdisasm")), "-c", str(binary)])
    stack = sum(map(int, re.findall(r"(\d+) bytes stack frame", said)))
    spilled = sum(map(int, re.findall(r"(\d+) bytes spill stores", said)))
    registers = max(map(int, re.findall(r"Used (\d+) registers", said)))
    opcodes = re.findall(r"^\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z0-9]+)", listing, re.MULTILINE)
    counts = [opcodes.count(name) for name in _COUNTED.values()]
    return Code(registers, spilled, stack, len(opcodes), *counts)


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def codes_alone(names: Sequence[str], architectures: Sequence[str] = ARCHITECTURES) -> Iterator[tuple[str, str, Code]]:
    """The name of each kernel, an architecture and the code of the kernel alone, as it is ready."""
    with subprocess.Popen([sys.executable, "-c", _COMPILE, *names], stdout=subprocess.PIPE) as compiling:
        assert compiling.stdout is not None
        for line in compiling.stdout:
            name, count = line.split()
            ptx = compiling.stdout.read(int(count))
            for architecture in architectures:
                yield name.decode(), architecture, read_code(ptx, architecture)
    if compiling.returncode:
        raise SystemExit(compiling.returncode)


def codes_of_modules() -> Iterator[tuple[str, str, Code]]:
    """The same of the loops that walk all rows of each of `PRESETS`."""
    for preset in PRESETS:
        kernels: tuple[Kernel, ...] = tuple(kernels_of(load_preset(preset).config.trainer().machine.tape))
        for function in ("block_advance", "grid_advance"):
            ptx = module.code(function, kernels)
            for architecture in ARCHITECTURES:
                yield f"{preset}, {function}", architecture, read_code(ptx, architecture)


def main(asked: Sequence[str]) -> None:
    """Prints a row of the table for each kernel and architecture."""
    if tool("ptxas") is None or tool("nvdisasm") is None:
        raise SystemExit("pip install 'nnplay[gpu]' nvidia-cuda-nvcc nvidia-cuda-nvdisasm")
    print("| kernel | for |", " | ".join(field.name for field in fields(Code)), "|")
    print("|---|---|" + "---|" * len(fields(Code)))
    names = [kernel.name for kernel in every_card_kernel()]
    names = [name for name in names if not asked or any(map(name.count, asked))]
    for name, architecture, code in codes_of_modules() if "--modules" in asked else codes_alone(names):
        row = " | ".join(map(str, astuple(code)))
        print(f"| {name.removeprefix('nnplay.')} | {architecture} | {row} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
