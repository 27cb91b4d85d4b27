"""Runs of detectors: replayed, walked, taken back and forked they come to the same bits, though boxes are sampled."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.inspector.detail import Looking
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import Detail, Wish
from nnplay.run.playground import PlaygroundBackend
from nnplay.timeline.timeline import Timeline
from tests.jit.test_branches import every, fork, switch
from tests.jit.test_detectors import LAYERS
from tests.jit.test_undo import change, equal, read_everything, train
from tests.small_trainer import same

OBJECTS: Final = {"name": "shapes_objects", "samples": 60, "size": 32, "kinds": 2}
RUNS: Final[dict[str, dict[str, Any]]] = {
    "single shot": {"data": OBJECTS, "layers": "conv2d 6 k3 same stride=4, relu, conv2d 6 1", "loss": "single_shot"},
    "two stages": {
        "data": {**OBJECTS, "masks": True},
        "layers": LAYERS,
        "loss": {"name": "two_stage", "rois": 5, "class_count": 2, "mask": 2},
    },
}
SHARED: Final = {"training": {"batch_size": 16}, "optimizer": {"name": "adam", "lr": 0.003}, "seed": 4}


def config_of(name: str) -> RunConfig:
    return RunConfig.from_dict(RUNS[name] | SHARED)


@pytest.mark.parametrize("name", RUNS)
def test_a_detector_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    """Restored, copied, saved and opened, replayed and walked row by row: the bits of the run itself."""
    config = config_of(name)
    whole = config.trainer()
    whole.run(steps=4)  # in the middle of the second epoch
    state, twin, walked = whole.state(), copy.deepcopy(whole), copy.deepcopy(whole)
    whole.run(steps=3)
    twin.run(steps=3)
    assert same(whole, twin)
    again = config.trainer()
    again.restore(state)
    again.run(steps=3)
    assert same(whole, again)
    with nn.Session.new(tmp_path / "run.nnplay", config.to_dict()) as session:
        session.trainer.run(steps=4)
        session.save()
    with nn.Session.open(tmp_path / "run.nnplay") as session:
        session.trainer.run(steps=3)
        assert same(whole, session.trainer)
    timeline = Timeline(trainer := config.trainer())
    while trainer.step < 7:
        timeline.advance(7 - trainer.step)
    for step in (4, 7, 0, 7):
        timeline.go_to(step)
    assert same(whole, trainer)
    inspector = Inspector(walked)
    for _ in range(3):
        step = walked.step
        while walked.step == step:
            inspector.values(inspector.at)
            inspector.phase_end()
    assert same(whole, walked)


@pytest.mark.parametrize("name", RUNS)
def test_edits_of_a_detector_are_taken_back_and_forks_left_bit_for_bit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undo of a changed loss and of a rate give the bits before; a fork is the run that was changed there."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    backend, fresh = PlaygroundBackend(config_of(name)), PlaygroundBackend(config_of(name))
    try:
        train(backend, 6)
        before, steps = read_everything(backend), every(backend)
        for edit in (change(optimizer={"lr": 0.01}), change(loss={**_loss(name), "box_weight": 3.0})):
            edit(backend)
            assert backend.undo().startswith("undone: ")
            assert equal(read_everything(backend), before)
        fork(backend, 3, "lr 0.01")
        switch(backend, "lr 0.01")
        forked = every(backend)
        train(fresh, 3)
        change(optimizer={"lr": 0.01})(fresh)
        train(fresh, 3)
        assert every(fresh) == forked != steps
        [branch] = backend.worker.timeline.branches if backend.worker.timeline else []
        switch(backend, branch.words)
        assert every(backend) == steps
    finally:
        backend.stop()
        fresh.stop()


def _loss(name: str) -> dict[str, Any]:
    loss = RUNS[name]["loss"]
    return {"name": loss} if isinstance(loss, str) else loss


@pytest.fixture(scope="module")
def walked() -> Inspector:
    """An inspector of a two-stage detector after some steps."""
    trainer = config_of("two stages").trainer()
    trainer.run(steps=6)
    return Inspector(trainer)


def look(inspector: Inspector, name: str, index: tuple[int, ...]) -> Detail:
    """What is shown of the first row of that name."""
    number = next(k for k, row in enumerate(inspector.rows) if row.operation.name == name)
    return Looking().detail(inspector, Wish(row=number, index=index))


def test_each_stage_is_drawn_over_the_picture(walked: Inspector) -> None:
    """Anchors, the boxes that they become, ranks, suppression, proposals, matches and costs have boxes and words."""
    stages = (
        *("anchors", "anchors moved by their deltas", "boxes ranked by objectness", "non-maximum suppression"),
        *("how near proposals are to true boxes", "proposals, sampled", "RoIAlign", "what each anchor is near"),
        *("what each proposal is", "mask targets", "costs of anchors", "costs of proposals"),
    )
    for name in stages:
        shown = look(walked, name, (1, 2)).boxes
        assert shown is not None, name
        assert shown.image.shape == (32, 32, 3)
        assert shown.words
        assert len(shown.strong.places) == (4 if name == "RoIAlign" else 1), name
    assert look(walked, "flatten", (0, 0)).boxes is None


def test_a_proposal_shows_the_mask_that_it_is_to_have(walked: Inspector) -> None:
    """Pixels of the object within a proposal that holds one; none for background."""
    seen = set()
    for place in np.ndindex(4, 5):
        shown = look(walked, "mask targets", place).boxes
        assert shown is not None
        masks = shown.strong.masks
        there = masks is not None and bool(masks.any())
        assert not there or shown.words[0].split(": ")[1].startswith("object ")
        seen.add(there)
    assert seen == {True, False}


def test_costs_are_told_term_by_term(walked: Inspector) -> None:
    """The terms of a picture stand beside it, the chosen one first, with what the rows before gave."""
    detail = look(walked, "costs added up", (1, 2))
    assert detail.boxes is not None
    assert detail.worked is not None
    assert detail.boxes.words[0] == f"picture 1: classes {detail.worked.result:.5g}, of 5 proposals"
    assert [line.split()[0] for line in detail.boxes.words[1:]] == ["objectness", "anchor_boxes", "boxes", "masks"]
    shares = [look(walked, "costs of proposals", (1, place, 0)) for place in range(5)]
    assert all(one.boxes is not None and one.boxes.words[-1].startswith("its share of classes: ") for one in shares)
    total = sum(one.worked.result for one in shares if one.worked is not None)
    assert total == pytest.approx(detail.worked.result, rel=1e-5)


def test_boxes_that_lead_beyond_the_picture_are_said_to_be_cut(walked: Inspector) -> None:
    """An anchor whose deltas lead beyond the border is cut off there, which words say besides numbers."""
    said, name = set(), "anchors moved by their deltas"
    count = look(walked, name, (0, 0, 0)).result.shape[1]
    for number in range(0, count, 5):
        detail = look(walked, name, (0, number, 0))
        assert detail.boxes is not None
        cut = detail.boxes.words[-1].endswith("cut off at the border of the picture")
        assert not cut or {0.0, 1.0} & set(detail.boxes.strong.places[0].tolist())
        said.add(cut)
    assert said == {True, False}


def test_suppression_is_told_box_by_box(walked: Inspector) -> None:
    """Each rank stays or names the better box that it overlaps, as the row decided."""
    for rank in range(12):
        detail = look(walked, "non-maximum suppression", (0, rank))
        assert detail.worked is not None
        assert detail.boxes is not None
        stays = detail.worked.result == 0
        assert detail.boxes.words[-1].startswith("stays: " if stays else "goes: ")
        assert (detail.boxes.words[-1] == "stays: no better box stays") == (rank == 0)
        if detail.worked.result > 0:
            assert f"the better box of rank {detail.worked.result - 1:.0f}, more than 0.7" in detail.boxes.words[-1]


def test_the_points_of_a_part_come_to_its_value(walked: Inspector) -> None:
    """The four samples of one part of RoIAlign, each with its cells and shares, add up to what the kernel gave."""
    detail = look(walked, "RoIAlign", (0, 1, 2, 1, 3))
    assert detail.boxes is not None
    assert detail.worked is not None
    points = [line for line in detail.boxes.words if line.startswith("point")]
    assert len(points) == 4
    values = []
    for line in points:
        blend, value = line.partition(": ")[2].split(" = ")
        parts = [[float(number) for number in part.split("·")] for part in blend.split(" + ")]
        assert sum(share for share, _ in parts) == pytest.approx(1, abs=2e-3)
        assert sum(share * cell for share, cell in parts) == pytest.approx(float(value), abs=3e-3)
        values.append(float(value))
    assert np.mean(values) == pytest.approx(detail.worked.result, abs=1e-4)
