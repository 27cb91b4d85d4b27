"""The same bits on AArch64: kernels are compiled for it and run by an emulator, on the memory of a run in this one."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.kernels import abi
from nnplay.kernels.compile.jit import SHARED, Kernel
from nnplay.presets.catalogue import load_preset
from nnplay.presets.digest import run_digest
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.machine import Table

KNOWN: dict[str, str] = json.loads((Path(__file__).parents[1] / "golden" / "digests.json").read_text())
HERE = Path(__file__).with_name("aarch64")
COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"
PAGE = 4096
#: What `run.c` returns where the emulator itself lies where the memory should be; the next one lies elsewhere.
TAKEN = 3

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def tools() -> None:
    """Without a cross compiler and the emulator there is nothing to run."""
    for tool in (COMPILER, EMULATOR):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not here; on Debian: apt install gcc-aarch64-linux-gnu qemu-user")


class Emulated:
    """Kernels of one tape for AArch64, as a program for the emulator."""

    def __init__(self, kernels: Mapping[str, int], folder: Path) -> None:
        shared = [name for name in SHARED if name not in kernels]
        self.names, self.folder = [*kernels, *shared], folder
        self.number_at = {address: self.names.index(name) for name, address in kernels.items()}
        words = [sys.executable, str(HERE / "compile.py"), str(folder)]
        subprocess.run(words, input="\n".join(self.names), text=True, check=True)
        symbols = [
            SHARED[name].symbol("float32") if name in SHARED else f"kernel_{k}" for k, name in enumerate(self.names)
        ]
        lines = ["#include <stdint.h>", "typedef void kernel(void *, void *, void *, int64_t);"]
        lines += [f"extern kernel {symbol};" for symbol in symbols]
        lines += ["kernel *const kernels[] = {", *(f"    {symbol}," for symbol in symbols), "};", ""]
        (folder / "kernels.c").write_text("\n".join(lines))
        objects = [str(folder / f"{k}.o") for k in range(len(self.names))]
        sources = [str(HERE / "run.c"), str(folder / "kernels.c")]
        subprocess.run([COMPILER, "-O2", "-static", "-o", str(folder / "run"), *sources, *objects, "-lm"], check=True)

    def run(self, machine: CpuMachine, kernel: Kernel, program: Any, count: int) -> None:
        """Runs one kernel on what the machine's arrays hold, and puts back what comes of it."""
        ranges = [*pages([*arrays_of(machine), program])]
        cells = [pair for table in tables_of(machine) for pair in self._addresses(table)]
        head = np.array([len(ranges), len(cells), *np.ravel(ranges), *np.ravel(cells)], np.int64)
        file = self.folder / "memory"
        file.write_bytes(head.tobytes() + b"".join(ctypes.string_at(*span) for span in ranges))
        arguments = [program.ctypes.data, machine.cells.ctypes.data, machine.memory.ctypes.data, count]
        words = [
            EMULATOR,
            str(self.folder / "run"),
            str(file),
            str(self.names.index(kernel.name)),
            *map(str, arguments),
        ]
        while (status := subprocess.run(words, check=False).returncode) == TAKEN:
            pass
        assert status == 0
        content = memoryview(file.read_bytes())[head.nbytes :]
        rows = [table.cells[:, abi.ROW_ADDRESS].copy() for table in tables_of(machine)]
        self._put_back([*arrays_of(machine), program], ranges, content)
        for table, addresses in zip(tables_of(machine), rows, strict=True):
            table.cells[:, abi.ROW_ADDRESS] = addresses

    def _addresses(self, table: Table) -> Iterator[tuple[int, int]]:
        first, width = table.cells.ctypes.data, table.cells.strides[0]
        for number, address in enumerate(table.cells[:, abi.ROW_ADDRESS].tolist()):
            yield first + number * width + 8 * abi.ROW_ADDRESS, self.number_at[address]

    @staticmethod
    def _put_back(arrays: list[Any], ranges: list[tuple[int, int]], content: memoryview) -> None:
        """Copies the arrays, and nothing beside them, from what the emulated program has written."""
        starts = np.cumsum([0, *(size for _, size in ranges)])
        for array in arrays:
            address = array.ctypes.data
            k = next(k for k, (first, size) in enumerate(ranges) if first <= address < first + size)
            start = int(starts[k]) + address - ranges[k][0]
            ctypes.memmove(address, bytes(content[start : start + array.nbytes]), array.nbytes)


def arrays_of(machine: CpuMachine) -> list[Any]:
    """Every array whose address a kernel may be given."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    left: list[Any] = [vars(machine)]
    while left:
        item = left.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, np.ndarray):
            if item.size and item.flags.c_contiguous:
                found[id(item)] = item
        elif isinstance(item, Mapping):
            left += item.values()
        elif isinstance(item, list | tuple):
            left += item
        elif type(item).__module__.startswith("nnplay.tape.machines.machine"):
            left += [getattr(item, name) for name in (*getattr(item, "__slots__", ()), *getattr(item, "__dict__", ()))]
    return list(found.values())


def tables_of(machine: CpuMachine) -> list[Table]:
    """Every table of rows that the machine may run."""
    tables = [*machine._tables, machine.full_table, machine.tail_table]
    for rows in (machine._watched, *getattr(machine, "evaluated", [])):
        tables += [rows.table, rows.tail] if rows is not None else []
    return list({id(table): table for table in tables if table is not None}.values())


def pages(arrays: list[Any]) -> Iterator[tuple[int, int]]:
    """The pages in which arrays lie, as address and size of each range without a gap."""
    spans = sorted((a.ctypes.data // PAGE * PAGE, -(-(a.ctypes.data + a.nbytes) // PAGE) * PAGE) for a in arrays)
    first, last = spans[0]
    for start, end in spans[1:]:
        if start > last:
            yield first, last - first
            first, last = start, end
        last = max(last, end)
    yield first, last - first


@pytest.mark.parametrize("name", ["spiral", "iris", "sine_forecast"])
def test_a_preset_comes_to_the_same_bits_on_aarch64(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is compiled runs as code for AArch64, with vectors of 128 bits: 200 steps give the committed digest."""
    made: dict[int, Emulated] = {}
    ran: list[str] = []

    def call(machine: CpuMachine, kernel: Kernel, program: Any, count: int) -> None:
        if id(machine) not in made:
            made[id(machine)] = Emulated(machine.addresses, Path(tempfile.mkdtemp(dir=tmp_path)))
        made[id(machine)].run(machine, kernel, program, count)
        ran.append(kernel.name)

    def evaluate(machine: CpuMachine, rows: Any) -> tuple[float, float]:
        machine.evaluated = [rows]  # type: ignore[attr-defined]
        return whole_evaluate(machine, rows)

    whole_evaluate = CpuMachine.evaluate
    monkeypatch.setattr(CpuMachine, "_call", call)
    monkeypatch.setattr(CpuMachine, "evaluate", evaluate)
    assert run_digest(load_preset(name)) == KNOWN[name]
    assert ran.count("nnplay.kernels.loop:advance") > 0
