"""A whole detector: its rows are their definitions with real objects as targets, and every view of it can be drawn."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.errors import InputError
from nnplay.network.network import Network
from nnplay.operations.roi_align import pick_levels
from nnplay.records.registry import loss_records
from nnplay.training.trainer import Trainer
from nnplay.tui.outputs.widget import drawing_records
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import row_width
from nnplay.views.choosing import WORST, make_view, views_of
from nnplay.views.kinds.activation_maximisation import place_names
from nnplay.views.kinds.objects import Objects
from nnplay.views.kinds.suppression import Suppressed
from nnplay.views.output_names import name_outputs
from tests.records import Bench, Trial

#: Two levels of a feature pyramid, one head for the anchors of both, and heads for classes, boxes and masks.
LAYERS: Final = """
conv2d 6 k3 same stride=2, relu name=p2
conv2d 6 k3 same stride=2, relu name=p3
concat[recall p2, conv2d 10 1 name=say, anchors "1.5,3", flatten
  | conv2d 10 1 share=say, anchors "1,2", flatten]
reshape -1x9 name=rpn
proposals 5 before=12 name=rois
roi_align 3 cells=1[recall p2 | recall p3 | identity], reshape 5x54
concat[recall rois | linear 3 name=classes | linear 8 name=deltas
  | roi_align 2 cells=1[recall p2 | recall p3 | refine[recall rois | recall classes | recall deltas]]
    reshape 5x24, linear 8]
flatten
concat[identity | recall rpn, flatten]
"""
OBJECTS: Final = ("objects", "anchors", "suppression", "precision-recall of objects", "confusion of objects")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_row_of_a_detector_is_its_definition(dtype: str) -> None:
    """Proposals sampled near true boxes, anchors and masks matched with them: kernels do what NumPy does."""
    loss: Any = loss_records()["two_stage"](rois=5, class_count=2, mask=2, sampled=10)
    bench = Bench(Trial(Network(LAYERS).layers, (10, 8, 3), 3, share=64), dtype, loss=loss, seed=3)
    assert bench.hold_to_definitions() > 40
    tape = bench.tape.layout
    assert (bench.machine.view(tape.find("loss.roi_match"), 3) > 0).any()
    assert (bench.machine.view(tape.find("loss.anchor_match"), 3) > 0).any()
    levels = pick_levels(bench.machine.view(tape.find("rois.output"), 3), (5, 4), 2, 1000)
    assert set(levels.ravel()) == {0, 1}


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    """A detector with masks after a few steps."""
    data = load_dataset("shapes_objects", samples=40, size=32, kinds=2, masks=True)
    split = data.split(0.5, 0.25, 0.25)
    made = Trainer(Network(LAYERS), split, loss="two_stage rois=5 class_count=2 mask=2", batch_size=10)
    made.run(steps=4)
    return made


def test_all_views_of_a_detector_can_be_drawn(trainer: Trainer) -> None:
    """Whatever suits a detector is made and drawn, with colours and without, and stays in its room."""
    names = [view.name for view in views_of(trainer)]
    assert set(OBJECTS) <= set(names)
    drawings = drawing_records()
    for name in names:
        _, output, _ = make_view(trainer, name, 1)
        for look in (Look(), Look(colours="none")):
            for width, height in ((80, 24), (30, 9)) if output is not None else ():
                rows = drawings[type(output)].draw(output, width, height, look)
                assert len(rows) <= height or name not in OBJECTS
                assert max(map(row_width, rows), default=0) <= width or name not in OBJECTS


def test_views_show_what_is_there(trainer: Trainer) -> None:
    """True boxes are those of the data, the worst picture can be found, and boxes are looked at by falling score."""
    _, shown, _ = make_view(trainer, "objects", WORST)
    assert isinstance(shown, Objects)
    assert shown.true.masks is not None
    assert len(shown.true.words) == len(shown.true.places) == len(shown.true.masks) > 0
    scores = []
    for step in range(5):
        _, output, _ = make_view(trainer, "suppression", step)
        assert isinstance(output, Suppressed)
        assert output.words.startswith("goes" if output.by.words else "stays")
        scores.append(float(output.own.words[0].split()[-1]))
    assert scores == sorted(scores, reverse=True)


def test_scores_of_a_detector(trainer: Trainer) -> None:
    """Loss and mean average precision of boxes and masks; scores of single targets there are none."""
    found = trainer.evaluate("test")
    assert set(found) == {"loss", "map_50", "map", "mask_map_50", "mask_map"}
    assert all(np.isfinite(value) for value in found.values())
    with pytest.raises(InputError, match="scored together"):
        trainer.evaluate_targets("test")


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ("linear 4, recall nothing", "there is no layer 'nothing' in front of it to recall"),
        ("sequential name=block[linear 4, relu], recall block", "'block' is a block; name a layer in it"),
        ("sum[linear 4 name=a | linear 4 name=a], recall a", "'a' names 2 layers; write 3.0.a|'a' names 2 layers"),
    ],
)
def test_what_cannot_be_recalled_is_refused(layers: str, words: str) -> None:
    """No such layer, a block, or a name that several layers have."""
    with pytest.raises(InputError, match=words):
        Network(layers).plan((4,))


def test_gradients_of_a_recalled_layer_add_up() -> None:
    """A layer that is used twice gets the gradients of both uses, as a branch of its own would."""
    x, y = np.random.default_rng(0).normal(size=(20, 3)), np.random.default_rng(1).normal(size=(20, 1))
    from nnplay.data.dataset import Dataset

    recalled = Network("linear 4 name=a, tanh, concat[identity | recall a], linear 1")
    branched = Network("linear 4 name=a, concat[tanh | identity], linear 1")
    runs = [
        Trainer(network, Dataset(x, y), optimizer="sgd lr=0.1", batch_size="all") for network in (recalled, branched)
    ]
    for run in runs:
        run.run(steps=5)
    assert np.allclose(runs[0].parameters()["a.weight"], runs[1].parameters()["a.weight"], atol=1e-6)


def test_moving_pictures_of_objects_is_refused() -> None:
    """A flip would leave the boxes behind; noise would not."""
    from nnplay.data.catalogue import load_dataset

    data = load_dataset("shapes_objects", samples=20, size=32, kinds=2)
    with pytest.raises(InputError, match="'flip' would move or hide what boxes are around; use noise alone"):
        data.split(augment="flip")
    assert len(data.split(augment="noise 0.1", copies=1).train) > 20


def test_channels_of_a_grid_are_called_by_what_they_say() -> None:
    """Four distances and the classes; a layer before it has none of these names."""
    data = load_dataset("shapes_objects", samples=12, size=32, kinds=2)
    layers = Network("conv2d 6 k3 same stride=2, relu, conv2d 6 1")
    made = Trainer(layers, data.split(0.5, 0.25, 0.25), loss="single_shot", batch_size=3)
    assert name_outputs(made) == ("to the left", "to the top", "to the right", "to the bottom", *data.class_names)
    places = place_names(made)
    assert places[0] == "2 conv2d, unit 0 (to the left)"
    assert f"2 conv2d, unit 5 ({data.class_names[1]})" in places
    assert "0 conv2d, unit 0" in places
