"""A folder in COCO's format: boxes and masks as they stand in the file, and refusals of what is wrong in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.data.catalogue import find_source, load_file
from nnplay.data.coco.shapes import read_runs, unpack_runs
from nnplay.detection.objects import split_target
from nnplay.errors import InputError


def write(folder: Path, **changes: Any) -> Path:
    """Two pictures of 40×20 pixels: a polygon and runs in the first one, nothing in the second."""
    image = pytest.importorskip("PIL.Image")
    (folder / "images").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        image.new("RGB", (40, 20), (200, 30, 30)).save(folder / "images" / name)
    runs = {"size": [20, 40], "counts": [20 * 30, 20 * 10]}
    document: dict[str, Any] = {
        "images": [
            {"id": 7, "file_name": "a.png", "width": 40, "height": 20},
            {"id": 9, "file_name": "b.png", "width": 40, "height": 20},
        ],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [30, 0, 10, 20], "segmentation": runs},
            {"image_id": 7, "category_id": 1, "bbox": [0, 0, 20, 20], "segmentation": [[0, 0, 20, 0, 20, 20, 0, 20]]},
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 3, "name": "dog"}],
    }
    path = folder / "annotations.json"
    path.write_text(json.dumps({**document, **changes}), encoding="utf-8")
    return path


def test_boxes_and_masks_are_read(tmp_path: Path) -> None:
    """Boxes are shares of the picture, the largest first; masks of polygons and of runs fill them."""
    write(tmp_path)
    assert find_source(str(tmp_path)).name == "coco"
    data = load_file(str(tmp_path), {"size": 16, "masks": True})
    assert data.class_names == ("cat", "dog")
    assert data.x.shape == (2, 16, 16, 3)
    boxes, maps = split_target(data.y)
    assert maps is not None
    assert boxes[0].tolist() == [[1, 0, 0, 0.5, 1], [2, 0.75, 0, 1, 1]]
    assert not boxes[1].any()
    assert (maps[0, :, :8] == 1).all()
    assert (maps[0, :, 8:12] == 0).all()
    assert (maps[0, :, 12:] == 2).all()
    plain = load_file(str(tmp_path / "annotations.json"), {"size": 16})
    assert np.array_equal(plain.y, boxes)


def test_packed_runs_are_read() -> None:
    """COCO's packed runs are those that pycocotools packs."""
    mask = pytest.importorskip("pycocotools.mask")
    wanted = np.random.default_rng(0).uniform(size=(13, 11)) < 0.4
    packed = mask.encode(np.asfortranarray(wanted.astype(np.uint8)))
    text = packed["counts"].decode()
    assert sum(unpack_runs(text)) == 13 * 11
    assert np.array_equal(read_runs({"size": [13, 11], "counts": text}, (13, 11), ""), wanted)


OUTSIDE = {"image_id": 7, "category_id": 1, "bbox": [50, 0, 5, 5]}
BEYOND = {"image_id": 7, "category_id": 1, "bbox": [30, 10, 20, 20]}


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    """A box outside its picture goes, one that reaches beyond is cut, a class without a box is named."""
    data = load_file(str(write(tmp_path, annotations=[OUTSIDE, BEYOND])), {"size": 16})
    assert data.y[0].tolist() == [[1, 0.75, 0.5, 1, 1]]
    notes = " / ".join(data.notes)
    assert "1 box without an area in the picture left out: annotations[0]" in notes
    assert "1 box cut off at the border of the picture: annotations[1]" in notes
    assert "no box of class dog" in notes


@pytest.mark.parametrize("empty", [{}, {"segmentation": []}, {"segmentation": [[]]}, {"segmentation": {}}])
def test_objects_without_pixels_are_left_out_where_masks_are_read(empty: dict[str, Any], tmp_path: Path) -> None:
    """One is counted and named, and refuses no set; where only boxes are read it stays."""
    square = {"image_id": 7, "category_id": 3, "bbox": [0, 0, 20, 20], "segmentation": [[0, 0, 20, 0, 20, 20, 0, 20]]}
    path = str(write(tmp_path, annotations=[square, {**BEYOND, **empty}]))
    data = load_file(path, {"size": 16, "masks": True})
    boxes, maps = split_target(data.y)
    assert maps is not None
    assert boxes[0, boxes[0, :, 0] > 0].tolist() == [[2, 0, 0, 0.5, 1]]
    assert maps.max() == 1
    assert "1 object without a segmentation left out: annotations[1]" in data.notes
    assert (load_file(path, {"size": 16}).y[0, :, 0] > 0).sum() == 2


def test_pictures_that_are_not_read_are_said(tmp_path: Path) -> None:
    """Names that lead elsewhere are not followed; a picture of another size but the same shape is read."""
    files = (("a.png", 80, 40), ("../images/b.png", 40, 20), ("c.png", 40, 20))
    images = [{"id": 7 + k, "file_name": name, "width": w, "height": h} for k, (name, w, h) in enumerate(files)]
    data = load_file(str(write(tmp_path, images=images, annotations=[BEYOND])), {"size": 16})
    assert data.y[0].tolist() == [[1, 0.375, 0.25, 0.625, 0.75]]
    assert "1 image outside of the folder, so left out: '../images/b.png'" in data.notes
    assert "1 image not found, so left out: 'c.png'" in data.notes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": 3}, "has no list 'images'"),
        ({"categories": []}, "has no categories"),
        ({"annotations": [OUTSIDE]}, "has no object in any picture; 1 box without an area"),
        ({"annotations": [{**BEYOND, "image_id": 1}]}, r"annotations\[0\]: its image_id 1 is in no list; add it"),
        ({"annotations": [{**BEYOND, "bbox": [1, 2, "x", 3]}]}, r"annotations\[0\]: its bbox is not left"),
        ({"annotations": [{**BEYOND, "bbox": None}]}, "has no usable 'bbox'; write \"bbox\": .4, 4, 12, 10."),
        ({"categories": [{"id": 1, "name": " "}]}, r"categories\[0\]: category 1 has no name; write"),
        ({"annotations": [BEYOND]}, "no object has a segmentation; read it without masks"),
        (
            {"annotations": [{**BEYOND, "segmentation": [[1, 2]]}]},
            "a polygon needs three or more .* read the folder without masks",
        ),
        (
            {"annotations": [{**BEYOND, "segmentation": [[1, 2, 3, 4, float("nan"), 6]]}]},
            "its polygon has 'nan', which cannot be a place",
        ),
        ({"categories": [{"id": 1, "name": "cat"}] * 2}, r"categories\[1\]: category 1 is there twice"),
        (
            {"categories": [{"id": 1, "name": "cat"}, {"id": 3, "name": "cat"}]},
            r"categories\[1\]: two classes are called 'cat'",
        ),
        (
            {
                "images": [{"id": 7, "file_name": "a.png", "width": 9999, "height": 20}],
                "annotations": [{**BEYOND, "segmentation": [[1, 2, 3, 4, 5, 9]]}],
            },
            r"images\[0\]: says 9999×20 pixels, 'a.png' has 40×20",
        ),
        ({"annotations": [{**BEYOND, "segmentation": {"size": [20, 40], "counts": [3]}}]}, "its runs have 3 pixels"),
        (
            {"images": [{"id": 7, "file_name": "../../etc/passwd", "width": 1, "height": 1}], "annotations": [BEYOND]},
            "has no object|none of its 1 image is there",
        ),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """One sentence that names the entry."""
    with pytest.raises(InputError, match=words):
        load_file(str(write(tmp_path, **changes)), {"size": 16, "masks": True})


def test_text_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """A file that breaks off is refused with its place."""
    path = write(tmp_path)
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    with pytest.raises(InputError, match=r"annotations\.json"):
        load_file(str(path), {"size": 16})


@pytest.mark.parametrize("content", ["", "{", "hello", "[1, 2]", '{"images": 3}'])
@pytest.mark.parametrize("layout", ["images", "beside", "annotations"])
def test_a_broken_file_is_named_and_not_taken_for_a_folder_of_classes(
    content: str, layout: str, tmp_path: Path
) -> None:
    """Wherever it lies as COCO's do; a folder of classes with some other JSON file is read as one."""
    path = write(tmp_path / "set")
    if layout == "beside":
        (tmp_path / "set" / "images").rename(tmp_path / "pictures")
        path = path.rename(tmp_path / "pictures" / "annotations.json")
    elif layout == "annotations":
        (tmp_path / "set" / "annotations").mkdir()
        path = path.rename(tmp_path / "set" / "annotations" / "annotations.json")
    path.write_text(content, encoding="utf-8")
    folder = str(path.parent.parent if layout == "annotations" else path.parent)
    assert find_source(folder).name == "coco"
    with pytest.raises(InputError, match=r"annotations.json"):
        load_file(folder, {"masks": "yes"})


def test_a_folder_of_classes_may_hold_a_json_file(tmp_path: Path) -> None:
    """Whatever somebody noted in it."""
    write(tmp_path / "set")
    for name in ("cats", "dogs"):
        (tmp_path / "classes" / name).mkdir(parents=True)
        (tmp_path / "classes" / name / "a.png").write_bytes((tmp_path / "set" / "images" / "a.png").read_bytes())
    (tmp_path / "classes" / "about.json").write_text("{}", encoding="utf-8")
    assert find_source(str(tmp_path / "classes")).name != "coco"
