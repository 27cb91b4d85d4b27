"""What a kernel may not contain, so that it gives the same bits on every processor, is found in LLVM's text."""

from __future__ import annotations

import pytest

from nnplay.errors import InputError, NnplayError
from nnplay.kernels.compile import library, processor
from nnplay.kernels.compile.strict import inexact
from nnplay.tape.every_kernel import every_kernel
from tests.inexact_kernel import apply_sine

GOOD = """
define void @kernel(float %x, <16 x float> %v) {
  %1 = fadd float %x, 1.000000e+00
  %2 = call float @llvm.fma.f32(float %x, float %1, float %x)
  %3 = call <16 x float> @llvm.masked.load.v16f32.p0(ptr null, i32 4, <16 x i1> zeroinitializer, <16 x float> %v)
  %4 = call float @own(float %x), !fast !0
  %5 = call i64 @llvm.vector.reduce.add.v8i64(<8 x i64> zeroinitializer)
  %6 = call float @llvm.vector.reduce.fadd.v16f32(float 0.0, <16 x float> %v)
  %fast = fmul float %1, %2
}

define internal float @own(float %nnan) {
}
"""
WRONG = (
    ("%1 = fadd reassoc float %x, %y", "reassoc"),
    ("%1 = fmul contract <8 x float> %x, %y", "contract"),
    ("%1 = fdiv fast double %x, %y", "fast"),
    ("%1 = select nsz i1 %c, float %x, float %y", "nsz"),
    ("%1 = tail call float @expf(float %x)", "expf"),
    ("%1 = call double @pow(double %x, double %y)", "pow"),
    ("%1 = call float @llvm.exp.f32(float %x)", "llvm.exp"),
    ("%1 = call float @llvm.fmuladd.f32(float %x, float %y, float %z)", "fmuladd"),
    ("%1 = call reassoc float @llvm.vector.reduce.fadd.v16f32(float 0.0, <16 x float> %x)", "reassoc"),
    ("%1 = call float @llvm.vector.reduce.fmax.v16f32(<16 x float> %x)", "reduce.fmax"),
    ("%1 = call float @llvm.maxnum.f32(float %x, float %y)", "maxnum"),
    ("%1 = frem double %x, %y", "frem"),
)


def test_exact_arithmetic_passes() -> None:
    """Plain operators, fused products, loads, sums in order, own functions, integers pass, whatever names contain."""
    assert inexact(GOOD) == []


@pytest.mark.parametrize(("line", "word"), WRONG)
def test_what_may_differ_is_found(line: str, word: str) -> None:
    """A flag that lets sums be rearranged, or a function that is not defined to the last bit, is named."""
    (found,) = inexact(f"define void @kernel() {{\n  {line}\n}}\n")
    assert word in found


def test_a_kernel_of_the_c_library_is_not_made() -> None:
    """A kernel that calls the C library's sine, whose last bits are its own, is refused when it is compiled."""
    with pytest.raises(NnplayError, match=r"inexact_kernel:apply_sine: other processors .* a call of \S*sin"):
        library.compile_missing([apply_sine], "float32")


def test_every_kernel_is_strict(kernels: None) -> None:
    """All kernels there are, for both types of numbers, have passed: nothing else writes object code."""
    del kernels
    for dtype in ("float32", "float64"):
        assert library.missing(every_kernel(), dtype) == []


def test_a_level_out_of_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A level that is none, or that this processor has not reached, is refused with those that can be had."""
    monkeypatch.setenv("NNPLAY_PROCESSOR", "x86-64-v9")
    with pytest.raises(InputError, match=r"cannot run kernels for 'x86-64-v9'.* host"):
        processor.level.__wrapped__()


def test_nothing_may_be_rewritten() -> None:
    """The compiler's flags, which one place declares, allow no rewriting."""
    assert frozenset() == processor.FAST_MATH
