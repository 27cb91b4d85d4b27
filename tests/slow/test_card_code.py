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
#: Rows of sums of products, whose loops must stay in registers.
TILES = (
    "nnplay.kernels.cuda.linear:forward",
    "nnplay.kernels.cuda.linear:backward_weight",
    "nnplay.kernels.cuda.linear:backward_input",
    "nnplay.kernels.cuda.convolution:forward",
    "nnplay.kernels.cuda.convolution:weight_partial",
    "nnplay.kernels.cuda.convolution:input_gradient",
    "nnplay.kernels.cuda.volumes:forward",
)
#: Rows whose products tensor cores work out: each has two instructions for four blocks of columns.
TENSOR = "nnplay.kernels.cuda.tensor_"
PRODUCTS = 8


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
    assert set(TILES) <= set(names)
    found = {name: code for name, _, code in reader().codes_alone(names, ("sm_90",))}
    assert set(found) == set(names)
    assert {name: code for name, code in found.items() if code.registers > MOST or code.spilled} == {}
    local = {name for name, code in found.items() if code.stack or code.ldl or code.stl}
    assert {name for name in local if not name.startswith(ARRAYS)} == set()
    assert all(found[name].ffma for name in TILES)
    assert all(code.hmma == 0 for name, code in found.items() if not name.startswith(TENSOR))


def test_tensor_cores_multiply_and_their_tiles_stay_in_registers() -> None:
    names = [kernel.name for kernel in every_card_kernel() if kernel.name.startswith(TENSOR)]
    names.remove(f"{TENSOR}linear:add_shares")  # sums alone
    found = {(name, kind): code for name, kind, code in reader().codes_alone(names)}
    assert {name for name, _ in found} == set(names)
    assert {code.hmma for code in found.values()} == {PRODUCTS}
    wrong = {
        key: code for key, code in found.items() if code.registers > MOST or code.spilled or code.stack or code.bar
    }
    assert wrong == {}
