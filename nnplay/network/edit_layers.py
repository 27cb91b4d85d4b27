"""Changing one layer in the text of a network, also one that stands within a block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nnplay.network.layer_text import name_of, rename_layer, split_layers
from nnplay.network.notation import parse_layer, parse_layers, show_layer
from nnplay.network.shared_weights import follow_rename
from nnplay.records.layer import Layer

#: Where a layer stands: its place in the network; within a block further pairs of branch and place.
Path = tuple[int, ...]
#: Takes the layers of a chain as texts and the place of one of them; gives the chain back as it shall be.
Change = Callable[[list[str], int], list[str]]


def changed(texts: Sequence[str], path: Path, change: Change) -> tuple[str, ...]:
    """The network with the chain changed that the layer at `path` belongs to.

    Raises:
        InputError: a text around or in the place that is no layer.
    """
    chain, at = list(texts), path[0]
    if len(path) == 1:
        return tuple(change(chain, at))
    chain[at] = show_layer(_inside(parse_layer(chain[at]), path[1:], change))
    return tuple(chain)


def _inside(block: Layer, path: Path, change: Change) -> Layer:
    branch, at, *rest = path
    inner = list(block.branches[branch])
    if rest:
        inner[at] = _inside(inner[at], tuple(rest), change)
    else:
        inner = list(parse_layers("\n".join(change([show_layer(layer) for layer in inner], at))))
    branches = (*block.branches[:branch], tuple(inner), *block.branches[branch + 1 :])
    return replace(block, branches=branches)


def put(text: str, *, new: bool = False) -> Change:
    """The layers of a text in place of the present one, or before it."""
    return lambda chain, at: [*chain[:at], *split_layers(text), *chain[at if new else at + 1 :]]


def without(chain: list[str], at: int) -> list[str]:
    """The chain without that layer."""
    return [*chain[:at], *chain[at + 1 :]]


def twice(chain: list[str], at: int) -> list[str]:
    """The chain with that layer once more below, without its name: no two layers may have the same."""
    again = rename_layer(chain[at], "") if name_of(chain[at]) else chain[at]
    return [*chain[: at + 1], again, *chain[at + 1 :]]


def renamed(name: str) -> Change:
    """The layer with another name, which those in the chain that use its weights follow."""

    def change(chain: list[str], at: int) -> list[str]:
        old = name_of(chain[at])
        chain[at] = rename_layer(chain[at], name)
        new = name_of(chain[at])
        if not (old and new):
            return chain
        return [show_layer(follow_rename(parse_layer(text), old, new)) if "share=" in text else text for text in chain]

    return change


def swapped(by: int) -> Change:
    """The layer and its neighbour in each other's place; at an end nothing changes."""

    def change(chain: list[str], at: int) -> list[str]:
        to = at + by
        if 0 <= to < len(chain):
            chain[at], chain[to] = chain[to], chain[at]
        return chain

    return change
