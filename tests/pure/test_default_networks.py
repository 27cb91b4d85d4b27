"""The network that is chosen for a kind of data ends in what its loss wants, whatever the data are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.config.default_networks import DEFAULT_NETWORKS, MOST_PARAMETERS, layers_for
from nnplay.config.fit import fit_data
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError
from nnplay.network.network import Network
from nnplay.records.registry import loss_records
from nnplay.training.scores.targets import target_form

CROSS_ENTROPY = loss_records()["cross_entropy"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("iris", "tables, and all else"),
        ("characters", "texts to go on with"),
        ("dates", "sequences that become others"),
        ("moving_shapes", "clips"),
    ],
)
def test_a_chosen_network_ends_as_its_loss_wants(data: str, kind: str) -> None:
    """Logits for cross entropy, their logarithms for nll, and probabilities where the loss is given these."""
    split = RunConfig.from_dict({"data": data}).load()
    assert next(network.data for network in DEFAULT_NETWORKS if network.suits(split.train)) == kind
    for loss, last in (("cross_entropy", "linear"), ("nll", "log_softmax"), ("cross_entropy_probabilities", "softmax")):
        config = RunConfig.from_dict({"data": data, "loss": loss})
        assert config.completed(split).layers[-1].record.name == last


def test_rows_of_measures_with_several_labels_are_no_tokens() -> None:
    """Two labels for each row of three measures: the last layers give each label its classes."""
    chance = np.random.default_rng(0)
    data = Dataset(chance.normal(size=(40, 3)), chance.integers(0, 2, (40, 2)))
    layers = [layer.record.name for layer in layers_for(data, loss_records()["cross_entropy"]())]
    assert (layers[0], layers[-2:]) == ("linear", ["linear", "reshape"])


def test_numbers_of_a_large_table_come_in_ranges(tmp_path: Path) -> None:
    """From 700 training rows on; not the inputs that are 0 or 1."""
    for rows, first in ((900, "ensemble"), (1200, "piecewise_linear")):
        lines = [f"{k * 37 % 101},{'red' if k % 3 else 'blue'},{k % 11},{k % 5 + 0.5}" for k in range(rows)]
        (tmp_path / "t.csv").write_text("\n".join(["a,b,c,y", *lines]), encoding="utf-8")
        config = RunConfig.from_dict({"data": {"file": str(tmp_path / "t.csv"), "target": "y"}})
        layer = config.completed(config.load()).layers[0]
        assert layer.record.name == first
    assert layer.values == {"ranges": 52, "inputs": "0 2"}


def test_numbers_of_a_small_table_are_learned_by_four_networks(tmp_path: Path) -> None:
    """Each has a quarter of the penalty; classes, and an optimizer that has one loss only, have a single network."""
    lines = [f"{k * 37 % 101},{k % 11},{k % 7 + 0.5},{'red' if k % 3 else 'blue'}" for k in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y,kind", *lines]), encoding="utf-8")

    def completed(target: str, **changes: str) -> RunConfig:
        config = RunConfig.from_dict({"data": {"file": str(tmp_path / "t.csv"), "target": target}, **changes})
        return config.completed(config.load())

    run = completed("y")
    assert [layer.record.name for layer in run.layers] == ["ensemble"]
    assert len(run.layers[0].branches) == 4
    assert run.training["l2"] == 0.0025
    for single in (completed("kind"), completed("y", optimizer="levenberg_marquardt")):
        assert [layer.record.name for layer in single.layers] == ["linear", "relu", "linear", "relu", "linear"]
    assert completed("kind").training["l2"] == 0.01


def _rows_of(shape: tuple[int, ...]) -> Dataset:
    """Three rows of a shape, in two classes."""
    return Dataset(np.zeros((3, *shape), np.float32), [0, 1, 0], class_names=["class 0", "class 1"])


def test_a_long_sequence_needs_few_weights() -> None:
    """As many numbers as would be too many for a table are read one time step after the other."""
    shape = (600, 1000)
    assert Network(layers_for(_rows_of(shape), CROSS_ENTROPY())).plan(shape).parameter_count < MOST_PARAMETERS


@pytest.mark.parametrize("shape", [(600_000,), (900_000, 1, 1)])
def test_a_huge_network_that_nobody_asked_for_is_refused(shape: tuple[int, ...]) -> None:
    """Before anything is allocated, with its size and a smaller one; whoever asks for it gets it."""
    data = _rows_of(shape)
    with pytest.raises(InputError, match=r"parameters \(.* with gradients.*layers='(global_avg_pool, )?linear 2'"):
        layers_for(data, CROSS_ENTROPY())
    config = RunConfig.from_dict({"data": "xor", "layers": "linear 2", "loss": "cross_entropy"})
    if len(shape) == 1:
        assert fit_data(config, data).layers == config.layers


def test_names_of_many_inputs_are_read_once() -> None:
    """The parts of a data set take them over: millions of names would be cleaned again for each of them."""
    data = Dataset(np.zeros((10, 4)), [0, 1] * 5, feature_names=["a", "b", "c", "d"])
    parts = data.split()
    assert parts.train.feature_names is data.feature_names
    assert parts.test.feature_names is data.feature_names


def test_data_of_one_class_are_to_blame_and_not_the_network() -> None:
    """All labels of a file are the same."""
    data = Dataset(np.zeros((9, 2)), [0] * 9, name="mine", class_names=["cat"])
    with pytest.raises(InputError, match="every row of 'mine' has the class 'cat'"):
        target_form(CROSS_ENTROPY(), data, (1,))


def test_a_network_that_names_pixels_looks_for_no_boxes() -> None:
    """From every pixel it would, and see a few pixels of each box; one that was made for boxes stays."""
    pixels = Dataset(np.zeros((9, 16, 16, 3)), np.zeros((9, 16, 16), np.int64), class_names=["ground", "cat"])
    places = np.array([[[1, 0, 0, 0.5, 0.5]]] * 9)
    boxes = Dataset(np.zeros((9, 16, 16, 3)), places, task="detection", class_names=["cat", "dog"])
    words = {"data": "xor", "layers": "conv2d 4 3 padding=same, relu, conv2d 2 1", "loss": "cross_entropy"}
    other = fit_data(fit_data(RunConfig.from_dict(words), pixels), boxes)
    assert Network(other.layers).plan((16, 16, 3)).output_shape == (2, 2, 6)
    own = RunConfig.from_dict({**words, "layers": "conv2d 4 3 padding=same, relu, conv2d 6 1", "loss": "single_shot"})
    assert fit_data(own, boxes).layers == own.layers
