"""The card that is not there: what its threads compute, and what it finds wrong with a kernel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from nnplay.kernels.cuda import driver
from nnplay.kernels.cuda.driver import CardError, Module, buffer_of
from tests.virtual_card.driver import VirtualCard, can_compile
from tests.virtual_card.translation import UnknownError, translate

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not can_compile(), reason="needs gcc")]

#: A kernel of a pointer to 64-bit numbers, %rd1, and a number, %rd3; %rd2 is the thread's, and %rd5 its place.
_KERNEL = """
.version 9.0
.target sm_80
.address_size 64
.extern .shared .align 16 .b8 nnplay_shared[];
.visible .entry kernel(
\t.param .u64 kernel_param_0,
\t.param .u64 kernel_param_1
)
{
\t.reg .pred \t%p<4>;
\t.reg .f32 \t%f<20>;
\t.reg .b32 \t%r<30>;
\t.reg .b64 \t%rd<20>;
\tld.param.u64 \t%rd1, [kernel_param_0];
\tld.param.u64 \t%rd3, [kernel_param_1];
\tmov.u32 \t%r1, %tid.x;
\tmov.u32 \t%r2, %ctaid.x;
\tmov.u32 \t%r3, %ntid.x;
\tmad.lo.s32 \t%r4, %r2, %r3, %r1;
\tcvt.u64.u32 \t%rd2, %r4;
\tshl.b64 \t%rd4, %rd2, 3;
\tadd.s64 \t%rd5, %rd1, %rd4;
BODY
\tret;
}
"""

Launch = Callable[..., list[int]]


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualCard]:
    """The card that all kernels here are launched on."""
    made = VirtualCard(tmp_path, seed=5, timed=True)
    monkeypatch.setattr(driver, "_library", lambda: made)
    monkeypatch.setattr(driver, "_contexts", [])
    driver.card.cache_clear()
    yield made
    driver.card.cache_clear()


@pytest.fixture
def launch(card: VirtualCard) -> Launch:
    """Runs a kernel's body on as many numbers as there are threads, and gives what became of them."""

    def run(body: str, numbers: list[int], *, blocks: int = 1, number: int = 0) -> list[int]:
        memory = np.array(numbers, np.int64)
        there = buffer_of(memory)
        function = Module(_KERNEL.replace("BODY", body).encode()).function("kernel")
        function.launch(blocks, 32, 512, there.address, number, together=True)
        there.read(memory)
        return memory.tolist()

    return run


_TAKE_NEIGHBOURS = """
\tmov.u64 \t%rd6, nnplay_shared;
\tadd.s64 \t%rd7, %rd6, %rd4;
\tld.global.u64 \t%rd8, [%rd5];
\tst.shared.u64 \t[%rd7], %rd8;
MEET
\txor.b64 \t%rd9, %rd4, 8;
\tadd.s64 \t%rd10, %rd6, %rd9;
\tld.shared.u64 \t%rd11, [%rd10];
\tst.global.u64 \t[%rd5], %rd11;
"""


def test_threads_that_meet_see_what_others_wrote(launch: Launch) -> None:
    numbers = [k * k for k in range(32)]
    wanted = [numbers[k ^ 1] for k in range(32)]
    assert launch(_TAKE_NEIGHBOURS.replace("MEET", "\tbar.sync \t0;"), numbers) == wanted


def test_threads_that_do_not_meet_are_found(launch: Launch) -> None:
    with pytest.raises(CardError, match=r"while another thread (reads|writes): .* of block 0, and thread \d+"):
        launch(_TAKE_NEIGHBOURS.replace("MEET", ""), [0] * 32)


def test_what_lies_outside_of_memory_is_found(launch: Launch) -> None:
    with pytest.raises(CardError, match=r"written outside of memory: .* thread 31 of block 0"):
        launch("\tst.global.u64 \t[%rd5+8], %rd2;", [0] * 32)


def test_a_number_that_two_threads_write_is_found(launch: Launch) -> None:
    with pytest.raises(CardError, match="written by two threads"):
        launch("\tst.global.u64 \t[%rd1], %rd3;", [0] * 32)


def test_a_barrier_that_some_threads_pass_by_is_found(launch: Launch) -> None:
    body = "\tsetp.lt.u64 \t%p1, %rd2, 16;\n\t@%p1 bra \t$L__BB0_2;\n\tbar.sync \t0;\n$L__BB0_2:\n\tbar.sync \t0;"
    with pytest.raises(CardError, match=r"threads wait in lines \d+ and \d+"):
        launch(body, [0] * 32)


_MEET_GRID = """
\tsetp.ne.s64 \t%p1, %rd2, 0;
\tst.global.u64 \t[%rd5], %rd2;
\tbar.sync \t0;
\tadd.s64 \t%rd12, %rd1, 512;
\tmov.u64 \t%rd13, 1;
\tsetp.ne.s32 \t%p2, %r1, 0;
\t@%p2 bra \t$L__BB0_3;
ARRIVE
$L__BB0_2:
\tld.acquire.gpu.u64 %rd15, [%rd12];
\tsetp.lt.s64 \t%p3, %rd15, %rd3;
\t@%p3 bra \t$L__BB0_2;
$L__BB0_3:
\tbar.sync \t0;
\txor.b64 \t%rd9, %rd4, 256;
\tadd.s64 \t%rd10, %rd1, %rd9;
\tld.global.u64 \t%rd11, [%rd10];
\tadd.s64 \t%rd16, %rd12, 8;
\tadd.s64 \t%rd17, %rd16, %rd4;
\tst.global.u64 \t[%rd17], %rd11;
"""


def test_blocks_meet_by_a_counter(launch: Launch) -> None:
    """Each thread of two blocks reads what one of the other block wrote."""
    body = _MEET_GRID.replace("ARRIVE", "\tatom.add.acq_rel.gpu.u64 %rd14, [%rd12], %rd13;")
    found = launch(body, [0] * 129, blocks=2, number=2)
    assert found[65:] == [k ^ 32 for k in range(64)]


@pytest.mark.parametrize(
    ("arrive", "number"), [(False, 0), (True, 1)], ids=["do not wait", "wait for themselves alone"]
)
def test_blocks_that_do_not_meet_are_found(arrive: bool, number: int, launch: Launch) -> None:
    body = _MEET_GRID.replace("ARRIVE", "\tatom.add.acq_rel.gpu.u64 %rd14, [%rd12], %rd13;" if arrive else "")
    with pytest.raises(CardError, match="while another thread"):
        launch(body, [0] * 129, blocks=2, number=number)


_READ_BY_ALL = """
\tld.global.u64 \t%rd8, [%rd1];
\tbar.sync \t0;
\tsetp.ne.s64 \t%p1, %rd2, 0;
\t@%p1 bra \t$L__BB0_2;
\tst.global.u64 \t[%rd1], %rd3;
$L__BB0_2:
"""


def test_a_reader_in_another_block_is_remembered(launch: Launch) -> None:
    """Its own block has met before the write, and the other one has not."""
    assert launch(_READ_BY_ALL, [1] * 32, number=7)[0] == 7
    with pytest.raises(CardError, match="while another thread"):
        launch(_READ_BY_ALL, [1] * 64, blocks=2, number=7)


def test_four_numbers_at_once_begin_at_a_multiple_of_four(launch: Launch) -> None:
    read = "\tld.global.v4.f32 \t{%f1,%f2,%f3,%f4}, [%rd1+AT];"
    first = launch(read.replace("AT", "0"), [0] * 32)
    assert first == [0] * 32
    with pytest.raises(CardError, match="not aligned"):
        launch(read.replace("AT", "8"), [0] * 32)


def test_a_product_of_tensor_cores_is_that_of_matrices(launch: Launch) -> None:
    """D = A·B + C for A (16, 8), B (8, 8), laid out over the threads as NVIDIA's manual of PTX says."""
    generator = np.random.default_rng(3)
    a, b, c = (generator.integers(-8, 9, shape).astype(np.float32) for shape in ((16, 8), (8, 8), (16, 8)))
    shares = np.zeros((32, 14), np.float32)
    for lane in range(32):
        g, t = lane // 4, lane % 4
        shares[lane, :4] = a[g, t], a[g + 8, t], a[g, t + 4], a[g + 8, t + 4]
        shares[lane, 4:6] = b[t, g], b[t + 4, g]
        shares[lane, 6:10] = c[g, 2 * t], c[g, 2 * t + 1], c[g + 8, 2 * t], c[g + 8, 2 * t + 1]
    read = "".join(f"\tld.global.f32 \t%f{k}, [%rd7+{4 * k}];\n" for k in range(10))
    rounded = "".join(f"\tcvt.rna.tf32.f32 %r{10 + k}, %f{k};\n" for k in range(6))
    write = "".join(f"\tst.global.f32 \t[%rd7+{40 + 4 * k}], %f{10 + k};\n" for k in range(4))
    product = (
        "\tmma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f10,%f11,%f12,%f13}, {%r10,%r11,%r12,%r13}, "
        "{%r14,%r15}, {%f6,%f7,%f8,%f9};\n"
    )
    body = f"\tmul.lo.s64 \t%rd6, %rd2, 56;\n\tadd.s64 \t%rd7, %rd1, %rd6;\n{read}{rounded}{product}{write}"
    found = np.array(launch(body, shares.reshape(-1).view(np.int64).tolist()), np.int64).view(np.float32)
    d = np.zeros((16, 8), np.float32)
    for lane, line in enumerate(found.reshape(32, 14)):
        g, t = lane // 4, lane % 4
        d[g, 2 * t], d[g, 2 * t + 1], d[g + 8, 2 * t], d[g + 8, 2 * t + 1] = line[10:]
    np.testing.assert_array_equal(d, a @ b + c)


@pytest.mark.parametrize(
    "line",
    [
        "ex2.approx.f32 \t%f1, %f2;",
        "add.rz.f32 \t%f1, %f2, %f3;",
        "div.full.f32 \t%f1, %f2, %f3;",
        "fma.rn.ftz.f32 \t%f1, %f2, %f3, %f4;",
        "min.NaN.f32 \t%f1, %f2, %f3;",
        "mov.b64 \t{%r1, %r2}, %f1;",
        "mov.f32 \t%f1, %r1;",
        "st.global.b32 \t[%rd1], %f1;",
        "add.s32 \t%rd1, %rd2, %rd3;",
        "ld.param.u64 \t%rd1, [kernel_param_0+8];",
    ],
)
def test_an_instruction_that_is_not_known_is_refused(line: str) -> None:
    with pytest.raises(UnknownError, match=re.escape(line.split()[0])):
        translate(_KERNEL.replace("BODY", f"\t{line}"))


def test_what_was_read_before_is_read_sooner(launch: Launch, card: VirtualCard) -> None:
    """A number whose place the one before it names: from where that one was, and from far away."""
    cycles = []
    for place in (0, 256):
        launch(
            f"\tld.global.u64 \t%rd6, [%rd5];\n\tadd.s64 \t%rd7, %rd5, %rd6;\n"
            f"\tld.global.u64 \t%rd8, [%rd7+{place}];\n\tst.global.u64 \t[%rd5], %rd8;",
            [0] * 64,
        )
        cycles.append(card.cycles)
    assert cycles[1] - cycles[0] == 262 - 41
