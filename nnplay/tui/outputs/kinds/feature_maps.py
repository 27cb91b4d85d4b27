"""The maps of all channels of a layer side by side, with the example in front of them."""

from __future__ import annotations

from nnplay.text import counted
from nnplay.tui.draw.scale_legend import head_line
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.gallery import Tile, draw_gallery, peak_of
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.kinds.feature_maps import FeatureMaps


def draw(view: FeatureMaps, width: int, height: int, look: Look) -> list[Row]:
    """One scale for all channels, so that one that answers little looks like that."""
    peak = peak_of(view.maps)
    image = [Tile("input", view.image)] if view.image.size else []
    tiles = [*image, *(Tile(str(number), channel, peak) for number, channel in enumerate(view.maps))]
    rows, shown = draw_gallery(tiles, width, height - 1, look)
    count, shape = len(view.maps), f"{view.maps.shape[1]}×{view.maps.shape[2]}"
    text = f"{counted(count, 'channel')} of {shape}"
    if shown < len(tiles):
        text = f"{shown - len(image)} of {text}, f: more"
    return [head_line(text, peak, width, look), *rows]


FEATURE_MAPS = Drawing(FeatureMaps, draw)
