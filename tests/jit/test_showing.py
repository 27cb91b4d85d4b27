"""What a Python session shows of nnplay's objects: one line each, as they are written."""

from __future__ import annotations

import inspect
import pydoc
import re
from pathlib import Path

import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.fields import REQUIRED
from nnplay.records.registry import python_names

ROOT = Path(nn.__file__).parent.parent


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (nn.Adam(lr=0.1), "Adam(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.0, amsgrad=False)"),
        (
            nn.CrossEntropy(),
            "CrossEntropy(label_smoothing=0.0, class_weights='', ignore_index=-100, reduction='mean', "
            "targets='labels')",
        ),
        (nn.MSE(), "MSE(reduction='mean')"),
        (nn.Cosine(steps=9), "Cosine(steps=9, min_factor=0.0)"),
    ],
)
def test_what_was_made_is_shown_as_it_is_written(shown: object, wanted: str) -> None:
    """The text is the call that makes it."""
    assert repr(shown) == wanted


@pytest.mark.parametrize("name", ["Linear", "Adam", "CrossEntropy", "Cosine", "LSTM"])
def test_records_say_their_fields_and_what_they_do(name: str) -> None:
    """`nn.Linear` on a line of its own tells how to call it, in at most a few lines."""
    text = repr(getattr(nn, name))
    assert text.startswith(f"<{name}(")
    assert "=" in text
    assert len(text) < 600


def test_split_trainer_and_history_are_one_line() -> None:
    """No index arrays, no addresses: rows, progress and the newest values."""
    split = nn.load_dataset("xor", samples=100).split()
    trainer = nn.Trainer(nn.Network("linear 2"), split)
    assert repr(split) == "<Split of xor: 70 training rows, 15 validation rows, 15 test rows, scaled none>"
    assert repr(trainer.history) == "<History: nothing yet>"
    history = trainer.run(epochs=1)
    assert repr(trainer) == "<Trainer of Network('linear 2', seed=0) on xor: epoch 1, step 3>"
    assert "validation_loss" in repr(history)
    assert "\n" not in repr(history)


def test_optimizers_and_losses_in_one_line_of_text() -> None:
    """`adam lr=0.1` works in Python as it does in files, and is refused as clearly."""
    split = nn.load_dataset("xor", samples=100).split()
    trainer = nn.Trainer(
        nn.Network("linear 2"), split, loss="cross_entropy label_smoothing=0.1", optimizer="sgd lr=0.1"
    )
    assert repr(trainer.optimizer).startswith("SGD(lr=0.1,")
    for text, wanted in (
        ("sdg lr=1", "did you mean 'sgd'"),
        ("sgd 0.1", "not of the form"),
        ("sgd lr=fast", "'fast' is not a number"),
        ("", "unknown optimizer ''"),
    ):
        with pytest.raises(InputError, match=wanted):
            nn.Trainer(nn.Network("linear 2"), split, optimizer=text)


@pytest.mark.parametrize("initial", sorted({name[0] for name in python_names()}))
def test_help_is_that_of_the_record_not_of_its_class(initial: str) -> None:
    """`help(nn.Linear)` tells the call, every field's range and default, PyTorch's name and the source."""
    for name in python_names():
        if name.startswith(initial):
            look_at_help(name)


def look_at_help(name: str) -> None:
    """The help of one record."""
    record = python_names()[name]
    text = " ".join(pydoc.plain(pydoc.render_doc(record)).split())
    assert f"{name}(" in text
    assert " ".join(record.about.split()) in text
    for field in record.fields:
        default = "required" if field.default is REQUIRED else f"default {field.show(field.default) or 'empty'}"
        assert f"{field.name}: {field.range_text}; {default}" in text
        assert field.help in text
    assert f"PyTorch: {'torch' if record.torch.isidentifier() else record.torch}" in text
    (source,) = re.findall(r"Source: (\S+\.py)", text)
    assert (ROOT / source).is_file()
    assert "help_text" not in text
    assert "__call__" not in text


def test_help_of_a_layer_has_formula_and_shapes() -> None:
    """The formulas are those of its rows, and an example says which shapes go in, come out and are learned."""
    text = pydoc.plain(pydoc.render_doc(nn.Linear))
    assert "y[n,o] = Σᵢ x[n,i]·weight[i,o] + bias[o]" in text
    assert "Linear(units=3) turns (N, 5) into (N, 3); its parameters are weight (5, 3), bias (3,)" in text


def test_classes_of_records_keep_their_own_help() -> None:
    """Only the records' help is made; `LayerRecord` says what a record is."""
    assert str(type(nn.Linear).__doc__).startswith("One kind of layer; calling the record makes a layer")


def test_classes_of_records_keep_their_own_signature() -> None:
    """Dataclasses ask for it where there are no docstrings: nothing could be imported with `python -OO`."""
    assert {"name", "about", "fields"} <= set(inspect.signature(type(nn.Linear)).parameters)
    assert str(inspect.signature(nn.Tanh)) == "()"
