"""A run that is changed by parts: what goes with a thing that is exchanged, and what stays."""

from __future__ import annotations

import pytest

from nnplay.config import RunConfig, Whole
from nnplay.config.exchange import exchanged
from nnplay.config.fit import fit_data, fit_loss
from nnplay.errors import InputError

RUN = RunConfig.from_dict(
    {
        "title": "Two arms",
        "data": {"name": "spiral", "noise": 0.3, "features": "x1"},
        "split": {"train": 0.5, "validation": 0.25, "test": 0.25, "seed": 7, "scale": "minmax"},
        "layers": "linear 8, tanh, linear 2",
        "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
        "optimizer": {"name": "adam", "lr": 0.2, "beta1": 0.8},
        "epochs": 5,
    }
).changed({"stop": {"patience": 3}})


def test_another_optimizer_goes_on_at_the_rate_with_its_own_fields_as_usual() -> None:
    """The rate stays, what only the one before had goes; a rate that is said along with it is taken."""
    found = exchanged(RUN, {"optimizer": {"name": "adamw"}}).optimizer.values
    assert (found["lr"], found["beta1"]) == (0.2, 0.9)
    assert exchanged(RUN, {"optimizer": {"name": "sgd", "lr": 0.5}}).optimizer.values["lr"] == 0.5
    assert exchanged(RUN, {"optimizer": {"name": "adam"}}) == RUN


def test_another_loss_has_its_own_fields() -> None:
    """Fields of the loss before are no fields of the next; the same loss keeps them."""
    found = exchanged(RUN, {"loss": {"name": "mse"}}).loss
    assert found is not None
    assert "label_smoothing" not in found.values
    assert exchanged(RUN, {"loss": {"name": "cross_entropy"}}) == RUN


def test_other_data_keep_shares_and_stops_and_nothing_of_the_data_before() -> None:
    """Noise, features, scaling and title belonged to the data before; shares and stop conditions are the user's."""
    found = exchanged(RUN, {"data": {"name": "moons"}})
    assert (found.data.values, found.title) == ({}, "")
    assert (found.split.per_cents, found.split.seed, found.split.scale) == ((50, 25, 25), -1, "auto")
    assert found.stops == {"epochs": 5, "patience": 3}
    file = exchanged(RUN, {"data": {"file": "my.csv", "target": "price"}})
    assert (file.data.file, file.data.name, file.data.values) == ("my.csv", "", {"target": "price"})


def test_a_field_of_the_data_leaves_the_rest_as_it_is() -> None:
    """More noise is the same data: split, title and features stay, unless the whole section is given anew."""
    found = exchanged(RUN, {"data": {"noise": 0.1}})
    assert found == RUN.changed({"data": {"noise": 0.1}})
    assert (found.split, found.title, found.data.values["features"]) == (RUN.split, "Two arms", "x1")
    assert exchanged(RUN, {"data": Whole(name="spiral", noise=0.1)}).data.values == {"noise": 0.1}


def test_stop_conditions_are_a_section_of_the_table() -> None:
    """They are changed by name and off at 0, a file holds those that are on, and nonsense is refused."""
    assert RUN.stops == {"epochs": 5, "patience": 3}
    assert (RUN.to_dict()["epochs"], RUN.to_dict()["stop"]) == (5, {"patience": 3})
    assert RunConfig.from_dict(RUN.to_dict()) == RUN
    assert "stop" not in RUN.stopping({"epochs": 5}).to_dict()
    assert RUN.changed({"stop": {"epochs": 0, "loss": "0.5"}}).stops == {"patience": 3, "loss": 0.5}
    assert RUN.stopping({}).stops == {}
    assert RUN.changed({"seed": 1}).stops == RUN.stops
    for wrong in ({"patients": 3}, {"epochs": -1}, {"accuracy": 2}):
        with pytest.raises(InputError, match="stop"):
            RUN.changed({"stop": wrong})


@pytest.mark.parametrize(
    ("layers", "last"),
    [
        ("linear 8, tanh, linear 2 frozen", "linear 10 frozen"),
        ("conv2d 4 3, relu, conv2d 6 1, global_avg_pool", "global_avg_pool"),
        ("flatten, linear 8", "linear 10"),
    ],
)
def test_layers_follow_the_data_where_one_says_how_many_numbers_it_gives(layers: str, last: str) -> None:
    """The last layer that gives as many as it is told gives as many as there are classes, whatever kind it is."""
    digits = RunConfig.from_dict({"data": "digits"}).load()
    run = fit_data(RunConfig.from_dict({"data": "digits", "layers": layers, "loss": "mse"}), digits.train)
    assert run.loss is not None
    assert run.loss.record.name == "cross_entropy"
    assert run.layer_texts[-1] == last
    if "conv2d" in layers:
        assert run.layer_texts[2].startswith("conv2d 10")


def test_a_loss_that_no_width_can_serve_leaves_the_network_alone() -> None:
    """Where other outputs would not help, nothing is changed behind the user's back."""
    digits = RunConfig.from_dict({"data": "digits"}).load()
    run = RunConfig.from_dict({"data": "digits", "layers": "flatten, linear 10", "loss": "hinge"})
    assert fit_loss(run, digits.train) == run
