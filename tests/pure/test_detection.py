"""Boxes, suppression, targets of detection and average precision, against other programs where they are installed."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.detection.average_precision import box_overlaps, confusion, detection_scores, match_class
from nnplay.detection.boxes import decode, encode, giou, iou
from nnplay.detection.objects import Found, join_target, paste_masks, split_target, true_masks
from nnplay.detection.suppression import suppress
from nnplay.errors import InputError
from nnplay.operations import match_anchors, proposals, roi_align, stage_costs
from nnplay.records.registry import loss_records

Array = NDArray[Any]


def random_boxes(random: np.random.Generator, *shape: int) -> Array:
    """Boxes (…, 4) within a picture."""
    low = random.uniform(0, 0.7, (*shape, 2))
    return np.concatenate([low, low + random.uniform(0.05, 0.3, (*shape, 2))], axis=-1)


def test_overlaps_by_hand() -> None:
    """IoU and generalized IoU of boxes that touch, overlap by a quarter, and lie apart."""
    one = np.array([[0.0, 0.0, 2.0, 2.0]])
    others = np.array([[1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 2.0, 2.0], [3.0, 0.0, 4.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    assert np.allclose(iou(one, others), [[1 / 7, 1, 0, 0]])
    assert np.allclose(giou(np.repeat(one, 3, axis=0), others[:3]), [1 / 7 - 2 / 9, 1, 0 - 2 / 8])


def test_coding_is_undone_by_decoding() -> None:
    """The deltas that lead from an anchor to a box lead there."""
    random = np.random.default_rng(0)
    boxes, bases = random_boxes(random, 50), random_boxes(random, 50)
    assert np.allclose(decode(encode(boxes, bases, (10, 10, 5, 5)), bases, (10, 10, 5, 5)), boxes)


def test_suppression_says_who_suppressed_whom() -> None:
    """The surest stays, a near one goes on its account, one of another class and one far away stay."""
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 0.9], [0, 0, 0.9, 1], [2, 2, 3, 3]], float)
    done = suppress(boxes, np.array([0.9, 0.8, 0.95, 0.1]), 0.5, np.array([0, 1, 0, 0]))
    assert done.order.tolist() == [2, 0, 1, 3]
    assert done.by.tolist() == [-1, 2, -1, -1]
    assert done.kept.tolist() == [2, 1, 3]
    assert done.overlaps[1] == pytest.approx(0.9)


def test_suppression_equals_onnx() -> None:
    """Boxes that stay are those of NonMaxSuppression, also in the row of the proposals."""
    onnx = pytest.importorskip("onnx")
    evaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator
    random = np.random.default_rng(1)
    boxes, scores = random_boxes(random, 60).astype(np.float32), random.uniform(size=60).astype(np.float32)
    helper, kind = onnx.helper, onnx.TensorProto
    shapes = (
        ("boxes", kind.FLOAT, (1, 60, 4)),
        ("scores", kind.FLOAT, (1, 1, 60)),
        ("most", kind.INT64, (1,)),
        ("limit", kind.FLOAT, (1,)),
    )
    node = helper.make_node("NonMaxSuppression", [name for name, *_ in shapes], ["kept"])
    given = [helper.make_tensor_value_info(*shape) for shape in shapes]
    graph = helper.make_graph([node], "nms", given, [helper.make_tensor_value_info("kept", kind.INT64, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)])
    kept = evaluator(model).run(
        None,
        {
            "boxes": boxes[None, :, [1, 0, 3, 2]],
            "scores": scores[None, None],
            "most": np.array([60]),
            "limit": np.array([0.3], np.float32),
        },
    )[0][:, 2]
    assert len(kept) < 60
    assert suppress(boxes, scores, 0.3).kept.tolist() == kept.tolist()
    order = np.argsort(-scores, kind="stable")[None].astype(float)
    by = proposals.suppress(boxes[None].astype(float), order, np.array([0.3]))
    assert order[0, by[0] == 0].tolist() == kept.tolist()


@pytest.mark.parametrize(("aligned", "mode"), [(1, "half_pixel"), (0, "output_half_pixel")])
def test_roi_align_equals_onnx(aligned: int, mode: str) -> None:
    """Parts of boxes, also of boxes that reach beyond the border, are those of RoiAlign."""
    onnx = pytest.importorskip("onnx")
    evaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator
    random = np.random.default_rng(2)
    x = random.normal(size=(2, 9, 7, 3)).astype(np.float32)
    boxes = random_boxes(random, 2, 6).astype(np.float32)
    boxes[0, 0] = (-0.3, 0.2, 0.4, 1.3)
    helper, kind = onnx.helper, onnx.TensorProto
    node = helper.make_node(
        "RoiAlign", ["x", "rois", "of"], ["y"],
        output_height=4, output_width=4, sampling_ratio=2, spatial_scale=1.0, mode="avg",
        coordinate_transformation_mode=mode,
    )  # fmt: skip
    infos = [
        helper.make_tensor_value_info(name, dtype, None)
        for name, dtype in (("x", kind.FLOAT), ("rois", kind.FLOAT), ("of", kind.INT64))
    ]
    graph = helper.make_graph([node], "align", infos, [helper.make_tensor_value_info("y", kind.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)])
    rois = boxes.reshape(-1, 4) * np.array([7, 9, 7, 9], np.float32)
    given = {"x": x.transpose(0, 3, 1, 2), "rois": rois.astype(np.float32), "of": np.repeat(np.arange(2), 6)}
    wanted = evaluator(model).run(None, given)[0].transpose(0, 2, 3, 1).reshape(2, 6, 4, 4, 3)
    given = {"parts": 4, "sampling": 2, "aligned": aligned, "levels": 1, "cells": 14_000}
    assert np.allclose(roi_align.reference(x.astype(float), boxes.astype(float), **given), wanted, atol=1e-5)


@pytest.mark.parametrize("aligned", [1, 0])
def test_slopes_of_roi_align_are_differences(aligned: int) -> None:
    """Each cell's slope is the difference quotient of the output, on both levels, also beyond the border."""
    random = np.random.default_rng(7)
    levels = [random.normal(size=shape) for shape in ((2, 6, 5, 2), (2, 3, 3, 2))]
    boxes = random_boxes(random, 2, 5)
    boxes[0, 0], boxes[1, 1], boxes[1, 2] = (-0.3, 0.2, 0.8, 1.2), (0, 0, 1, 1), 0
    given = {"parts": 2, "sampling": 2, "aligned": aligned, "levels": 2, "cells": 1000}
    slopes = random.normal(size=(2, 5, 2, 2, 2))
    assert set(roi_align.pick_levels(boxes, (6, 5), 2, 1000).ravel()) == {0, 1}
    for level, x in enumerate(levels):
        shape = dict(zip(("H0", "W0", "H", "W"), (*levels[0].shape[1:3], *x.shape[1:3]), strict=True))
        computed = roi_align.reference_back(slopes, boxes, level=level, **shape, **given)
        for place in np.ndindex(x.shape):
            ends = []
            for step in (1e-3, -1e-3):
                x[place] += step
                ends.append((roi_align.reference(*levels, boxes, **given) * slopes).sum())
                x[place] -= step
            assert computed[place] == pytest.approx((ends[0] - ends[1]) / 2e-3, abs=1e-9)


def test_levels_are_those_of_torchvision() -> None:
    """A box takes level 4 + log2(side / 224), as in torchvision's LevelMapper, at strides of 4, 8, 16 and 32."""
    torch: Any = pytest.importorskip("torch")
    boxes = random_boxes(np.random.default_rng(8), 200)
    boxes[0] = (0, 0, 0.25, 0.25)
    sides = torch.tensor(boxes * 800)
    size = torch.sqrt((sides[:, 2] - sides[:, 0]) * (sides[:, 3] - sides[:, 1]))
    wanted = torch.clamp(torch.floor(4 + torch.log2(size / 224) + 1e-6), 2, 5) - 2
    found = roi_align.pick_levels(boxes, (200, 200), 4, 14_000)
    assert found.tolist() == wanted.int().tolist()
    exact = np.array([[0, 0, k * 28 / 200, k * 28 / 200] for k in (0.999, 1, 2, 4)])
    assert roi_align.pick_levels(exact, (200, 200), 4, 14_000).tolist() == [0, 1, 2, 3]


def random_scene(random: np.random.Generator, pictures: int, classes: int) -> tuple[Array, Found]:
    """True boxes (N, 4, 5), and detections of which many are near one."""
    true = np.concatenate(
        [random.integers(1, classes + 1, (pictures, 4, 1)), random_boxes(random, pictures, 4)], axis=-1
    )
    true *= (np.arange(4) < random.integers(0, 5, (pictures, 1)))[..., None]
    near = np.repeat(true[..., 1:], 3, axis=1) + random.normal(scale=0.02, size=(pictures, 12, 4))
    near[..., 2:] = np.maximum(near[..., 2:], near[..., :2] + 0.01)
    labels = np.where(random.uniform(size=(pictures, 12)) < 0.8, np.repeat(true[..., 0], 3, axis=1) - 1, 0)
    return true, Found(labels.astype(np.int64), random.uniform(size=(pictures, 12)).round(2), near)


def judge(kind: str, pictures: int, objects: list[dict[str, Any]], made: list[dict[str, Any]]) -> tuple[float, float]:
    """Mean average precision from 0.5 to 0.95, and at 0.5, by COCO's own program."""
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO()
        known.dataset = {
            "images": [{"id": row, "height": 48, "width": 48} for row in range(pictures)],
            "annotations": [{"id": 1 + k, "iscrowd": 0, **item} for k, item in enumerate(objects)],
            "categories": [{"id": k} for k in (1, 2, 3)],
        }
        known.createIndex()
        judged = cocoeval.COCOeval(known, known.loadRes(made), kind)
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    return float(judged.stats[0]), float(judged.stats[1])


def test_average_precision_of_boxes_equals_pycocotools() -> None:
    """Mean average precision at 0.5, and from 0.5 to 0.95, of random detections is that of COCO's own program."""
    true, found = random_scene(np.random.default_rng(3), 40, 3)

    def sides(box: Array) -> list[float]:
        return [float(1000 * side) for side in (box[0], box[1], box[2] - box[0], box[3] - box[1])]

    objects = [
        {"image_id": row, "category_id": int(box[0]), "bbox": sides(box[1:]), "area": 1.0}
        for row, boxes in enumerate(true)
        for box in boxes
        if box[0]
    ]
    made = [
        {"image_id": row, "category_id": int(label) + 1, "bbox": sides(box), "score": float(score)}
        for row in range(len(true))
        for label, score, box in zip(found.classes[row], found.scores[row], found.boxes[row], strict=True)
        if label >= 0
    ]
    scores = detection_scores(true.astype(np.float64), found, 3)
    assert 0.1 < scores["map"] < scores["map_50"] < 1
    assert (scores["map"], scores["map_50"]) == pytest.approx(judge("bbox", len(true), objects, made), abs=1e-9)


def test_average_precision_of_masks_equals_pycocotools() -> None:
    """The same of masks, pixel by pixel, as they are pasted into their boxes."""
    coded = pytest.importorskip("pycocotools.mask")
    random = np.random.default_rng(9)
    data = load_dataset("shapes_objects", samples=25, masks=True, kinds=3, size=48)
    boxes, _ = split_target(data.y)
    places = np.repeat(boxes[..., 1:].astype(float), 2, axis=1) + random.normal(scale=0.02, size=(25, 8, 4))
    places[..., 2:] = np.maximum(places[..., 2:], places[..., :2] + 0.1)
    labels = np.repeat(boxes[..., 0].astype(np.int64) - 1, 2, axis=1)
    masks = np.clip(random.normal(0.8, 0.2, (25, 8, 6, 6)), 0, 1)
    found = Found(labels, random.uniform(size=(25, 8)), places, masks)

    def packed(mask: Array) -> Any:
        return coded.encode(np.asfortranarray(mask.astype(np.uint8)))

    objects, made = [], []
    for row in range(25):
        true = true_masks(data.y[row])
        for box, mask in zip(boxes[row], true, strict=False):
            item = {"image_id": row, "category_id": int(box[0]), "segmentation": packed(mask), "bbox": [0, 0, 1, 1]}
            objects.append({**item, "area": float(mask.sum())})
        kept = np.flatnonzero(labels[row] >= 0)
        for number, mask in zip(kept, paste_masks(masks[row, kept], places[row, kept], (48, 48)), strict=True):
            item = {"image_id": row, "category_id": int(labels[row, number]) + 1, "segmentation": packed(mask)}
            made.append({**item, "score": float(found.scores[row, number])})
    scores = detection_scores(data.y, found, 3)
    assert 0.05 < scores["mask_map"] < scores["mask_map_50"] < 1
    wanted = judge("segm", 25, objects, made)
    assert (scores["mask_map"], scores["mask_map_50"]) == pytest.approx(wanted, abs=1e-9)


def test_perfect_detections_score_one() -> None:
    """Boxes and masks as they are score 1, by class and together; nothing is missed."""
    data = load_dataset("shapes_objects", samples=6, masks=True, kinds=3, noise=0)
    boxes, _ = split_target(data.y)
    masks = np.zeros((6, 4, 64, 64))
    for row in range(6):
        for k, own in enumerate(true_masks(data.y[row])):
            rows, columns = (np.flatnonzero(own.any(axis=axis)) for axis in (1, 0))
            part = own[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float)
            masks[row, k] = part[(np.arange(64) * len(part) // 64)][:, np.arange(64) * part.shape[1] // 64]
    found = Found(boxes[..., 0].astype(np.int64) - 1, np.ones((6, 4)), boxes[..., 1:].astype(float), masks)
    scores = detection_scores(data.y, found, 3)
    assert scores["map_50"] == scores["map"] == scores["mask_map_50"] == 1
    counts = confusion(boxes, found, 3)
    assert counts.trace() == counts.sum() == (boxes[..., 0] > 0).sum()


def test_what_is_missed_and_what_is_background() -> None:
    """A lone box is background's, an object without one is missed, and average precision of no object is no number."""
    true = np.array([[[1, 0.1, 0.1, 0.3, 0.3], [0, 0, 0, 0, 0]]])
    found = Found(np.array([[0, -1]]), np.array([[0.9, 0.0]]), np.array([[[0.6, 0.6, 0.9, 0.9], [0, 0, 0, 0]]]))
    assert confusion(true, found, 2).tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert np.isnan(match_class(true, found, 1, box_overlaps(true, found)).average_precision()).all()


def test_masks_are_pasted_into_their_boxes() -> None:
    """A full mask fills its box, half of one half of it."""
    boxes = np.array([[0.25, 0.25, 0.75, 0.75]])
    assert paste_masks(np.ones((1, 4, 4)), boxes, (8, 8))[0].sum() == 16
    half = np.zeros((1, 4, 4))
    half[:, :, :2] = 1
    assert paste_masks(half, boxes, (8, 8))[0, 2:6].tolist() == [[False] * 2 + [True] * 2 + [False] * 4] * 4


SIZE = 8
BOX = [1, 0.25, 0.25, 0.75, 0.75]


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ([1, 0.5, 0.5, 1.5, 0.9], "lies outside the picture"),
        ([1, 0.5, 0.5, 0.5, 0.9], "has no area"),
        ([3, 0.1, 0.1, 0.5, 0.9], "not a class from 1 to 2"),
        ([1.5, 0.1, 0.1, 0.5, 0.9], "not a class from 1 to 2"),
    ],
)
def test_wrong_boxes_are_refused(box: list[float], words: str) -> None:
    """A box outside its picture, without an area, or of a class without a name: one sentence with row and box."""
    y = np.array([[BOX], [box]])
    with pytest.raises(InputError, match=f"y row 1, box 0: .*{words}"):
        Dataset(np.zeros((2, SIZE, SIZE, 3)), y, task="detection", class_names=("cat", "dog"))


def test_wrong_maps_are_refused() -> None:
    """A mask without a pixel, and a pixel of a box that is not there."""
    x = np.zeros((1, SIZE, SIZE, 3))
    target = join_target(np.array([[BOX, [0] * 5]]), np.zeros((1, SIZE, SIZE)))
    with pytest.raises(InputError, match="y row 0, box 0: has an empty mask"):
        Dataset(x, target, task="detection", class_names=("cat",))
    target[0, 2 + 3, 3] = 2
    with pytest.raises(InputError, match="a pixel belongs to box 2 of 1"):
        Dataset(x, target, task="detection", class_names=("cat",))


def test_losses_and_data_must_be_of_one_kind() -> None:
    """Boxes with cross-entropy, and labels with a loss on boxes, are refused with a way out."""
    from nnplay.network.network import Network
    from nnplay.training.trainer import Trainer

    data = load_dataset("shapes_objects", samples=4, kinds=3, size=32)
    with pytest.raises(InputError, match=r"cross_entropy takes no boxes; .* use single_shot"):
        Trainer(Network("conv2d 7 1"), data, loss="cross_entropy")
    with pytest.raises(InputError, match="3 classes; the network tells 4 apart"):
        Trainer(Network("conv2d 8 1"), data, loss="single_shot")


def stage_outputs(random: np.random.Generator) -> tuple[Array, Array, dict[str, int]]:
    """Outputs of a two-stage detector (2, …) with boxes near true ones, and targets with maps."""
    layout = {"rois": 5, "classes": 2, "mask": 3}
    true = np.concatenate([random.integers(1, 3, (2, 3, 1)), random_boxes(random, 2, 3)], axis=-1)
    maps = random.integers(0, 4, (2, SIZE, SIZE))
    rois = np.concatenate(
        [true[:, :, 1:] + random.normal(scale=0.01, size=(2, 3, 4)), random_boxes(random, 2, 2)], axis=1
    )
    rows = np.concatenate([rois, random.normal(size=(2, 5, 3 + 8 + 18))], axis=-1).reshape(2, -1)
    anchors = np.concatenate([random.normal(size=(2, 12, 5)), random_boxes(random, 2, 12)], axis=-1).reshape(2, -1)
    return np.concatenate([rows, anchors], axis=1), join_target(true, maps).astype(float), layout


def stage_loss(z: Array, target: Array, matches: tuple[Array, Array, Array], layout: dict[str, int]) -> float:
    """The five terms with weights 1, 2, 3, 4, 5 over divisors 2, 3, 4, 5, 6."""
    anchor, roi, wanted = matches
    terms = [*stage_costs.anchor_costs(z, target, anchor, **layout).sum(axis=(0, 1))]
    terms += [*stage_costs.roi_costs(z, target, roi, wanted, **layout).sum(axis=(0, 1))]
    return float(sum((k + 1) * term / (k + 2) for k, term in enumerate(terms)))


def test_slopes_of_both_stages_are_derivatives() -> None:
    """Each output's slope is the difference quotient of the terms, but boxes and anchors, which are not moved."""
    random = np.random.default_rng(4)
    z, target, layout = stage_outputs(random)
    labels, keys = match_anchors.label_anchors(z, target, **layout, clock={"seed": 1, "step": 2})
    anchor = match_anchors.sample_anchors(labels, keys, 8)
    roi = match_anchors.match_rois(z, target, **layout)
    wanted = stage_costs.mask_targets(z, target, roi, **layout)
    assert (anchor > 0).any()
    assert (roi > 0).any()
    given = np.arange(1.0, 6.0), np.arange(2.0, 7.0)
    slopes = stage_costs.slopes(z, target, anchor, roi, wanted, *given, **layout)
    width = 4 + 3 + 8 + 18
    for place in range(z.shape[1]):
        still = place % width < 4 if place < 5 * width else (place - 5 * width) % 9 > 4
        more, less = z.copy(), z.copy()
        more[0, place] += 1e-6
        less[0, place] -= 1e-6
        matches = anchor, roi, wanted
        quotient = (stage_loss(more, target, matches, layout) - stage_loss(less, target, matches, layout)) / 2e-6
        assert slopes[0, place] == (0 if still else pytest.approx(quotient, abs=1e-6))


def test_sampling_follows_from_the_seed() -> None:
    """The same seed and step draw the same anchors and proposals, others draw others, never more than asked for."""
    random = np.random.default_rng(5)
    z, target, layout = stage_outputs(random)
    labels, keys = match_anchors.label_anchors(z, target, **layout, clock={"seed": 1, "step": 2})
    again = match_anchors.label_anchors(z, target, **layout, clock={"seed": 1, "step": 2})
    other = match_anchors.label_anchors(z, target, **layout, clock={"seed": 1, "step": 3})
    assert np.array_equal(keys, again[1])
    assert not np.array_equal(keys, other[1])
    matched = match_anchors.sample_anchors(labels, keys, 6)
    assert ((matched >= 0).sum(axis=1) <= 6).all()
    assert ((matched > 0).sum(axis=1) <= 3).all()


def test_stage_costs_are_those_of_pytorch() -> None:
    """Classes, deltas and masks of proposals cost what PyTorch's functions give."""
    torch: Any = pytest.importorskip("torch")
    functional = torch.nn.functional
    random = np.random.default_rng(6)
    z, target, layout = stage_outputs(random)
    roi = match_anchors.match_rois(z, target, **layout)
    wanted = stage_costs.mask_targets(z, target, roi, **layout)
    heads = stage_costs.split_outputs(z, **layout)
    costs = stage_costs.roi_costs(z, target, roi, wanted, **layout)
    for n, r in np.argwhere(roi >= 0):
        box = target[n, int(max(roi[n, r], 1)) - 1]
        label = int(box[0]) if roi[n, r] > 0 else 0
        named = functional.cross_entropy(torch.tensor(heads.logits[n, r])[None], torch.tensor([label]))
        assert costs[n, r, 0] == pytest.approx(float(named))
        if label:
            deltas = torch.tensor(encode(box[1:5], heads.boxes[n, r], (10, 10, 5, 5)))
            moved = functional.smooth_l1_loss(
                torch.tensor(heads.deltas[n, r, label - 1]), deltas, beta=1 / 9, reduction="sum"
            )
            assert costs[n, r, 1] == pytest.approx(float(moved))
            logits = torch.tensor(heads.masks[n, r, :, :, label - 1].ravel())
            drawn = functional.binary_cross_entropy_with_logits(logits, torch.tensor(wanted[n, r]))
            assert costs[n, r, 2] == pytest.approx(float(drawn))


@pytest.mark.parametrize(("mask", "wanted"), [(0, 0), (3, 1)])
def test_a_detector_without_masks_has_no_row_for_them(mask: int, wanted: int) -> None:
    """Nobody who walks through its step meets pixels that nothing learns."""
    loss: Any = loss_records()["two_stage"](rois=2, class_count=1, mask=mask)
    plan = loss.plan((2 * (4 + 2 + 4 + mask * mask) + 9 * 5,))
    for uses in (plan.forward, plan.evaluate):
        assert sum(use.operation.name == "mask targets" for use in uses) == wanted
