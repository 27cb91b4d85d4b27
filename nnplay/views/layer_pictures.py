"""A small picture of what each layer gives for one example, for the chain of layers in the network pane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.network.edit_layers import Path
from nnplay.network.network import PlannedLayer
from nnplay.records.layer import Layer
from nnplay.training.trainer import Trainer
from nnplay.views.choosing import views_of
from nnplay.views.fed_network import FedNetwork, fed_network
from nnplay.views.layer_places import as_maps, attending_layers, kept_over_time
from nnplay.views.rows import shown_part
from nnplay.views.shrinking import shrink

Kind = Literal["maps", "steps", "looks", "units"]
MOST_LAYERS: Final = 96
#: Maps of one picture; more find no room beside a line.
_MOST_MAPS: Final = 12
_MOST_UNITS: Final = 4_096


@dataclass(frozen=True, slots=True)
class LayerPicture:
    """What a layer gives for one example.

    Attributes:
        kind: "maps": the first channels, (k, h, w); "steps": numbers over time, (units, steps); "looks": the heads of
            attention, (k, steps, seen); "units": numbers, (n,).
        values: made smaller where there are more than a small picture shows.
        means: of all channels of maps, (channels,); of the others nothing.
        view, place: what shows the layer at full size; empty where nothing does.
    """

    kind: Kind
    values: NDArray[np.float32]
    means: NDArray[np.float32]
    view: str = ""
    place: str = ""


def make_layer_pictures(trainer: Trainer, item: int, side: int, network: str = "") -> dict[Path, LayerPicture]:
    """Pictures by where a layer stands in the network, as in the list of layers; those of blocks are of their output.

    Args:
        item: number of the example, counted round; of a network that is fed noise, always the same noise.
        side: pixels that a map is high and wide at the most.
        network: the one beside the run's own whose layers they are. What shows layers at full size shows the run's own.
    """
    fed = fed_network(trainer, network)
    if fed is None:
        return {}
    part = shown_part(trainer)
    row = item % len(part)
    rows = fed.example(trainer, 0) if fed.noise else part.x[row : row + 1]
    layers, views = _chosen(fed), {} if network else _views_by_path(trainer)
    attending = attending_layers(fed.plan)
    slots = {path: _slot(planned, planned in attending) for path, planned in layers.items()}
    found = fed.forward(trainer, rows, list(dict.fromkeys(slots.values()))) if slots else {}
    return {
        path: _picture(planned, planned in attending, found[slots[path]][0], side, views.get(planned.path, ("", "")))
        for path, planned in layers.items()
    }


def _chosen(fed: FedNetwork) -> dict[Path, PlannedLayer]:
    """The layers that are pictured: all, or those outside of blocks, or the first and last of these."""
    by_path = {planned.path: planned for planned in fed.plan.layers}
    places = dict(_places(fed.layers, "", ()))
    kept = [path for path in places if places[path] in by_path]
    if len(kept) > MOST_LAYERS:
        kept = [path for path in kept if len(path) == 1]
    if len(kept) > MOST_LAYERS:
        kept = [*kept[: MOST_LAYERS // 2], *kept[-MOST_LAYERS // 2 :]]
    return {path: by_path[places[path]] for path in kept}


def _places(layers: Sequence[Layer], prefix: str, above: Path) -> Iterator[tuple[Path, str]]:
    """Where each layer stands, and its path in the plan: a chain that was put into one layer has that of its last."""
    for position, layer in enumerate(layers):
        path, place = f"{prefix}{layer.name or position}", (*above, position)
        for number, branch in enumerate(layer.branches):
            inner = f"{path}." if layer.record.contains else f"{path}.{number}."
            yield from _places(branch, inner, (*place, number))
        yield place, _last(layer, path)


def _last(layer: Layer, path: str) -> str:
    if not layer.record.contains or not layer.branches or not layer.branches[0]:
        return path
    position, last = len(layer.branches[0]) - 1, layer.branches[0][-1]
    return _last(last, f"{path}.{last.name or position}")


def _views_by_path(trainer: Trainer) -> Mapping[str, tuple[str, str]]:
    """The view and the place that show a layer at full size: of several views the first."""
    found: dict[str, tuple[str, str]] = {}
    for view in views_of(trainer):
        for place in view.places(trainer) if view.opens_layers and view.places is not None else ():
            found.setdefault(place.partition(" ")[0], (view.name, place))
    return found


def _slot(planned: PlannedLayer, attends: bool) -> str:
    """What of a layer is drawn: who looks at whom, the state at each step, or the output."""
    kept = kept_over_time(planned)
    return f"{planned.path}.{'weights' if attends else kept[-1][1] if kept else 'output'}"


def _picture(
    planned: PlannedLayer, attends: bool, values: NDArray[Any], side: int, view: tuple[str, str]
) -> LayerPicture:
    nothing = np.empty(0, np.float32)
    if attends:
        heads = values.reshape(-1, *values.shape[-2:])[:_MOST_MAPS]
        return LayerPicture("looks", _small(heads, side, side), nothing, *view)
    if values.ndim == 2:
        return LayerPicture("steps", _small(values.T, side, 4 * side), nothing, *view)
    if values.ndim in (3, 4):
        maps = as_maps(values)
        means = maps.mean(axis=(1, 2)) if maps.size else nothing
        return LayerPicture("maps", _small(maps[:_MOST_MAPS], side, side), means[:_MOST_UNITS], *view)
    return LayerPicture("units", np.array(values, np.float32).ravel()[:_MOST_UNITS], nothing, *view)


def _small(values: NDArray[Any], rows: int, columns: int) -> NDArray[np.float32]:
    tall, broad = values.shape[-2:]
    return np.array(shrink(values, min(rows, tall), min(columns, broad)), np.float32)
