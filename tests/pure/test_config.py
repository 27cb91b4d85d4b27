"""A run as data: what is read, what is refused with which place, and that nothing is lost on the way back to text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnplay.config import RunConfig, merged, read_shares
from nnplay.data.catalogue import dataset_records
from nnplay.errors import InputError, Problems
from nnplay.network.notation import show_layers
from nnplay.records.registry import loss_records, optimizer_records, schedule_records

FULL = """
title = "two arms"
epochs = 50
seed = 7
layers = '''
linear 8
tanh
linear 2
'''

[data]
name = "spiral"
samples = 500
noise = 0.1
features = ["x1", "x2", "x1^2"]

[split]
train = 0.6
validation = 0.2
test = 0.2

[loss]
name = "cross_entropy"
label_smoothing = 0.1

[optimizer]
name = "sgd"
lr = 0.1
momentum = 0.9

[schedule]
name = "cosine"

[training]
batch_size = "all"
l2 = 0.001
"""


def test_a_full_run_is_read_as_it_is_written() -> None:
    """Every section of a TOML text arrives with its type."""
    run = RunConfig.from_text(FULL)
    assert (run.title, run.epochs, run.seed) == ("two arms", 50, 7)
    assert show_layers(run.layers) == "linear 8, tanh, linear 2"
    assert run.data.values == {"samples": 500, "noise": 0.1, "features": "x1, x2, x1^2"}
    assert (run.split.train, run.split.validation, run.split.test) == (0.6, 0.2, 0.2)
    assert run.loss is not None
    assert run.loss.values["label_smoothing"] == 0.1
    assert run.optimizer.values["momentum"] == 0.9
    assert run.schedule is not None
    assert run.training == {"batch_size": "all", "l2": 0.001}


def test_text_and_back_gives_an_equal_run() -> None:
    """Reading back what was written, as a table or as TOML text, gives the same run."""
    run = RunConfig.from_text(FULL)
    assert RunConfig.from_text(tomlkit.dumps(run.to_dict())) == run
    assert RunConfig.from_dict(run.to_dict()) == run


def test_every_loss_and_optimizer_survives_the_way_to_text_and_back() -> None:
    """Whatever record is chosen, its name and its fields are written and read."""
    losses, optimizers = list(loss_records()), list(optimizer_records())
    for k in range(max(len(losses), len(optimizers))):
        loss, optimizer = losses[k % len(losses)], optimizers[k % len(optimizers)]
        table = {"data": "spiral", "loss": loss, "optimizer": f"{optimizer} lr=0.125"}
        run = RunConfig.from_dict(table)
        again = RunConfig.from_text(tomlkit.dumps(run.to_dict()))
        assert again == run, table
        assert again.loss is not None
        assert (again.loss.record.name, again.optimizer.record.name) == (loss, optimizer)
        assert again.optimizer.values["lr"] == 0.125, table


@pytest.mark.parametrize("name", schedule_records())
def test_every_schedule_survives_the_way_to_text_and_back(name: str) -> None:
    """Schedules are written and read with their fields."""
    run = RunConfig.from_dict({"data": "spiral", "schedule": name})
    assert RunConfig.from_text(tomlkit.dumps(run.to_dict())) == run


@pytest.mark.parametrize("name", dataset_records())
def test_every_data_set_survives_the_way_to_text_and_back(name: str) -> None:
    """Every field of every data set is written and read."""
    values = {field.name: field.default for field in dataset_records()[name].fields}
    run = RunConfig.from_dict({"data": {"name": name, **values}})
    assert RunConfig.from_text(tomlkit.dumps(run.to_dict())) == run


def test_one_word_sections_are_the_same_as_tables() -> None:
    """`data = "spiral"` and `optimizer = "adam lr=0.02"` are short for tables."""
    short = RunConfig.from_text('data = "spiral"\noptimizer = "adam lr=0.02"\nsplit = "80/20"')
    long = RunConfig.from_text(
        '[data]\nname = "spiral"\n[optimizer]\nname = "adam"\nlr = 0.02\n[split]\ntrain=0.8\ntest=0.2'
    )
    assert short == long


def test_all_problems_of_a_file_are_told_at_once_with_their_lines() -> None:
    """Six mistakes give six messages, each with file, line and key, and the nearest known name where there is one."""
    lines = (
        *("epoch = 50", 'data = "spirl"', 'layers = "linear 8, tahn"'),
        *("[optimizer]", 'name = "adam"', "lr = -1", "beta = 3"),
        *("[split]", "train = 0.9", "test = 0.2"),
    )
    with pytest.raises(Problems) as caught:
        RunConfig.from_text("\n".join(lines), where="my.toml")
    messages = [problem.message for problem in caught.value.problems]
    assert len(messages) == 6
    wanted = (
        "my.toml, line 1, epoch: unknown key 'epoch'; did you mean 'epochs'?",
        "my.toml, line 2, data: unknown data set 'spirl'; did you mean 'spiral'?",
        "my.toml, line 3, layers: unknown layer 'tahn'; did you mean 'tanh'?",
        "my.toml, line 7, optimizer.beta: unknown key 'beta'",
        "my.toml, line 6, optimizer.lr: '-1' is not a number ≥ 0",
        "my.toml, line 8, split: train + validation + test = 0.9 + 0 + 0.2 = 1.1, not 1",
    )
    for expected in wanted:
        assert any(message.startswith(expected) for message in messages), expected


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "names no data"),
        ({"data": {}}, "give either 'name' (a data set) or 'file' (a path), not both"),
        ({"data": {"name": "spiral", "file": "a.csv"}}, "(a path), not both"),
        ({"data": {"name": "spiral", "noize": 1}}, "data.noize: unknown key 'noize'; did you mean 'noise'?"),
        ({"data": 3}, "'3' is neither a table nor text"),
        ({"data": "spiral", "layers": 3}, "neither text nor a list of texts"),
        ({"data": "spiral", "layers": ["linear 0"]}, "layers: linear, units: '0' is not an integer ≥ 1"),
        ({"data": "spiral", "loss": "mze"}, "unknown loss 'mze'; did you mean 'mse'?"),
        ({"data": "spiral", "loss": {"label_smoothing": 0.1}}, "needs 'name' beside label_smoothing"),
        ({"data": "spiral", "optimizer": "adam 0.1"}, "'0.1' is not of the form key=value"),
        ({"data": "spiral", "optimizer": {"lr": "nan"}}, "optimizer.lr: 'nan' is not a number ≥ 0"),
        ({"data": "spiral", "schedule": "cosin"}, "did you mean 'cosine'?"),
        ({"data": "spiral", "training": {"batch_size": 0}}, "training.batch_size: '0' is not an integer ≥ 1"),
        ({"data": "spiral", "training": {"seed": 0}}, "unknown key 'seed'"),
        ({"data": "spiral", "epochs": -1}, "epochs: '-1' is not an integer ≥ 0"),
        ({"data": "spiral", "epochs": 1.5}, "epochs: '1.5' is not an integer"),
        ({"data": "spiral", "seed": True}, "seed: 'True' is not an integer"),
        ({"data": "spiral", "split": "70/20"}, "adds up to 90, not 100"),
        ({"data": "spiral", "split": "all"}, "'all' is not three percentages"),
        ({"data": "spiral", "split": {"train": 0.0, "validation": 0.5, "test": 0.5}}, "no rows are left for training"),
        ({"data": {"file": "a.csv", "missing": "main"}}, "did you mean 'mean'?"),
        ({"data": {"file": "a.csv", "kinds": "age"}}, "'age' is not of the form column=kind"),
    ],
)
def test_what_cannot_be_is_refused(table: dict[str, Any], message: str) -> None:
    """Each wrong entry is refused with a sentence that says what is legal or nearest."""
    with pytest.raises(InputError) as caught:
        RunConfig.from_dict(table)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data = ", "line 1"),
        ("data = 1979-05-27", "dates and times"),
        ("x" * (2**20 + 1), "more than the 1,048,576"),
        ("a = " + "[" * 40 + "]" * 40, "levels deep"),
    ],
)
def test_what_is_no_run_file_is_refused(text: str, message: str) -> None:
    """Text that is not TOML, too long or too deep is refused before it is looked at more closely."""
    with pytest.raises(InputError) as caught:
        RunConfig.from_text(text)
    assert message in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_raises_anything_but_an_input_error(text: str) -> None:
    """Any text that names no data is refused, whatever else it is, and nothing else is raised."""
    assume("data" not in text)
    with pytest.raises(InputError):
        RunConfig.from_text(text)


def test_paths_in_a_file_are_relative_to_its_folder(tmp_path: Path) -> None:
    """A run file and its data can be moved together."""
    (tmp_path / "data.csv").write_text("a,b,label\n1,2,x\n2,3,y\n3,5,x\n4,4,y\n")
    (tmp_path / "run.toml").write_text('data = { file = "data.csv", target = "label" }\n')
    run = RunConfig.from_file(tmp_path / "run.toml")
    assert run.data.file == str(tmp_path / "data.csv")
    assert run.data.load().class_names == ("x", "y")


def test_a_change_of_name_drops_the_values_of_the_old_name() -> None:
    """Another optimizer does not inherit fields that it may not have; another value of the same one keeps the rest."""
    table = {"optimizer": {"name": "adam", "lr": 0.1, "beta1": 0.8}, "epochs": 3}
    assert merged(table, {"optimizer": {"name": "sgd"}})["optimizer"] == {"name": "sgd"}
    assert merged(table, {"optimizer": {"lr": 0.2}})["optimizer"] == {"name": "adam", "lr": 0.2, "beta1": 0.8}
    assert merged(table, {"epochs": 5})["epochs"] == 5


def test_what_was_left_open_is_chosen_to_suit_the_data() -> None:
    """Layers, loss, batch size and epochs follow from the rows and the target."""
    run = RunConfig.from_dict({"data": "iris"})
    full = run.completed(run.load())
    hidden = "linear 16 init=xavier_uniform, relu"
    assert show_layers(full.layers) == f"{hidden}, {hidden}, linear 3"
    assert full.loss is not None
    assert full.loss.record.name == "cross_entropy"
    assert full.training["batch_size"] == 32
    assert full.epochs > 0
    regression = RunConfig.from_dict({"data": "diabetes"})
    assert show_layers(regression.completed(regression.load()).layers).endswith("linear 1")


def test_what_was_said_is_not_chosen() -> None:
    """Completing a run changes nothing that it says."""
    run = RunConfig.from_text(FULL)
    assert run.completed(run.load()) == run


@pytest.mark.parametrize("loss", [name for name, record in loss_records().items() if record.target != "values"])
def test_chosen_layers_suit_every_loss_on_labels(loss: str) -> None:
    """The last layers are what the loss asks for, so a run needs to name no more than its loss."""
    run = RunConfig.from_dict({"data": "spiral", "loss": loss})
    full = run.completed(run.load())
    record = loss_records()[loss]
    shown = show_layers(full.layers)
    assert shown.endswith(f"linear {record.outputs(2)}" + (f", {record.ends}" if record.ends else ""))


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("70/15/15", (0.7, 0.15, 0.15)),
        ("80/20", (0.8, 0.0, 0.2)),
        ("0.5/0.25/0.25", (0.5, 0.25, 0.25)),
        ("100/0/0", (1.0, 0.0, 0.0)),
        ("60 %/20 %/20 %", (0.6, 0.2, 0.2)),
    ],
)
def test_shares_are_read_as_people_write_them(text: str, shares: tuple[float, ...]) -> None:
    """Per cents and fractions, with or without a validation part."""
    assert tuple(read_shares(text).values()) == pytest.approx(shares)


def test_the_seed_of_the_run_decides_the_split_unless_that_has_its_own() -> None:
    """Another seed deals other rows; a split with a seed of its own stays."""
    one, two = (RunConfig.from_dict({"data": "iris", "seed": seed}).load() for seed in (1, 2))
    assert list(one.indices.test) != list(two.indices.test)
    kept = [RunConfig.from_dict({"data": "iris", "seed": seed, "split": {"seed": 5}}).load() for seed in (1, 2)]
    assert list(kept[0].indices.test) == list(kept[1].indices.test)
