"""Networks as data: shapes, counts and paths for an input shape, and everything that cannot be."""

from __future__ import annotations

import pytest

import nnplay as nn
from nnplay.errors import InputError, Problems
from nnplay.network.layer_text import split_layers
from nnplay.network.summary import ledger
from nnplay.records.init_schemes import DEFAULT, first_values
from nnplay.records.layer import Layer, LayerRecord


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


def test_sine_layers_begin_as_siren_says() -> None:
    """Weights in front of a sine are uniform up to √(6 / inputs) / 30."""
    plan = nn.Network("linear 64, sine, linear 64, sine, linear 1").plan((64,))
    drawn = first_values(plan.layers[2].plan.parameters["weight"], plan.layers[2].initial, 0, 0)
    bound = (6 / 64) ** 0.5 / 30
    assert 0.99 * bound < abs(drawn).max() <= bound
    assert abs((30 * drawn).var() - 2 / 64) < 0.002


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
        ("sum", "layer 0, sum: needs at least two branches, but has 0; write sum[linear 8 | identity]"),
        ("concat, linear 2", "layer 0, concat: needs at least two branches, but has 0"),
        ("sum[]", "needs at least two branches, but has 1"),
        ("tanh, sequential", "layer 1, sequential: takes one chain of layers, but has none; write sequential["),
        ("sequential[linear 3 | linear 4]", "takes one chain of layers, but has 2"),
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


def test_a_join_says_nothing_where_a_branch_cannot_be() -> None:
    """What a branch that cannot be would have given is unknown, so only its own problem is told."""
    with pytest.raises(InputError) as caught:
        nn.Network("sum[crop | linear 4]").plan((2,))
    assert "crop" in str(caught.value)
    assert not isinstance(caught.value, Problems)


@pytest.mark.parametrize("block", [nn.Sum, nn.Sum(), nn.Concat()])
def test_a_block_made_without_branches_is_refused(block: Layer | LayerRecord) -> None:
    """From Python too, a combination of nothing is told with an example of one."""
    with pytest.raises(InputError, match=r"needs at least two branches, but has 0; write \w+\[linear 8"):
        nn.Network([block]).plan((2,))


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


@pytest.mark.parametrize(
    "text",
    [
        "linear 8, linear 4, relu",
        "linear 8, dropout 0.1, layer_norm, dropout 0.1, relu, linear 2",
        "linear 8, relu, linear 2",
        "linear 8, concat[linear 3, relu | linear 3], tanh",
    ],
)
def test_the_list_of_layers_says_how_weights_really_begin(text: str) -> None:
    """The scheme beside each layer is the one that the network uses, however far behind the activation stands."""
    texts = split_layers(text)
    plan = nn.Network(text, seed=0).plan((5,))
    used = {
        planned.path: planned.initial.replace("_", "-") for planned in plan.layers if "init" in planned.layer.values
    }
    shown = ledger(texts, (5,), (), ()).lines
    assert {str(place): line.note for place, line in enumerate(shown) if line.note} == {
        path: scheme for path, scheme in used.items() if "." not in path
    }
    inside = [part.note for line in shown for branch in line.parts for part in branch if part.note]
    assert inside == [scheme for path, scheme in used.items() if "." in path]
