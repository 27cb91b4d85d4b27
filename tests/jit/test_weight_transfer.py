"""After an edit of the network, each layer that is still there keeps its own weights."""

from __future__ import annotations

import numpy as np
import pytest

import nnplay as nn
from tests.small_trainer import spiral, trainer

BEFORE = "linear 8, tanh, linear 8, tanh, linear 2"


@pytest.mark.parametrize(
    ("after", "places"),
    [
        ("linear 8, tanh, linear 8, tanh, linear 8, linear 2", {"0": "0", "2": "2", "4": "5"}),
        ("linear 8, tanh, linear 8, tanh, linear 8, tanh, linear 2", {"0": "0", "4": "6"}),
        ("linear 8, tanh, sum[identity | linear 8, relu], linear 8, tanh, linear 2", {"0": "0", "2": "3", "4": "5"}),
        ("linear 8, relu, linear 8, relu, linear 2", {"0": "0", "2": "2", "4": "4"}),
        ("linear 8, linear 8, linear 2", {"0": "0", "2": "1", "4": "2"}),
    ],
)
def test_a_layer_beside_which_another_of_its_shape_is_put_keeps_its_weights(after: str, places: dict[str, str]) -> None:
    """What stands around a layer, activations too, tells which of several equal ones it is."""
    old = trainer(spiral(), BEFORE)
    old.run(steps=5)
    new, fresh = nn.remake(old, network=nn.Network(after, seed=0))
    for before, now in places.items():
        for name in ("weight", "bias"):
            assert np.array_equal(old.parameters()[f"{before}.{name}"], new.parameters()[f"{now}.{name}"]), (
                before,
                name,
            )
    assert not {f"{now}.weight" for now in places.values()} & set(fresh)
