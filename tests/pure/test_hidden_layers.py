"""Claims about changes activation of all hidden layers."""

from __future__ import annotations

import pytest

from nnplay.errors import InputError
from nnplay.network.hidden_layers import (
    MIXED,
    NONE,
    activation_names,
    add_hidden_layer,
    common_activation,
    remove_hidden_layer,
    with_activation,
)

TANH = ("linear 8", "tanh", "linear 4", "tanh", "linear 2")


def test_activations_work_number_by_number() -> None:
    """Those that compare numbers, or give fewer than they take, cannot stand behind every layer."""
    names = activation_names()
    assert {"relu", "tanh", "prelu", "sigmoid"} <= set(names)
    assert not {"softmax", "log_softmax", "maxout", "identity", "linear"} & set(names)


def test_one_activation_is_put_into_all_hidden_layers() -> None:
    """Also into the branches of blocks; names stay, and the activation of the last layer is its own."""
    texts = ("linear 8", "tanh name=bend", "sum[identity | linear 8, relu]", "linear 1", "sigmoid")
    assert common_activation(texts) == MIXED
    changed = with_activation(texts, "gelu")
    assert changed == ("linear 8", "gelu name=bend", "sum[identity | linear 8, gelu]", "linear 1", "sigmoid")
    assert common_activation(changed) == "gelu"


def test_activations_are_taken_out_and_put_in() -> None:
    """`none` takes them out; where there is none, one goes behind each hidden layer with weights."""
    bare = with_activation(TANH, NONE)
    assert bare == ("linear 8", "linear 4", "linear 2")
    assert common_activation(bare) == NONE
    assert with_activation(bare, "relu") == ("linear 8", "relu", "linear 4", "relu", "linear 2")


@pytest.mark.parametrize("texts", [(), ("linear 2",)])
def test_a_network_without_hidden_layers_says_so(texts: tuple[str, ...]) -> None:
    """Nothing can have an activation there."""
    with pytest.raises(InputError, match="no hidden layer"):
        with_activation(texts, "relu")


def test_hidden_layers_are_added_and_removed() -> None:
    """One more is as wide as the one before it, with the same activation; the last of them goes first."""
    more = add_hidden_layer(TANH)
    assert more == ("linear 8", "tanh", "linear 4", "tanh", "linear 4", "tanh", "linear 2")
    assert remove_hidden_layer(more) == TANH
    assert add_hidden_layer(("linear 1 name=out",)) == ("linear 8", "tanh", "linear 1 name=out")
    assert remove_hidden_layer(("linear 8", "linear 2")) == ("linear 2",)
    with pytest.raises(InputError, match="no hidden layer to remove"):
        remove_hidden_layer(("linear 2",))
    with pytest.raises(InputError, match="a adds one"):
        add_hidden_layer(("relu",))
