"""The row that keeps keys and values of a step, so that later steps can look at them without working them out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.kernels.abi import CLOCK_STEP
from nnplay.kernels.compile.jit import kernel
from nnplay.kernels.operands import dimension, integer, pointer, shifted
from nnplay.kernels.recurrent_batches import copy
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term

Array = NDArray[Any]


def _reference(qkv: Array, cache: Array, keys: int, clock: Mapping[str, int]) -> Array:
    kept = cache.copy()
    kept[0, clock["step"]] = qkv[0, 0, keys:]
    return kept


def _element(at: tuple[int, ...], qkv: Named, cache: Named, keys: int, clock: Mapping[str, int]) -> Term:
    return qkv[0, 0, keys + at[2]] * 1.0 if at[1] == clock["step"] else cache[at] * 1.0


@kernel
def keep(row: Any, clock: Any, memory: Any, part: int) -> None:
    """cache[0,step] = qkv[0,0,keys:], for cache (1, S, 2K) and the one step of qkv (1, 1, E + 2K)."""
    width = dimension(row, 1, 2)
    cache = shifted(pointer(row, memory, 2), clock[CLOCK_STEP] * width)
    copy(cache, shifted(pointer(row, memory, 0), integer(row, 0)), width)


KEEP: Final = Operation(
    name="keep keys and values",
    kernel=keep,
    reads=("qkv", "cache"),
    writes=("cache",),
    reference=_reference,
    formula="cache[0,t] = [k | v], for the step t that is read",
    words="Keys and values of earlier steps never change, so they are kept, and a new step costs no more than itself.",
    element=_element,
    integers=("keys",),
    uses_clock=True,
    torch="past_key_values in Hugging Face's transformers",
)
