"""Where the heads of attention lie in its tensors.

In self-attention queries, keys and values stand side by side in `qkv` (N, T, E + 2K). Where two sequences meet, `q`
(N, T, E) is of one and `kv` (N, S, 2K) of the other. Each head has `depth` of the E features of the queries; a key and
value may serve several heads, and then K is smaller than E (grouped-query attention, Ainslie et al., 2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import Field, integer
from nnplay.records.worked import Named, Term, total
from nnplay.text import counted

Array = NDArray[Any]
#: Names of the integers that a row gets from `Heads`, in order.
INTEGERS: Final = ("heads", "kv_heads", "depth", "keys")
#: What `kv_heads` is where each head has keys and values of its own.
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Heads:
    """Sizes that all rows of one layer share.

    Attributes:
        heads, kv_heads: of the queries, and of the keys and values.
        depth: features of one head.
        keys: the feature at which the keys begin in the tensor that holds them; the values follow.
    """

    heads: int
    kv_heads: int
    depth: int
    keys: int

    @property
    def wide(self) -> int:
        """Features of the queries of all heads, E."""
        return self.heads * self.depth

    @property
    def narrow(self) -> int:
        """Features of the keys, and of the values, K."""
        return self.kv_heads * self.depth

    @property
    def integers(self) -> dict[str, int]:
        """The integers of a row."""
        return asdict(self)


def heads_field() -> Field:
    """How many heads there are."""
    return integer("heads", 1, "number of heads, which divide the features between them", high=1024)


def kv_heads_field() -> Field:
    """How many heads keys and values have."""
    what = "heads of the keys and values, each shared by as many heads of the queries; all: one for each of those"
    return integer("kv_heads", ALL, what, high=1024, choices=(ALL,))


def share_heads(values: Mapping[str, Any], features: int, *, apart: bool) -> Heads:
    """The heads of a layer with that many features.

    Args:
        apart: keys and values have a tensor of their own.

    Raises:
        InputError: the heads cannot share the features evenly, or the keys.
    """
    heads = values["heads"]
    if features % heads:
        raise InputError(
            f"{counted(heads, 'head')} cannot share {counted(features, 'feature')} evenly",
            hint=f"use {_divisors(features)}",
        )
    kv_heads = heads if values["kv_heads"] == ALL else values["kv_heads"]
    if heads % kv_heads:
        what = f"{counted(heads, 'head')} cannot share the keys of {kv_heads} evenly"
        raise InputError(what, hint=f"set kv_heads to {_divisors(heads)}")
    return Heads(heads, kv_heads, features // heads, 0 if apart else features)


def _divisors(whole: int) -> str:
    return ", ".join(str(count) for count in range(1, whole + 1) if whole % count == 0)


def by_head(array: Array, heads: int) -> Array:
    """(N, T, E) → (N, heads, T, E / heads)."""
    return array.reshape(*array.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def joined(array: Array) -> Array:
    """(N, heads, T, depth) → (N, T, heads · depth)."""
    return array.transpose(0, 2, 1, 3).reshape(array.shape[0], array.shape[2], -1)


def queries(array: Array, heads: int, depth: int) -> Array:
    """Of `qkv` or `q`: (N, heads, T, depth)."""
    return by_head(array[..., : heads * depth], heads)


def keys_of(array: Array, heads: int, kv_heads: int, depth: int, keys: int) -> Array:
    """Of `qkv` or `kv`, once for each head of the queries: (N, heads, S, depth)."""
    return np.repeat(by_head(array[..., keys : keys + kv_heads * depth], kv_heads), heads // kv_heads, axis=1)


def values_of(array: Array, heads: int, kv_heads: int, depth: int, keys: int) -> Array:
    """As `keys_of`, of the values, which stand behind the keys."""
    return keys_of(array, heads, kv_heads, depth, keys + kv_heads * depth)


def collected(array: Array, kv_heads: int) -> Array:
    """(N, heads, S, depth) → (N, S, K): heads that share a key or value add up."""
    N, heads, S, depth = array.shape
    return joined(array.reshape(N, kv_heads, heads // kv_heads, S, depth).sum(axis=2))


def dot(left: Named, right: Named, places: Sequence[int], first: tuple[int, int], depth: int) -> Term:
    """Σ over one head's features of left[n,i,…]·right[n,j,…], which begin at `first`, for places (n, i, j)."""
    n, i, j = places
    return total(left[n, i, first[0] + c] * right[n, j, first[1] + c] for c in range(depth))
