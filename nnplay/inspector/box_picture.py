"""What a row of a detector does with boxes, over the picture of the batch that it does it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnplay.detection.boxes import clip, decode, iou
from nnplay.detection.objects import paste_masks, split_target
from nnplay.detection.single_shot import place_boxes
from nnplay.detection.two_stages import split_outputs
from nnplay.losses.two_stage import TERMS
from nnplay.operations.roi_align import pick_levels, sample_points
from nnplay.records.operation import Operation
from nnplay.text import counted
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape
from nnplay.views.found_objects import Boxes
from nnplay.views.images import as_image

Array = NDArray[Any]
Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BoxPicture:
    """Boxes over one picture of the batch.

    Attributes:
        image: (h, w) or (h, w, 3).
        boxes: those that the chosen one is seen against.
        strong: the chosen one, or what becomes of it; with the mask that it is to have.
        words: what is to be seen, line by line.
        brief: the same in fewer words, for where there is no room; they work the chosen element out.
    """

    image: NDArray[np.float32]
    boxes: Boxes
    strong: Boxes
    words: tuple[str, ...]
    brief: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """A row's operands after it has run, its integers, the chosen element of its first result, names of the classes."""

    values: Mapping[str, Array]
    integers: Mapping[str, int]
    index: Index
    labels: tuple[str, ...]

    def own(self, name: str) -> Array:
        """What an operand holds for the chosen picture."""
        return np.asarray(self.values[name][self.index[0]], np.float64)


class _Drawn(NamedTuple):
    """What is drawn: boxes beside the chosen one, the chosen one, and lines of words."""

    beside: Array
    chosen: Array
    words: list[str]
    brief: Sequence[str] = ()


def has_picture(operation: Operation) -> bool:
    """Whether there is a picture of what such a row does."""
    return operation.name in _PICTURES


def picture_boxes(
    trainer: Trainer,
    operation: Operation,
    integers: Mapping[str, int],
    values: Mapping[str, Array],
    index: Index,
    seen: Array | None,
) -> BoxPicture | None:
    """What the row does for the chosen element; None for other rows, and where the inputs are no pictures.

    Args:
        values: its operands by name, after it has run.
        index: of the chosen element of its first result; the first axis is the picture of the batch.
        seen: the inputs of the batch.
    """
    make = _PICTURES.get(operation.name)
    if make is None or seen is None or not image_shape(trainer)[0]:
        return None
    drawn = make(_Row(values, integers, index, trainer.split.class_names))
    image = as_image(trainer.split.scaler.inverse(seen[index[0] : index[0] + 1])[0], image_shape(trainer))
    strong = _boxes(drawn.chosen)
    if "mask_target" in values and integers["mask"] and len(strong.places):
        wanted = values["mask_target"][index[:2]].reshape(1, integers["mask"], integers["mask"])
        strong = replace(strong, masks=paste_masks(wanted.astype(np.float64), strong.places, image.shape[:2]))
    return BoxPicture(image, _boxes(drawn.beside), strong, tuple(drawn.words), tuple(drawn.brief))


def _boxes(places: Array) -> Boxes:
    places = np.asarray(places, np.float64).reshape(-1, 4)
    there = places[np.isfinite(places).all(axis=1)]
    return Boxes(there, np.full(len(there), -1, np.int64), ("",) * len(there))


def _box(place: Array) -> str:
    left, top, right, bottom = place
    return f"left {left:.3f}, top {top:.3f}, right {right:.3f}, bottom {bottom:.3f}"


def _true(row: _Row) -> Array:
    """The true boxes (k, 5) of the picture."""
    boxes, _ = split_target(row.own("target"))
    return boxes[boxes[:, 0] > 0]


def _nearest(shared: float, count: int) -> str:
    """How much a box overlaps the nearest of so many true boxes."""
    if count == 0:
        return "the picture has no true box"
    return f"IoU {shared:.3f} with the {f'nearest of {count} true boxes' if count > 1 else 'true box'}"


def _matched(row: _Row, number: int) -> tuple[Array, str]:
    """The box of that object, from 1, and words for it; for 0 background, for −1 nothing."""
    if number <= 0:
        return np.zeros((0, 4)), "background" if number == 0 else "not learned from"
    place = split_target(row.own("target"))[0][number - 1]
    return place[None, 1:], f"object {number}, {row.labels[int(place[0]) - 1]}"


# -- anchors and proposals -------------------------------------------------------------------------------------------


def _lay(row: _Row) -> _Drawn:
    """An anchor among those of its place."""
    said, number = row.own("y"), row.index[1]
    each = row.values["x"].shape[-1] // 5
    first = number // each * each
    line = said[number]
    return _Drawn(
        said[first : first + each, 5:],
        line[5:],
        [
            f"anchor {number} of {len(said)}: {_box(line[5:])}",
            f"objectness {line[0]:.4f}, as a probability {_sigmoid(line[0]):.4f}",
            "deltas " + ", ".join(f"{name} {value:+.4f}" for name, value in zip(_DELTAS, line[1:5], strict=True)),
        ],
    )


_DELTAS: Final = ("dx", "dy", "dw", "dh")


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def _move(row: _Row) -> _Drawn:
    """An anchor, and the box that its deltas make of it."""
    line, box = row.own("x")[row.index[1]], row.own("boxes")[row.index[1]]
    deltas = ", ".join(f"{name} {value:+.3f}" for name, value in zip(_DELTAS, line[1:5], strict=True))
    whole = decode(line[None, 1:5], line[None, 5:])[0]
    beyond = np.abs(whole - clip(whole[None])[0]).max() > 1e-6
    ends = ", cut off at the border of the picture" if beyond else ""
    words = [f"anchor {row.index[1]}: {_box(line[5:])}", f"by {deltas}", f"to {_box(box)}{ends}"]
    return _Drawn(line[None, 5:], box, words)


def _rank(row: _Row) -> _Drawn:
    """The boxes down to the chosen rank."""
    x, rank = row.own("x"), row.index[1]
    order = row.own("order").astype(np.int64)[: rank + 1]
    boxes = clip(decode(x[order, 1:5], x[order, 5:]))
    words = f"rank {rank}: anchor {order[-1]}, objectness {x[order[-1], 0]:.4f}"
    return _Drawn(boxes[:-1], boxes[-1], [words])


def _suppress(row: _Row) -> _Drawn:
    """The box of one rank, and the better ones that stay, or the one that suppresses it."""
    by, rank = row.own("by"), row.index[1]
    ranked = row.own("boxes")[row.own("order").astype(np.int64)]
    stay = ranked[:rank][by[:rank] == 0]
    limit = float(row.values["overlap"][0])
    largest = iou(ranked[rank : rank + 1], stay).max(initial=0.0)
    if by[rank] > 0:
        other = int(by[rank]) - 1
        shared = float(iou(ranked[rank : rank + 1], ranked[other : other + 1])[0, 0])
        words = f"goes: IoU {shared:.3f} with the better box of rank {other}, more than {limit:g}"
        return _Drawn(ranked[other : other + 1], ranked[rank], [f"rank {rank}: {_box(ranked[rank])}", words])
    better = "the one better box that stays" if len(stay) == 1 else f"the {len(stay)} better boxes that stay"
    words = f"stays: IoU {largest:.3f} at most with {better}" if len(stay) else "stays: no better box stays"
    words = "goes: it has no area" if by[rank] < 0 else words
    return _Drawn(stay, ranked[rank], [f"rank {rank}: {_box(ranked[rank])}", words])


def _propose(row: _Row) -> _Drawn:
    """One proposal among all of them."""
    y, number = row.own("y"), row.index[1]
    words = _box(y[number]) if y[number].any() else "none: there were not so many"
    return _Drawn(y, y[number], [f"proposal {number} of {len(y)}: {words}"])


def _near(row: _Row) -> _Drawn:
    """The box of one rank, or a true box that joins, beside the true boxes."""
    rank, true, best = row.index[1], _true(row)[:, 1:], float(row.own("best")[row.index[1]])
    order = row.own("order").astype(np.int64)
    if best < 0:
        return _Drawn(true, np.zeros((0, 4)), [f"place {rank}: no proposal"])
    if rank >= len(order):
        return _Drawn(true, true[rank - len(order)], [f"place {rank}: true box {rank - len(order) + 1}, which joins"])
    return _Drawn(true, row.own("boxes")[order[rank]], [f"rank {rank}", _nearest(best, len(true))])


def _sample(row: _Row) -> _Drawn:
    """One sampled proposal beside the true boxes."""
    drawn, number = row.own("y"), row.index[1]
    picked, ranks = int(row.own("picked")[number]), row.values["order"].shape[1]
    true = _true(row)[:, 1:]
    if picked < 0:
        return _Drawn(true, np.zeros((0, 4)), [f"proposal {number}: none is left"])
    whose = f"rank {picked}" if picked < ranks else f"true box {picked - ranks + 1}"
    best = row.own("best")[picked]
    kind = "near an object" if best >= 0.5 else "background"
    words = [f"proposal {number}: {whose}, {kind}", _nearest(best, len(true))]
    return _Drawn(true, drawn[number], words)


def _align(row: _Row) -> _Drawn:
    """One part of one box, and its points: the four cells around each, and what they come to."""
    n, r, i, j, c = row.index
    given, levels = row.integers, row.integers["levels"]
    box = row.own(f"x{levels}")[r]
    shapes = [row.values[f"x{level}"].shape[1:3] for level in range(levels)]
    level = int(pick_levels(box, shapes[0], levels, given["cells"]))
    x, (H, W) = row.own(f"x{level}")[..., c], shapes[level]
    half = 0.5 if given["aligned"] else 0.0
    made = float(row.values["y"][n, r, i, j, c])
    whose = f"level {level + 1} of {levels}, {H}×{W} cells"
    points: list[tuple[float, ...]] = []
    words = [
        f"part ({i}, {j}), channel {c}: the mean of its points = {made:.5g}",
        f"box {r}: {_box(box)}; {whose}",
    ]
    brief = [f"part ({i}, {j}) of box {r}, channel {c}: {made:.5g}, the mean of points"]
    for y, across, cells in sample_points(box, (H, W), (i, j), given):
        points.append(((across + half) / W, (y + half) / H) * 2)
        blend = " + ".join(f"{share:.3f}·{x[h, w]:.4g}" for h, w, share in cells)
        value = sum(share * x[h, w] for h, w, share in cells)
        words.append(f"point ({y:.2f}, {across:.2f}): {blend or 'outside'} = {value:.5g}")
        brief.append(f"({y:.2f}, {across:.2f}) {value:.5g}")
    return _Drawn(box[None], np.array(points), words, [*brief, whose])


# -- what is learned -------------------------------------------------------------------------------------------------


def _heads(row: _Row) -> Any:
    layout = {name: row.integers[name] for name in ("rois", "classes", "mask")}
    return split_outputs(row.own("prediction")[None], **layout)


def _cost(row: _Row, name: str, terms: Sequence[str]) -> list[str]:
    """Which term the chosen cost belongs to, in rows that work costs out."""
    if name not in row.values:
        return []
    term = terms[row.index[2]]
    if term == "masks" and not row.integers["mask"]:
        return ["no masks are learned"]
    return [f"its share of {term}: {row.own(name)[row.index[1:]]:.5g}"]


def _anchor_label(row: _Row) -> _Drawn:
    """An anchor, and the object that it is to find."""
    name = next(name for name in ("anchor_match", "anchor_labels") if name in row.values)
    number, label = row.index[1], int(row.own(name)[row.index[1]])
    anchor, true = _heads(row).anchors[0, number], _true(row)
    box, words = _matched(row, label)
    shared = iou(anchor[None, 5:], true[:, 1:]).max(initial=0.0)
    lines = [f"anchor {number}: {words}", _nearest(float(shared), len(true)), *_cost(row, "anchor_costs", TERMS[:2])]
    return _Drawn(box if label > 0 else true[:, 1:], anchor[5:], lines)


def _roi_label(row: _Row) -> _Drawn:
    """A proposal, and the object that it is to name."""
    number, label = row.index[1], int(row.own("roi_match")[row.index[1]])
    place, true = _heads(row).boxes[0, number], _true(row)
    box, words = _matched(row, label)
    shared = iou(place[None], true[:, 1:]).max(initial=0.0)
    lines = [f"proposal {number}: {words}", _nearest(float(shared), len(true)), *_cost(row, "roi_costs", TERMS[2:])]
    return _Drawn(box if label > 0 else true[:, 1:], place, lines)


def _add_up(row: _Row) -> _Drawn:
    """What each term comes to in one picture, the chosen one first."""
    parts, counts = row.own("parts"), row.own("counts")
    made = [
        f"{name} {part:.5g}, of {counted(int(count), what)}"
        for name, what, part, count in zip(TERMS, _COUNTED, parts, counts, strict=False)
    ]
    first = row.index[1]
    words = [f"picture {row.index[0]}: {made[first]}", *made[:first], *made[first + 1 :]]
    return _Drawn(np.zeros((0, 4)), np.zeros((0, 4)), words)


#: By what the cost of each term is divided.
_COUNTED: Final = ("sampled anchor", "sampled anchor", "proposal", "proposal", "proposal with an object")


def _place(row: _Row) -> _Drawn:
    """A place of a grid as a cell, and the object that it is to find."""
    _, i, j = row.index[:3]
    H, W = row.values["matched"].shape[1:3]
    cell = np.array([j / W, i / H, (j + 1) / W, (i + 1) / H])
    box, words = _matched(row, int(row.own("matched")[i, j]))
    return _Drawn(box, cell, [f"place ({i}, {j}) of {H}×{W}: {words}"])


def _place_cost(row: _Row) -> _Drawn:
    """The box that a place predicts, and the object that it is to find."""
    _, i, j = row.index[:3]
    own, _, words, _ = _place(row)
    made = place_boxes(row.own("prediction")[None])[0, i, j]
    shared = f"IoU {float(iou(made[None], own)[0, 0]):.3f} with it" if len(own) else "its box costs nothing"
    return _Drawn(own, made, [*words, f"predicts {_box(made)}", shared])


_PICTURES: Final[Mapping[str, Callable[[_Row], _Drawn]]] = {
    "anchors": _lay,
    "anchors moved by their deltas": _move,
    "boxes ranked by objectness": _rank,
    "non-maximum suppression": _suppress,
    "proposals": _propose,
    "how near proposals are to true boxes": _near,
    "proposals, sampled": _sample,
    "RoIAlign": _align,
    "what each anchor is near": _anchor_label,
    "costs of anchors": _anchor_label,
    "what each proposal is": _roi_label,
    "costs of proposals": _roi_label,
    "mask targets": _roi_label,
    "costs added up": _add_up,
    "which place finds which object": _place,
    "costs of classes and boxes": _place_cost,
}
