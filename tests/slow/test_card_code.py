"""The machine code of rows on graphics cards, by NVIDIA's compiler and without a card: registers and local memory."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nnplay.tape.every_kernel import every_card_kernel

pytestmark = pytest.mark.slow
#: Registers of a thread where a block has 512.
MOST = 128
#: Kernels with arrays of their own, which lie in local memory: a formula's stack.
ARRAYS = ("nnplay.kernels.formula:",)
#: Rows of sums of products, whose loops must stay in registers: some of a thread for each number, and all in tiles.
TILED = ("nnplay.kernels.cuda.tiled_linear:", "nnplay.kernels.cuda.tiled_convolution:")
REGISTER, TENSOR = ":register_", ":tensor_"
SINGLE = (
    "nnplay.kernels.cuda.linear:forward",
    "nnplay.kernels.cuda.linear:backward_weight",
    "nnplay.kernels.cuda.linear:backward_input",
    "nnplay.kernels.cuda.convolution:forward",
    "nnplay.kernels.cuda.convolution:weight_partial",
    "nnplay.kernels.cuda.convolution:input_gradient",
    "nnplay.kernels.cuda.volumes:forward",
)
#: Instructions of the tensor cores in a row: two for each of four blocks of columns; and multiply-adds of a tile of
#: registers for four k, which have to stand one after the other.
PRODUCTS = 8
FOUR_K = 64


def reader() -> ModuleType:
    """The script that reads machine code."""
    script = Path(__file__).parents[2] / "benchmarks" / "cuda_code.py"
    spec = importlib.util.spec_from_file_location("cuda_code", script)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # its dataclasses look for it there
    spec.loader.exec_module(module)
    if (
        importlib.util.find_spec("numba_cuda") is None
        or module.tool("ptxas") is None
        or module.tool("nvdisasm") is None
    ):
        pytest.skip("needs nnplay[gpu], nvidia-cuda-nvcc and nvidia-cuda-nvdisasm")
    return module


def test_rows_of_a_card_keep_their_numbers_in_registers() -> None:
    names = [kernel.name for kernel in every_card_kernel()]
    assert set(SINGLE) <= set(names)
    found = {name: code for name, _, code in reader().codes_alone(names, ("sm_90",))}
    assert set(found) == set(names)
    assert {name: code for name, code in found.items() if code.registers > MOST or code.spilled} == {}
    local = {name for name, code in found.items() if code.stack or code.ldl or code.stl}
    assert {name for name in local if not name.startswith(ARRAYS)} == set()
    assert all(found[name].ffma for name in SINGLE)
    assert all(code.hmma == 0 for name, code in found.items() if TENSOR not in name)


def test_tiles_stay_in_registers() -> None:
    """On both generations, of tensor cores and of single threads."""
    names = [kernel.name for kernel in every_card_kernel() if kernel.name.startswith(TILED)]
    names = [name for name in names if REGISTER in name or TENSOR in name]
    found = {(name, kind): code for name, kind, code in reader().codes_alone(names)}
    assert {name for name, _ in found} == set(names)
    assert {code.hmma for (name, _), code in found.items() if TENSOR in name} == {PRODUCTS}
    assert all(code.ffma >= 2 * FOUR_K and not code.hmma for (name, _), code in found.items() if REGISTER in name)
    wrong = {
        key: code for key, code in found.items() if code.registers > MOST or code.spilled or code.stack or code.bar
    }
    assert wrong == {}
