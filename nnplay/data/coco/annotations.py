"""COCO's JSON file: which pictures there are, and which objects are in each; nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.json.records import parse
from nnplay.errors import InputError
from nnplay.text import clean, counted

#: Bytes of a file.
_LARGEST: Final = 1 << 28
_PARTS: Final = ("images", "annotations", "categories")
#: What each key may hold, for hints.
_EXAMPLES: Final = {
    **dict.fromkeys(("id", "image_id", "category_id"), "7"),
    **{"name": '"cat"', "file_name": '"a.png"', "width": "640", "height": "480", "bbox": "[4, 4, 12, 10]"},
}


@dataclass(frozen=True, slots=True)
class Annotated:
    """One object of a picture.

    Attributes:
        label: number of its class.
        box: left, top, right and bottom in shares of the picture.
        segmentation: its pixels as they stand in the file; None where it has none.
        number: of the annotation in the file, for messages.
    """

    label: int
    box: tuple[float, float, float, float]
    segmentation: Any
    number: int


@dataclass(slots=True)
class Annotations:
    """What such a file says.

    Attributes:
        files: names of the pictures, and height and width of each, in the order of the file.
        objects: of each picture.
        class_names: of all classes, by number.
        notes: what was left out, a sentence each.
    """

    files: list[tuple[str, tuple[int, int]]] = field(default_factory=list)
    objects: list[list[Annotated]] = field(default_factory=list)
    class_names: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def read_annotations(path: Path, where: str) -> Annotations:
    """Pictures and objects of a file.

    Raises:
        InputError: it is no such file; it has no picture or no object.
    """
    with open_regular(path, _LARGEST) as file:
        content = file.read()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=where) from None
    document = parse(text, where, first_line=1)
    lists = document if isinstance(document, dict) else {}
    missing = [part for part in _PARTS if not isinstance(lists.get(part), list)]
    if missing:
        hint = "a COCO file has lists called images, annotations and categories"
        raise InputError(f"has no list '{missing[0]}'", where=where, hint=hint)
    found = Annotations()
    labels = _read_categories(lists["categories"], found, where)
    places = _read_pictures(lists["images"], found, where)
    _read_objects(lists["annotations"], found, labels, places, where)
    return found


def _entry(entry: Any, keys: Mapping[str, type | tuple[type, ...]], where: str) -> dict[str, Any]:
    """One entry of a list, if it has these keys.

    Raises:
        InputError: which one it lacks.
    """
    held = entry if isinstance(entry, dict) else {}
    for key, kind in keys.items():
        if not isinstance(held.get(key), kind) or isinstance(held.get(key), bool):
            raise InputError(f"has no usable '{key}'", where=where, hint=f'write "{key}": {_EXAMPLES[key]}')
    return held


def _read_categories(entries: list[Any], found: Annotations, where: str) -> dict[int, int]:
    names: dict[int, str] = {}
    for number, entry in enumerate(entries):
        at = f"{where}, categories[{number}]"
        held = _entry(entry, {"id": int, "name": str}, at)
        name = clean(held["name"])
        if not name.strip():
            raise InputError(f"category {held['id']} has no name", where=at, hint='write "name": "cat"')
        if held["id"] in names or name in names.values():
            what = (
                f"category {held['id']} is there twice" if held["id"] in names else f"two classes are called '{name}'"
            )
            raise InputError(what, where=at, hint="give each class an id and a name of its own")
        names[held["id"]] = name
    if not names:
        raise InputError("has no categories", where=where, hint="objects need classes")
    found.class_names = tuple(names[key] for key in sorted(names))
    return {key: label for label, key in enumerate(sorted(names))}


def _read_pictures(entries: list[Any], found: Annotations, where: str) -> dict[int, int]:
    places: dict[int, int] = {}
    for number, entry in enumerate(entries):
        at = f"{where}, images[{number}]"
        held = _entry(entry, {"id": int, "file_name": str, "height": int, "width": int}, at)
        if held["height"] < 1 or held["width"] < 1 or held["id"] in places:
            twice = held["id"] in places
            what = f"picture {held['id']} {'is there twice' if twice else 'has no size'}"
            hint = "give each image an id of its own" if twice else "give its width and height in pixels"
            raise InputError(what, where=at, hint=hint)
        places[held["id"]] = len(found.files)
        found.files.append((held["file_name"], (held["height"], held["width"])))
        found.objects.append([])
    if not places:
        raise InputError("has no images", where=where, hint="name the files of the folder under images")
    return places


def _read_objects(
    entries: list[Any], found: Annotations, labels: Mapping[int, int], places: Mapping[int, int], where: str
) -> None:
    outside: list[int] = []
    cut: list[int] = []
    crowds = 0
    for number, entry in enumerate(entries):
        at = f"{where}, annotations[{number}]"
        held = _entry(entry, {"image_id": int, "category_id": int, "bbox": list}, at)
        if held["image_id"] not in places or held["category_id"] not in labels:
            key = "image_id" if held["image_id"] not in places else "category_id"
            hint = f"add it to {'images' if key == 'image_id' else 'categories'}, or leave this annotation out"
            raise InputError(f"its {key} {held[key]} is in no list", where=at, hint=hint)
        if held.get("iscrowd") == 1:
            crowds += 1
            continue
        place = places[held["image_id"]]
        box = _read_box(held["bbox"], found.files[place][1], at)
        inside = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], 1.0), min(box[3], 1.0))
        if inside[0] >= inside[2] or inside[1] >= inside[3]:
            outside.append(number)
            continue
        if max(abs(a - b) for a, b in zip(box, inside, strict=True)) > 1e-3:
            cut.append(number)
        segmentation = held.get("segmentation")
        there = any(segmentation) if isinstance(segmentation, list) else segmentation
        label = labels[held["category_id"]]
        found.objects[place].append(Annotated(label, inside, segmentation if there else None, number))
    _note(found, outside, cut, crowds)
    if not any(found.objects):
        found.notes.append("add annotations with boxes")
        raise InputError("has no object in any picture", where=where, hint="; ".join(found.notes))


def _read_box(box: list[Any], picture: tuple[int, int], where: str) -> tuple[float, float, float, float]:
    if len(box) != 4 or not all(type(side) in (int, float) and abs(side) < 1e9 for side in box):
        hint = "write four numbers of pixels, as in [4, 4, 12, 10]"
        raise InputError("its bbox is not left, top, width and height", where=where, hint=hint)
    left, top, width, height = box
    across, down = picture[1], picture[0]
    return left / across, top / down, (left + width) / across, (top + height) / down


def _note(found: Annotations, outside: list[int], cut: list[int], crowds: int) -> None:
    if outside:
        what = f"{counted(len(outside), 'box')} without an area in the picture left out"
        found.notes.append(f"{what}: annotations[{outside[0]}]{', …' if len(outside) > 1 else ''}")
    if cut:
        what = f"{counted(len(cut), 'box')} cut off at the border of the picture"
        found.notes.append(f"{what}: annotations[{cut[0]}]{', …' if len(cut) > 1 else ''}")
    if crowds:
        found.notes.append(f"{counted(crowds, 'crowd')} left out")
    seen = {item.label for items in found.objects for item in items}
    if unseen := [name for label, name in enumerate(found.class_names) if label not in seen]:
        found.notes.append(f"no box of class {', '.join(unseen[:5])}{', …' if len(unseen) > 5 else ''}")
