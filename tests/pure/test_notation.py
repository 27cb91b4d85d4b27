"""Layers as text: what is read, what is refused, and that showing and reading are inverse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnplay as nn
from nnplay.errors import InputError
from nnplay.network.notation import parse_layer, parse_layers, show_layer, show_layers
from nnplay.records.layer import Layer
from nnplay.records.registry import layer_records


def cases() -> list[Layer]:
    """A layer for every test case of every record that is no combination."""
    return [
        record(**case.values)
        for record in layer_records().values()
        if not (record.joins or record.contains)
        for case in record.cases
    ]


def test_every_record_is_shown_and_read_back() -> None:
    """The shortest text of any layer gives the same layer back."""
    assert [show_layer(layer) for layer in cases() if parse_layer(show_layer(layer)) != layer] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("linear 8, tanh, linear 2", "linear 8, tanh, linear 2"),
        ("linear 8\ntanh\nlinear 2", "linear 8, tanh, linear 2"),
        ("  LINEAR   8 ;;, tanh # a remark\n\n", "linear 8, tanh"),
        ("linear units=8 bias=no", "linear 8 bias=no"),
        ("dropout 0.0123456789", "dropout 0.0123456789"),
        ("linear 8 no-bias", "linear 8 bias=no"),
        ("linear 8 he_normal", "linear 8 init=he_normal"),
        ("linear 8 name=hidden frozen", "linear 8 name=hidden frozen"),
        ("linear 8 share=a.0 bias=no name=b", "linear 8 bias=no name=b share=a.0"),
        ("sum[identity | linear 2, tanh]", "sum[identity | linear 2, tanh]"),
        ("sum[ | linear 2]", "sum[ | linear 2]"),
        ('expr "max(x, -x) * 2", tanh#, relu', 'expr "max(x, -x) * 2", tanh'),
        ("sum[expr formula='x / (1 + x**2)' | relu]", 'sum[expr "x / (1 + x**2)" | relu]'),
        ("sequential[linear 2, sum[tanh | relu]]", "sequential[linear 2, sum[tanh | relu]]"),
    ],
)
def test_texts_and_what_they_stand_for(text: str, shown: str) -> None:
    """Separators, remarks, short forms, names and brackets are read as documented."""
    assert show_layers(parse_layers(text)) == shown
    assert parse_layers(shown) == parse_layers(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("linaer 8", "unknown layer 'linaer'; did you mean 'linear'?"),
        ("8", "unknown layer '8'; known: "),
        ("linear", "needs 'units'"),
        ('expr "x * 2', 'the quotes in "x * 2 do not match; put quotes around a whole value, as in expr "x'),
        ("expr x*'2'", "the quotes in x*'2' do not match"),
        ("expr", "needs 'formula'"),
        ("expr max(x, 1)", 'a formula with spaces or commas needs quotes; write expr "x * sigmoid(1.7*x)"'),
        ("expr x * 2", "a formula with spaces or commas needs quotes"),
        ("linear 0", "'0' is not an integer ≥ 1"),
        ("linear -3", "'-3' is not an integer ≥ 1"),
        ("linear 2.5", "'2.5' is not an integer"),
        ("linear nan", "'nan' is not an integer"),
        ("linear inf", "'inf' is not an integer"),
        ("linear 1e10", "'1e10' is not an integer"),
        ("linear 8 wat=3", "unknown setting 'wat'"),
        ("linear 8 bias=perhaps", "'perhaps' is not yes or no"),
        ("tanh 3", "'tanh' takes no values"),
        ("linear 8]", "without an opening bracket"),
        ("sum[linear 8", "the bracket of 'sum' is not closed"),
        ("tanh[linear 8]", "'tanh' has no branches"),
        ("sequential[" * 40, "nested deeper than 32"),
        ("a" * 1_000_001, "at most 1,000,000"),
    ],
)
def test_texts_that_are_refused(text: str, message: str) -> None:
    """Each wrong text gets one sentence that names the word and what is legal or nearest."""
    with pytest.raises(InputError) as caught:
        parse_layers(text)
    assert message in str(caught.value)


@settings(deadline=None)
@given(st.text(alphabet="linear tanh sum[]|,;=8.#\n-xk", max_size=60))
def test_no_text_raises_anything_but_an_input_error(text: str) -> None:
    """Any text is a list of layers or an InputError; what is read can be shown and read again."""
    try:
        layers = parse_layers(text)
    except InputError:
        return
    assert parse_layers(show_layers(layers)) == layers


def test_one_layer_is_one_layer() -> None:
    """`parse_layer` refuses none and several."""
    for text in ("", "tanh, tanh"):
        with pytest.raises(InputError, match="add one layer at a time"):
            parse_layer(text)


def test_layers_of_python_show_as_text() -> None:
    """A network made in Python prints as the text that makes it."""
    assert repr(nn.Network([nn.Linear(8), nn.Tanh(), nn.Linear(2)])) == "Network('linear 8, tanh, linear 2', seed=0)"
