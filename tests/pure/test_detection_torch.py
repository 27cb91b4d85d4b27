"""Losses, matching and sampling of detectors against PyTorch's functions, put together as torchvision does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.detection.boxes import encode
from nnplay.losses import single_shot
from nnplay.operations import match_anchors, stage_costs
from nnplay.operations.place_boxes import match_places
from tests.pure.test_detection import random_boxes, stage_outputs
from tests.torch_later import torch_later

Array = NDArray[Any]
torch: Any = torch_later()
pytestmark = pytest.mark.torch


def overlaps(boxes: Any, others: Any) -> Any:
    """IoU (N, M), as torchvision.ops.box_iou."""
    low, high = torch.maximum(boxes[:, None, :2], others[:, :2]), torch.minimum(boxes[:, None, 2:], others[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=2)
    areas, other_areas = ((each[:, 2:] - each[:, :2]).prod(dim=1) for each in (boxes, others))
    return shared / (areas[:, None] + other_areas - shared)


def test_anchors_are_matched_as_torchvision_matches_them() -> None:
    """Matcher(0.7, 0.3, allow_low_quality_matches=True): near, background, between, and the best one of each box."""
    random = np.random.default_rng(10)
    z, target, layout = stage_outputs(random)
    z = np.concatenate([z, np.zeros((2, 40 * 9))], axis=1)
    anchors = z[:, -40 * 9 :].reshape(2, 40, 9)[..., 5:]
    anchors[...] = np.repeat(target[:, :3, None, 1:5], 14, axis=1).reshape(2, 42, 4)[:, :40]
    anchors += random.normal(scale=0.04, size=anchors.shape)
    labels, _ = match_anchors.label_anchors(z, target, **layout, clock={"seed": 1, "step": 2})
    every = z[:, 5 * 33 :].reshape(2, -1, 9)[..., 5:]
    for n in range(2):
        quality = overlaps(torch.tensor(target[n, :3, 1:5]), torch.tensor(every[n]))
        values, matches = quality.max(dim=0)
        wanted = torch.where(values < 0.3, -1, torch.where(values < 0.7, -2, matches))
        _, low_quality = torch.where(quality == quality.max(dim=1).values[:, None])
        wanted[low_quality] = matches[low_quality]
        numbers = torch.where(wanted >= 0, wanted + 1, torch.where(wanted == -1, 0, -1))
        assert labels[n].tolist() == numbers.tolist()
        assert {-1, 0, 1} <= set(labels[n])


@pytest.mark.parametrize(("near", "far", "sampled"), [(30, 30, 32), (4, 60, 32), (30, 3, 32), (1, 2, 8)])
def test_as_many_anchors_are_drawn_as_torchvision_draws(near: int, far: int, sampled: int) -> None:
    """BalancedPositiveNegativeSampler(n, 0.5): at most half near objects, background for the rest, none twice."""
    random = np.random.default_rng(11)
    labels = random.permutation(np.concatenate([np.full(near, 2.0), np.zeros(far), np.full(9, -1.0)]))[None]
    matched = match_anchors.sample_anchors(labels, random.uniform(size=labels.shape), sampled)
    positive = min(near, int(sampled * 0.5))
    assert (matched > 0).sum() == positive
    assert (matched == 0).sum() == min(far, sampled - positive)
    assert np.array_equal(matched[matched >= 0], labels[matched >= 0])


def test_anchors_cost_what_pytorch_says() -> None:
    """Objectness by binary cross-entropy, deltas by smooth L1 with β = 1/9, of those that are learned from."""
    z, target, layout = stage_outputs(np.random.default_rng(12))
    labels, keys = match_anchors.label_anchors(z, target, **layout, clock={"seed": 1, "step": 2})
    matched = match_anchors.sample_anchors(labels, keys, 8)
    costs = stage_costs.anchor_costs(z, target, matched, **layout)
    said = stage_costs.split_outputs(z, **layout).anchors
    assert (matched > 0).any()
    for n, a in np.ndindex(matched.shape):
        objectness = torch.nn.functional.binary_cross_entropy_with_logits(
            torch.tensor(said[n, a, 0]), torch.tensor(float(matched[n, a] > 0), dtype=torch.float64)
        )
        assert costs[n, a, 0] == pytest.approx(float(objectness) if matched[n, a] >= 0 else 0)
        moved = 0.0
        if matched[n, a] > 0:
            wanted = encode(target[n, int(matched[n, a]) - 1, 1:5], said[n, a, 5:])
            deltas = torch.tensor(said[n, a, 1:5])
            moved = float(torch.nn.functional.smooth_l1_loss(deltas, torch.tensor(wanted), beta=1 / 9, reduction="sum"))
        assert costs[n, a, 1] == pytest.approx(moved)


def focal_loss(logits: Any, wanted: Any, gamma: float, alpha: float) -> Any:
    """As torchvision.ops.sigmoid_focal_loss."""
    likely = torch.sigmoid(logits)
    cost = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    own = likely * wanted + (1 - likely) * (1 - wanted)
    return cost * (1 - own) ** gamma * (alpha * wanted + (1 - alpha) * (1 - wanted))


def giou_loss(one: Any, other: Any) -> Any:
    """As torchvision.ops.generalized_box_iou_loss, of pairs of boxes (…, 4)."""
    low, high = torch.maximum(one[..., :2], other[..., :2]), torch.minimum(one[..., 2:], other[..., 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    union = (one[..., 2:] - one[..., :2]).prod(dim=-1) + (other[..., 2:] - other[..., :2]).prod(dim=-1) - shared
    outer = torch.maximum(one[..., 2:], other[..., 2:]) - torch.minimum(one[..., :2], other[..., :2])
    hull = outer.prod(dim=-1)
    return 1 - (shared / union - (hull - union) / hull)


@pytest.mark.parametrize("giou", [1, 0])
def test_places_cost_what_pytorch_says_and_are_pushed_as_autograd_pushes(giou: int) -> None:
    """Focal loss of all classes at all places, generalized IoU or smooth L1 where an object is; and the slopes."""
    random = np.random.default_rng(13)
    H, W, C = 5, 6, 3
    z = random.normal(size=(2, H, W, 4 + C))
    target = np.concatenate([random.integers(1, C + 1, (2, 3, 1)), random_boxes(random, 2, 3)], axis=-1)
    matched = match_places(target, np.array([1.5]), (H, W))
    assert (matched > 0).sum() > 5
    gamma, alpha = np.array([2.0]), np.array([0.25])
    costs, _, _ = single_shot.reference(z, target, matched, gamma, alpha, giou)
    weights, divisors = np.array([1.0, 3.0]), np.array([4.0, 2.0])
    slopes = single_shot.reference_back(z, target, matched, gamma, alpha, weights, divisors, giou)
    outputs = torch.tensor(z, requires_grad=True)
    classes, boxes = torch.zeros(2, H, W, dtype=torch.float64), torch.zeros(2, H, W, dtype=torch.float64)
    for n, i, j in np.ndindex(2, H, W):
        wanted = torch.zeros(C, dtype=torch.float64)
        k = int(matched[n, i, j]) - 1
        if k >= 0:
            wanted[int(target[n, k, 0]) - 1] = 1
            middle = torch.tensor([j + 0.5, i + 0.5], dtype=torch.float64)
            true = torch.tensor(target[n, k, 1:5] * [W, H, W, H])
            if giou:
                away = outputs[n, i, j, :4].exp()
                own = torch.cat([middle - away[:2], middle + away[2:]])
                boxes[n, i, j] = giou_loss(own, true)
            else:
                ends = torch.cat([middle - true[:2], true[2:] - middle]).log()
                boxes[n, i, j] = torch.nn.functional.smooth_l1_loss(
                    outputs[n, i, j, :4], ends, beta=1 / 9, reduction="sum"
                )
        classes[n, i, j] = focal_loss(outputs[n, i, j, 4:], wanted, 2.0, 0.25).sum()
    assert np.allclose(costs, torch.stack([classes, boxes], dim=-1).detach().numpy(), atol=1e-9)
    (classes.sum() * weights[0] / divisors[0] + boxes.sum() * weights[1] / divisors[1]).backward()
    assert np.allclose(slopes, outputs.grad.numpy(), atol=1e-9)
