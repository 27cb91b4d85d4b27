"""The machine code of rows on graphics cards, counted without a card: `python benchmarks/cuda_code.py [KERNEL …]`.

Each kernel of a row is compiled alone into the loop of a block (PTX as cards get it), translated by `ptxas` and
read by `nvdisasm` (`pip install nvidia-cuda-nvcc nvidia-cuda-nvdisasm`). The last lines are a whole module.
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
from nnplay.tape.machines.cuda_table import kernels_of

ARCHITECTURES: Final = ("sm_80", "sm_90")
#: Presets whose rows between them have every form for a card.
PRESETS: Final = (
    "spiral",
    "digits_mlp28",
    "lenet",
    "mini_resnet",
    "sine_forecast",
    "tiny_transformer",
    "regression_plane",
)
#: Instructions that are counted: local memory read and written, meetings, tensor cores, fused multiply-adds.
_COUNTED: Final = {"ldl": "LDL", "stl": "STL", "bar": "BAR", "hmma": "HMMA", "ffma": "FFMA"}


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


def tool(name: str) -> Path:
    """A program of NVIDIA's packages.

    Raises:
        SystemExit: it is not installed.
    """
    for folder in map(Path, sys.path):
        for found in folder.glob(f"nvidia/cu1*/bin/{name}"):
            return found
    raise SystemExit(f"{name} is not installed; pip install 'nnplay[gpu]' nvidia-cuda-nvcc nvidia-cuda-nvdisasm")


def read_code(ptx: bytes, architecture: str) -> Code:
    """Translates PTX and counts what came out."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "code.ptx"), Path(folder, "code.cubin")
        source.write_bytes(ptx)
        said = _run([tool("ptxas"), "-v", f"-arch={architecture}", source, "-o", binary])
        listing = _run([tool("nvdisasm"), "-c", binary])
    stack = sum(map(int, re.findall(r"(\d+) bytes stack frame", said)))
    spilled = sum(map(int, re.findall(r"(\d+) bytes spill stores", said)))
    registers = max(map(int, re.findall(r"Used (\d+) registers", said)))
    opcodes = re.findall(r"^\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z0-9]+)", listing, re.MULTILINE)
    counts = [opcodes.count(name) for name in _COUNTED.values()]
    return Code(registers, spilled, stack, len(opcodes), *counts)


def _run(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def codes_of(kernels: tuple[Kernel, ...], function: str = "block_advance") -> Iterator[tuple[str, Code]]:
    """The code of a module of these kernels, for each architecture."""
    ptx = module.code(kernels)[function]
    for architecture in ARCHITECTURES:
        yield architecture, read_code(ptx, architecture)


def kernels_of_presets() -> list[tuple[Kernel, ...]]:
    """The kernels that each of `PRESETS` calls on a card; the first list is close to what every network shares."""
    return [tuple(kernels_of(load_preset(name).config.trainer().machine.tape)) for name in PRESETS]


def main(asked: Sequence[str]) -> None:
    """Prints a row of the table for each kernel and architecture."""
    print("| kernel | for |", " | ".join(field.name for field in fields(Code)), "|")
    print("|---|---|" + "---|" * len(fields(Code)))
    lists = kernels_of_presets()
    found = {kernel.name: kernel for kernels in lists for kernel in kernels}
    rows = [
        (name.removeprefix("nnplay."), (found[name],))
        for name in sorted(found)
        if not asked or any(map(name.count, asked))
    ]
    for name, kernels in [*rows, (f"all of {PRESETS[0]}", lists[0])]:
        for architecture, code in codes_of(kernels):
            print(f"| {name} | {architecture} |", " | ".join(map(str, astuple(code))), "|", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
