"""Networks out of saved sessions: their layers as a text, and what their weights had become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nnplay import session
from nnplay.errors import InputError, unknown
from nnplay.system.paths import user_path
from nnplay.text import clean


@dataclass(frozen=True, slots=True)
class SavedNetwork:
    """A network as a session was saved with it.

    Attributes:
        layers: its texts, as in a run's file.
        tensors: parameters and running statistics by the network's own names ("0.weight").
    """

    layers: tuple[str, ...]
    tensors: Mapping[str, NDArray[Any]]


def read_saved(path: str, network: str = "") -> SavedNetwork:
    """The network of a saved session.

    Args:
        network: one that it has beside its own; empty for its own.

    Raises:
        InputError: no session, one that was written by hand and never trained, or no such network.
    """
    where, folder = clean(Path(path).name), user_path(path)
    if not folder.exists():
        hint = "put the session back where it was, or name another one"
        raise InputError("no such file or directory", where=clean(path, 300), hint=hint)
    loaded = session.load(folder)
    run = loaded.record.get("run", loaded.record)
    table = run if isinstance(run, Mapping) else {}
    networks = table.get("networks", {})
    others = networks if isinstance(networks, Mapping) else {}
    if network:
        if network not in others:
            raise unknown("network", network, others, where=where)
        table = others[network]
    lines = table.get("layers", [])
    texts = (lines,) if isinstance(lines, str) else tuple(lines)
    owners = {name: first if (first := name.partition(".")[0]) in others else "" for name in loaded.tensors}
    own = (name for name, owner in owners.items() if owner == network)
    tensors = {name.removeprefix(f"{network}."): loaded.tensors[name] for name in own}
    if not texts or not tensors:
        raise InputError("holds no trained network", where=where, hint="save a session after some steps")
    return SavedNetwork(texts, tensors)
