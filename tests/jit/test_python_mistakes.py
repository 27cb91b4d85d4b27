"""Everything public, given everything wrong: an answer, or a sentence that says what; never a bare error or the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.training.remake import take_place
from tests import small_objectives
from tests.small_trainer import spiral, trainer


def nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    """1, wrapped that often."""
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    return value


class Unshown:
    """An object that cannot be written into a message."""

    def __repr__(self) -> str:
        raise RuntimeError("nothing can be said of this")


#: What is given in place of each argument.
WRONG: dict[str, Any] = {
    "None": None,
    "text": "abc",
    "empty text": "",
    "a control character": "\x1b[31m\0",
    "long text": "x" * 100_000,
    "bytes": b"abc",
    "NaN": math.nan,
    "infinity": math.inf,
    "negative": -1,
    "a huge negative": -(2**63) - 1,
    "zero": 0,
    "a fraction": 0.5,
    "huge": 10**18,
    "beyond a float": 10**400,
    "beyond a text": 10**5000,
    "complex": 1j,
    "a flag": True,
    "an empty list": [],
    "a list": [1, "a", None],
    "a deep list": nested(2000, lambda inner: [inner]),
    "a deep table": nested(2000, lambda inner: {"a": inner}),
    "a deep tuple": nested(2000, lambda inner: (inner,)),
    "a table": {"a": 1},
    "a set": {1, 2},
    "an object": object(),
    "an object that cannot be shown": Unshown(),
    "a class": int,
    "a function": len,
    "an array": np.zeros((3, 3)),
    "an array of NaN": np.full(3, np.nan),
    "a record": nn.Linear,
    "a layer": nn.Linear(2),
    "an optimizer": nn.Adam(),
}


def _training(make: Callable[[], Any], arguments: Mapping[str, Any]) -> tuple[Callable[..., Any], Mapping[str, Any]]:
    """A call of something that it changes, which is made anew after each call that was not refused."""
    kept: list[Callable[..., Any]] = []

    def call(**given: Any) -> None:
        if not kept:
            kept.append(make())
        kept[0](**given)
        kept.clear()

    return call, arguments


DATA = nn.load_dataset("spiral", samples=60)
#: A small file that is no table.
FILE = str(Path(__file__).with_name("conftest.py"))

#: Each callable with arguments that work; one of them is then wrong.
CALLS: dict[str, tuple[Callable[..., Any], Mapping[str, Any]]] = {
    "Dataset": (
        nn.Dataset,
        {
            "x": [[0.0], [1.0], [2.0]], "y": [0, 1, 0], "name": "d", "feature_names": ["a"], "class_names": ["u", "v"],
            "target_names": None, "feature_shape": (1,), "task": "classification", "default_scale": "none",
            "default_scale_target": "none", "features": (), "fill": "none",
        },
    ),
    "Dataset.split": (
        DATA.split,
        {
            "train": 0.7, "validation": 0.15, "test": 0.15, "seed": 0, "stratify": True, "scale": "none",
            "scale_target": "none",
        },
    ),
    "Split.inputs": (DATA.split().inputs, {"raw": [[0.0, 1.0]]}),
    "Split.batches": (DATA.split().batches, {"batch_size": 4}),
    "Split.summary": (DATA.split().summary, {"batch_size": 4}),
    "load_dataset": (
        nn.load_dataset,
        {"name": "spiral", "samples": 20, "noise": 0.1, "seed": 0, "progress": None},
    ),
    "load_dataset of words": (nn.load_dataset, {"name": "spiral", "features": ["x1", "x2"]}),
    "read_csv": (
        nn.read_csv,
        {
            "path": FILE, "target": "a", "delimiter": ",", "decimal": ".", "missing": "refuse",
            "encode": "one_hot", "skip_bad_rows": False, "encoding": "utf-8", "header": "yes", "task": "auto",
            "kinds": {}, "member": "",
        },
    ),
    "read_table": (
        nn.read_table,
        {
            "table": {"a": [1, 2, 4], "b": [2, 1, 3]}, "target": "a", "missing": "refuse", "encode": "one_hot",
            "skip_bad_rows": False, "task": "auto", "kinds": {}, "names": ["a", "b"], "name": "t",
        },
    ),
    "read_sql": (
        nn.read_sql,
        {
            "address": FILE, "query": "SELECT a FROM t", "max_rows": 10, "max_seconds": 1,
            "target": "a", "progress": None,
        },
    ),
    "read_file": (nn.read_file, {"path": FILE, "target": "a", "missing": "refuse", "progress": None}),
    "Network": (nn.Network, {"layers": "linear 2", "seed": 0}),
    "Network of layers": (nn.Network, {"layers": [nn.Linear(2), nn.Tanh]}),
    "Network.plan": (nn.Network("linear 2").plan, {"input_shape": (2,)}),
    "Linear": (nn.Linear, {"units": 2, "bias": True, "init": "auto", "name": "a", "frozen": False}),
    "Conv2d": (nn.Conv2d, {"channels": 2, "kernel": (3, 3)}),
    "Layer.with_values": (nn.Linear(2).with_values, {"units": 3}),
    "Adam": (nn.Adam, {"lr": 0.1, "betas": (0.9, 0.99)}),
    "Optimizer.with_values": (nn.Adam().with_values, {"lr": 0.1, "betas": (0.9, 0.99)}),
    "CrossEntropy": (nn.CrossEntropy, {"label_smoothing": 0.1}),
    "Cosine": (nn.Cosine, {"steps": 10, "min_factor": 0.1}),
    "TrainingSettings.changed": (
        nn.TrainingSettings().changed,
        {
            "batch_size": 4, "seed": 0, "schedule": None, "l1": 0.0, "clip_norm": 1.0, "shuffle": True, "threads": 1,
            "validate_every": 1, "dtype": "float32", "silent": "", "frozen": "",
        },
    ),
    "Trainer": (
        nn.Trainer,
        {
            "network": nn.Network("linear 2"), "data": spiral(60), "loss": "cross_entropy", "optimizer": "sgd",
            "settings": None, "batch_size": 4, "seed": 0, "schedule": None, "l2": 0.0, "silent": "", "dtype": "float32",
            "machine": nn.InterpretedMachine,
        },
    ),
    "trace": (lambda trainer: list(nn.trace(trainer)), {"trainer": trainer()}),
    "Trainer.run": _training(lambda: trainer().run, {"steps": 2}),
    "Trainer.run for epochs": _training(lambda: trainer().run, {"epochs": 0}),
    "Trainer.advance": _training(lambda: trainer().advance, {"steps": 2}),
    "Trainer.steps_to": _training(lambda: trainer().steps_to, {"epoch": 2}),
    "Trainer.set": _training(
        lambda: trainer().set, {"lr": 0.1, "l2": 0.1, "clip_norm": 1.0, "silent": "", "frozen": ""}
    ),
    "remake": (
        nn.remake,
        {
            "trainer": trainer(), "network": nn.Network("linear 2"), "data": spiral(60), "loss": "cross_entropy",
            "optimizer": "sgd", "seed": 1,
        },
    ),
    "take_place": (take_place, {"trainer": trainer(), "before": trainer()}),
    "Trainer.restore": _training(lambda: trainer().restore, {"checkpoint": trainer().state()}),
    "Trainer.evaluate": (trainer().evaluate, {"part": "test"}),
    "Trainer.predict": (trainer().predict, {"x": [[0.0, 1.0]]}),
    "Trainer.answers": (trainer().answers, {"x": np.zeros((1, 2))}),
    "Trainer.forward": (trainer().forward, {"x": [[0.0, 1.0]], "names": ["eval.0.output"]}),
    "InterpretedMachine": (nn.InterpretedMachine, {"tape": trainer().machine.tape, "dtype": "float32"}),
    "Objective": (nn.Objective, small_objectives.OBJECTIVE),
    "ObjectiveTrainer": (
        nn.ObjectiveTrainer,
        {**small_objectives.parts(), "machine": nn.InterpretedMachine, "dtype": "float32", "l2": 0.0},
    ),
    "ObjectiveTrainer.run": _training(lambda: small_objectives.objective_trainer().run, {"steps": 2}),
    "ObjectiveTrainer.evaluate": (
        small_objectives.objective_trainer().evaluate,
        {"objective": "a", "x": [[0.0, 1.0]], "y": [1.0]},
    ),
    "ObjectiveTrainer.predict": (
        small_objectives.objective_trainer().predict,
        {"objective": "a", "x": [[0.0, 1.0]]},
    ),
    "Session.new": (nn.Session.new, {"path": None, "run": {"data": "xor"}}),
    "Session.open": (nn.Session.open, {"path": "nowhere.nnplay"}),
    "Session.save": (nn.Session.new(None, {"data": "xor"}).save, {"path": "nowhere/there.nnplay"}),
    "Session.pack": (nn.Session.new(None, {"data": "xor"}).pack, {"target": "there.nnplay", "overwrite": False}),
    "History": (nn.History, {"capacity": 8}),
    "History.add": _training(lambda: nn.History().add, {"name": "loss", "step": 1, "value": 0.5}),
    "History.extend": _training(lambda: nn.History().extend, {"name": "loss", "steps": [1], "values": [0.5]}),
    "History.truncate": _training(lambda: nn.History().truncate, {"step": 1}),
    "InputError": (nn.InputError, {"what": "is wrong", "where": "here", "hint": "mend it"}),
}  # fmt: skip

#: Sections of a run that a `Session` is made of.
SECTIONS = ("data", "layers", "loss", "optimizer", "schedule", "split", "training", "epochs", "seed", "title", "about")
KEYS = {
    "data": ("name", "file", "samples", "noise"), "loss": ("name", "label_smoothing"), "optimizer": ("name", "lr"),
    "schedule": ("name", "steps"), "split": ("train", "scale"), "training": ("batch_size", "silent", "real"),
}  # fmt: skip


def refusal(call: Callable[[], Any]) -> str:
    """What a call is refused with, or an empty text if it is not; every other error is the test's end."""
    try:
        call()
    except nn.NnplayError as refused:
        return refused.message or "nothing is said"
    return ""


def answered(call: Callable[[], Any], what: str) -> None:
    """The call ends in an answer or in a sentence of our own."""
    try:
        message = refusal(call)
    except Exception as error:
        pytest.fail(f"{what} ends in {type(error).__name__}: {str(error)[:200]}")
    assert "\x1b" not in message, what
    assert message != "nothing is said", what


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own for calls that take a name of a file."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "argument"), [(name, key) for name, (_, given) in CALLS.items() for key in given])
def test_a_wrong_argument_is_answered_in_a_sentence(name: str, argument: str) -> None:
    """Whatever stands in place of an argument, the answer is one of nnplay's."""
    call, good = CALLS[name]
    for kind, wrong in WRONG.items():
        answered(lambda wrong=wrong: call(**{**good, argument: wrong}), f"{name}({argument}={kind})")  # type: ignore[misc]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_wrong_part_of_a_run_is_answered_in_a_sentence(section: str) -> None:
    """The same for the table that a session is made of, and each of its sections."""
    for kind, wrong in WRONG.items():
        run = {"data": "xor", "epochs": 1, section: wrong}
        answered(lambda run=run: nn.Session.new(None, run), f"{section} = {kind}")  # type: ignore[misc]
        for key in KEYS.get(section, ()):
            inner = {"data": "xor", section: {"name": "xor", key: wrong} if section == "data" else {key: wrong}}
            answered(lambda inner=inner: nn.Session.new(None, inner), f"{section}.{key} = {kind}")  # type: ignore[misc]


@pytest.mark.parametrize("around", [nn.Sequential, lambda inner: nn.Sum(nn.Identity(), inner)])
def test_layers_nest_as_deep_in_python_as_in_text(around: Callable[[Any], Any]) -> None:
    """32 layers around another are taken, one more is refused where it is made, so that none can be deeper."""
    layer = nn.Linear(2)
    for _ in range(32):
        layer = around(layer)
    with pytest.raises(nn.InputError, match="layers are nested deeper than 32; put some of them one after another"):
        around(layer)
    network = nn.Network([layer])
    assert repr(nn.Network(repr(network).split("'")[1])) == repr(network)
    assert network.plan((2,)).output_shape == (2,)


@pytest.mark.parametrize("text", ["sequential[" * 2000 + "linear 2" + "]" * 2000, "sequential[" * 90_000])
def test_brackets_nested_deep_are_refused(text: str) -> None:
    """The same sentence, long before a stack is full."""
    with pytest.raises(nn.InputError, match="layers are nested deeper than 32"):
        nn.Network(text)


@pytest.mark.parametrize(
    "text",
    [
        "a=" + "[" * 2000 + "]" * 2000,
        "a=" + "{a=" * 2000 + "1" + "}" * 2000,
        ".".join("a" * 2000) + "=1",
        "[" + ".".join("a" * 2000) + "]",
        'data="xor"\nlayers=' + "[" * 2000,
    ],
)
def test_toml_nested_deep_is_refused(text: str) -> None:
    """Arrays, tables and dotted keys of a run file are refused by their line."""
    with pytest.raises(nn.InputError, match=r"run.toml, line \d: nested more than 32 levels deep"):
        nn.Session.new(None, text)


def test_all_that_is_public_is_tried() -> None:
    """Each public class and function stands in the table, the records of each kind by one of them."""
    tried = {name.partition(".")[0].partition(" ")[0] for name in CALLS}
    from nnplay.records.registry import python_names

    errors = {"NnplayError", "DivergedError"}  # as InputError is
    plain = set(dir(nn)) - set(python_names()) - {"__version__"} - errors
    assert {name for name in plain if name not in tried} == set()
