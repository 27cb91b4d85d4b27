"""Networks as data: shapes, counts and paths for an input shape, and everything that cannot be."""

from __future__ import annotations

import pytest

import nnplay as nn
from nnplay.errors import InputError, Problems
from nnplay.records.init_schemes import DEFAULT


def test_shapes_and_counts_follow_from_the_input() -> None:
    """Sizes are inferred, parameters and multiply-adds counted."""
    plan = nn.Network("linear 8, tanh, linear 3").plan((4,))
    assert plan.values == ((4,), (8,), (8,), (3,))
    assert plan.output_shape == (3,)
    assert plan.parameter_count == 4 * 8 + 8 + 8 * 3 + 3
    assert plan.multiply_adds >= 4 * 8 + 8 * 3


def test_planning_takes_no_memory_for_a_huge_network() -> None:
    """A network of 10¹⁸ parameters is planned like any other; only running it needs memory."""
    plan = nn.Network("linear 1e9, linear 1e9").plan((2,))
    assert plan.parameter_count > 10**18


def test_paths_are_positions_or_names() -> None:
    """Layers are called by their own name or by where they stand, in branches too."""
    plan = nn.Network("linear 4 name=in, sum[identity | linear 4, tanh], linear 1").plan((2,))
    assert [planned.path for planned in plan.layers] == ["in", "1.0.0", "1.1.0", "1.1.1", "1", "2"]


def test_branches_start_from_one_value_and_join() -> None:
    """A sum reads the ends of its branches; both begin at the same value."""
    plan = nn.Network("linear 4, sum[identity | linear 4]").plan((2,))
    first, identity, linear, joined = plan.layers
    assert identity.inputs == linear.inputs == (first.output,)
    assert joined.inputs == (identity.output, linear.output)


def test_initial_weights_follow_the_next_activation() -> None:
    """A layer in front of a ReLU gets another scheme than one in front of a tanh; the last one gets the default."""
    suggested = {
        planned.path: planned.initial
        for planned in nn.Network("linear 4, relu, linear 4, tanh, linear 1").plan((2,)).layers
    }
    assert suggested["0"] != suggested["2"]
    assert suggested["4"] == DEFAULT


def test_frozen_reaches_into_blocks() -> None:
    """A frozen block freezes every layer in it."""
    plan = nn.Network([nn.Sequential(nn.Linear(4), nn.Tanh(), frozen=True), nn.Linear(1)]).plan((2,))
    assert [planned.frozen for planned in plan.layers] == [True, True, False]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("", "has no layers"),
        ("sum[linear 3 | linear 4]", "sum"),
        ("linear 4 name=a, linear 4 name=a", "two layers are called 'a'"),
        ("linear 4 name=a.b", "cannot be a layer's name"),
    ],
)
def test_networks_that_cannot_be(layers: str, message: str) -> None:
    """Each is refused with a sentence that names the layer."""
    with pytest.raises(InputError) as caught:
        nn.Network(layers).plan((2,))
    assert message in str(caught.value)


def test_problems_in_different_branches_are_told_together() -> None:
    """Two branches with a mistake each give two messages."""
    layers = "sum[linear 2 name=b!, linear 2 | linear 2 name=c!]"
    with pytest.raises(Problems) as caught:
        nn.Network(layers).plan((2,))
    assert len(caught.value.problems) == 2


def test_what_is_no_layer_is_refused() -> None:
    """A number among the layers is named; a record without parentheses counts as the layer with its defaults."""
    with pytest.raises(InputError, match="8 is not a layer"):
        nn.Network([nn.Linear(8), 8])  # type: ignore[list-item]
    assert nn.Network([nn.Linear(8), nn.Tanh]).plan((2,)).output_shape == (8,)


def test_far_too_many_layers_are_refused_before_anything_is_planned() -> None:
    """Ten thousand layers are taken, one more is not; those within combinations count too."""
    assert len(nn.Network("tanh, " * 10_000).layers) == 10_000
    for text in ("tanh, " * 10_001, f"sequential[{'tanh, ' * 10_000}]"):
        with pytest.raises(InputError, match="has 10,001 layers; at most 10,000"):
            nn.Network(text)
