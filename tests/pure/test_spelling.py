"""Names are suggested where a word is really near one, and nowhere else."""

from __future__ import annotations

import pytest

from nnplay.data.catalogue import dataset_records
from nnplay.errors import near, nearest
from nnplay.presets.catalogue import preset_records
from nnplay.records.registry import layer_records
from nnplay.spelling import near_name

RUNS = sorted({*dataset_records(), *preset_records()})
LAYERS = sorted(layer_records())


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("spirl", "spiral"),
        ("sprial", "spiral"),
        ("spriall", "spiral"),
        ("irs", "iris"),
        ("mons", "moons"),
        ("linaer", "linear"),
        ("Linear", "linear"),
        ("BatchNorm2d", "batch_norm"),
        ("global_average_pool", "global_avg_pool"),
        ("posit", "positional_encoding"),
    ],
)
def test_a_slip_is_understood(word: str, name: str) -> None:
    """One or two wrong, missing, added or swapped letters, capitals, hyphens and beginnings lead to the name."""
    assert near_name(word, LAYERS if name in LAYERS else RUNS) == name


@pytest.mark.parametrize("word", ["foo", "bar", "numbers", "xyz", "8", "a", "", "network", "training", "-", "🌀"])
def test_what_is_far_off_suggests_nothing(word: str) -> None:
    """A word that shares a few letters with a name is no misspelling of it."""
    assert near_name(word, RUNS) is None
    assert near_name(word, LAYERS) is None


def test_a_data_set_that_there_is_not_suggests_none() -> None:
    """MNIST is none of ours, and no other data set is nearly called so."""
    assert near_name("mnist", RUNS) is None


def test_files_are_compared_without_folder_and_ending() -> None:
    """The letters of ".csv" and of a folder make no two files alike."""
    assert near_name("runs/goood.csv", ["runs/good.csv", "runs/bad.csv"]) == "runs/good.csv"
    assert near_name("runs/other.csv", ["runs/good.csv", "runs/bad.csv"]) is None


def test_the_hint_names_the_near_one_or_lists_all() -> None:
    """`near` says nothing where `nearest` lists what there is."""
    assert near("sdg", ["adam", "sgd"]) == nearest("sdg", ["adam", "sgd"]) == "did you mean 'sgd'?"
    assert near("foo", ["sgd", "adam"]) == ""
    assert nearest("foo", ["sgd", "adam"]) == "known: adam, sgd"
    assert nearest("foo", []) == ""
