"""What is chosen for a data set where nothing is said but its name."""

from __future__ import annotations

import pytest

from nnplay.config import RunConfig
from nnplay.config.fit import fit_data
from nnplay.data.catalogue import dataset_records
from nnplay.network.network import Network
from nnplay.training.scores.targets import target_form


@pytest.mark.parametrize("name", sorted(dataset_records()))
def test_every_data_set_has_a_network_that_suits_it(name: str) -> None:
    """The name is a whole run: the network takes the inputs and answers as the loss wants, at every place."""
    few = {"samples": 100} if any(field.name == "samples" for field in dataset_records()[name].fields) else {}
    config = RunConfig.from_dict({"data": {"name": name, **few}})
    split = config.load()
    made = config.completed(split)
    assert made.loss is not None
    target_form(made.loss, split.train, Network(made.layers).plan(split.feature_shape).output_shape)


@pytest.mark.parametrize("name", ["characters", "shapes_masks", "spiral", "sine"])
@pytest.mark.parametrize("before", ["conv2d 4 3, relu, flatten, linear 10", "linear 8, tanh, linear 2"])
def test_a_network_that_other_data_cannot_use_gives_way(name: str, before: str) -> None:
    """Where the layers on the screen cannot take the data that were chosen, those that suit them stand there."""
    few = {"name": name, "samples": 100}
    data = RunConfig.from_dict({"data": few}).load().train
    start = "digits" if before.startswith("conv2d") else "xor"
    config = RunConfig.from_dict({"data": start, "layers": before})
    run = fit_data(config.completed(config.load()).changed({"data": few}), data)
    assert run.loss is not None
    target_form(run.loss, data, Network(run.layers).plan(data.feature_shape).output_shape)
