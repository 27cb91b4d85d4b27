"""The maps of all channels of a layer side by side, with the example in front of them."""

from __future__ import annotations

from dataclasses import replace

from nnplay.explain.explanation import Subject
from nnplay.explain.layer_element import LayerElement
from nnplay.text import counted, figure
from nnplay.tui.draw.scale_legend import head_line
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.field import Element, Field
from nnplay.tui.outputs.gallery import Tile, draw_gallery, peak_of, place_tiles
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.feature_maps import FeatureMaps
from nnplay.views.view import Shown, path_in


def draw(view: FeatureMaps, width: int, height: int, look: Look) -> list[Row]:
    """One scale for all channels, so that one that answers little looks like that."""
    tiles = _tiles(view)
    rows, shown = draw_gallery(tiles, width, height - 1, look)
    count, shape = len(view.maps), f"{view.maps.shape[1]}×{view.maps.shape[2]}"
    text = f"{counted(count, 'channel')} of {shape}"
    if shown < len(tiles):
        text = f"{shown - _images(view)} of {text}, f: more"
    return [head_line(text, tiles[-1].peak, width, look), *rows]


def _images(view: FeatureMaps) -> int:
    """Tiles in front of the channels: the example, if it is an image."""
    return 1 if view.image.size else 0


def _tiles(view: FeatureMaps) -> list[Tile]:
    peak = peak_of(view.maps)
    image = [Tile("input", view.image)] if view.image.size else []
    return [*image, *(Tile(str(number), channel, peak) for number, channel in enumerate(view.maps))]


def place_numbers(view: FeatureMaps, width: int, height: int, look: Look) -> list[Field]:
    """An element is a channel, a row and a column."""
    placed = place_tiles(_tiles(view), width, height - 1, 1)
    first = _images(view)
    return [replace(field, prefix=(number,)) for number, field in enumerate(placed[first:])]


def tell_number(view: FeatureMaps, element: Element) -> str:
    """Channel and place, and the number there."""
    channel, y, x = element
    return f"channel {channel} at ({y}, {x}): {figure(float(view.maps[element]))}"


def explain_number(view: FeatureMaps, element: Element | None, shown: Shown) -> Subject | None:
    """The number under the cursor; of a volume, it is a number of the slice that is shown."""
    if element is None:
        return None
    channel, y, x = element
    path = path_in(shown)
    depth = () if view.depth is None else (view.depth,)
    return LayerElement(path, shown.item, (*depth, y, x, channel), f"layer {path} channel {channel}")


def open_channel(view: FeatureMaps, element: Element, shown: Shown) -> tuple[str, str, int] | None:
    """The channel at full size, if that view suits the run."""
    return ("channel", shown.places[shown.place], element[0]) if "channel" in shown.views else None


FEATURE_MAPS = Drawing(
    FeatureMaps, draw, subject=explain_number, fields=place_numbers, tell=tell_number, opens=open_channel
)
