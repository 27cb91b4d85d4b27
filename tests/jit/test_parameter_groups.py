"""Parameter groups: layers that are trained with settings of their own."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import tomlkit

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.training.parameter_groups import text_of

pytestmark = pytest.mark.usefixtures("kernels")
LAYERS = ["linear 6 name=front", "tanh", "linear 5", "tanh", "linear 2 name=head"]


def trainer(groups: Any = "", optimizer: Any = "adam lr=0.01", **more: Any) -> Any:
    """A small classifier."""
    data = nn.load_dataset("gauss", samples=60, seed=0).split(seed=0)
    return nn.Trainer(nn.Network(", ".join(LAYERS)), data, optimizer=optimizer, groups=groups, batch_size=20, **more)


def weights(run: Any) -> dict[str, Any]:
    """Copies of all parameters."""
    return {name: values.copy() for name, values in run.parameters().items()}


@pytest.mark.parametrize("optimizer", ["adam lr=0.01", "adafactor", "muon lr=0.02"])
def test_a_group_that_changes_nothing_leaves_the_bits_as_they_are(optimizer: str) -> None:
    """A factor of 1, and a value that the optimizer has anyway, give the numbers of a run without groups."""
    plain, grouped = trainer(optimizer=optimizer), trainer("front lr_factor=1, head weight_decay=0.0", optimizer)
    if optimizer.startswith("muon"):
        grouped = trainer("front lr_factor=1, head weight_decay=0.1", optimizer)
    plain.run(steps=7)
    grouped.run(steps=7)
    assert all(np.array_equal(values, grouped.parameters()[name]) for name, values in plain.parameters().items())


def test_a_factor_of_0_is_a_frozen_layer() -> None:
    """Layers without a learning rate stay as they are; the others learn as beside frozen ones."""
    still, frozen = trainer({"front": {"lr_factor": 0}}), trainer(frozen="front")
    before = weights(still)
    still.run(steps=5)
    frozen.run(steps=5)
    assert np.array_equal(before["front.weight"], still.parameters()["front.weight"])
    assert np.array_equal(still.parameters()["head.weight"], frozen.parameters()["head.weight"])


def test_groups_are_pytorchs_parameter_groups() -> None:
    """Step by step, a schedule's rate times each group's factor, and a weight decay of its own, as by hand."""
    run = trainer("front lr_factor=0.5 weight_decay=0.1, head momentum=0.5", "sgd lr=0.1 momentum=0.9", dtype="float64",
                  schedule="step step_size=2 gamma=0.5")  # fmt: skip
    own = {"front": (0.5, 0.1, 0.9), "2": (1.0, 0.0, 0.9), "head": (1.0, 0.0, 0.5)}
    slots = {slot.name[1:]: slot for slot in run.machine.tape.layout.slots["gradients"]}
    velocity = dict.fromkeys(run.parameters(), 0.0)
    for step in range(6):
        before = weights(run)
        run.run(steps=1)
        for name, values in run.parameters().items():
            factor, decay, momentum = own[name.partition(".")[0]]
            gradient = run.machine.view(slots[name]) + decay * before[name]
            velocity[name] = momentum * velocity[name] + gradient
            wanted = before[name] - 0.1 * 0.5 ** (step // 2) * factor * velocity[name]
            assert np.allclose(values, wanted, rtol=1e-12, atol=1e-14), (name, step)


def test_groups_change_while_training_and_resume_bit_for_bit() -> None:
    """Values and layers change in mid-run; a run restored from a checkpoint in between goes on with the same bits."""
    run = trainer("front lr_factor=0.1")
    run.run(steps=3)
    run.set(groups="front lr_factor=0.2")
    run.run(steps=2)
    run.set(groups="2 head weight_decay=0.5")
    checkpoint = run.state()
    run.run(steps=4)
    again = trainer()
    again.restore(checkpoint)
    again.run(steps=4)
    assert again.settings.groups == "2 head weight_decay=0.5"
    assert all(np.array_equal(values, again.parameters()[name]) for name, values in run.parameters().items())


def test_another_network_or_optimizer_drops_what_it_does_not_have() -> None:
    """`remake` keeps the groups that still mean something."""
    run = trainer("front head lr_factor=0.5, 2 weight_decay=0.1")
    other, _ = nn.remake(run, network=nn.Network("linear 6 name=front, tanh, linear 2"), optimizer="rprop")
    assert other.settings.groups == "front lr_factor=0.5"


def test_groups_are_written_in_files() -> None:
    """One line of text or a table in TOML; both are kept as the text."""
    text = 'data = "gauss"\nlayers = "linear 4 name=front, tanh, linear 2"\n[training]\n'
    run = RunConfig.from_text(text + 'groups = "front lr_factor=0.1 weight_decay=0.01, 2 lr_factor=2"')
    table = RunConfig.from_text(
        text + "[training.groups]\nfront = {lr_factor = 0.1, weight_decay = 0.01}\n2 = {lr_factor = 2}"
    )
    assert table == run
    assert RunConfig.from_text(tomlkit.dumps(run.to_dict())) == run
    assert run.training_settings().groups == "front lr_factor=0.1 weight_decay=0.01, 2 lr_factor=2"
    assert text_of({("1", "2"): {"lr_factor": 0.1}}) == "1 2 lr_factor=0.1"


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("back lr_factor=1", "there is no layer back"),
        ("1 lr_factor=1", "layer 1 has no weights"),
        ("front lr=0.1", "lr_factor=0.1 gives it a tenth"),
        ("front momentum=0.1", "unknown setting 'momentum'"),
        ("front beta1=1", "< 1"),
        ("front lr_factor=-1", "≥ 0"),
        ("front amsgrad=yes", "unknown setting 'amsgrad'"),
        ("front", "nothing that is set for it"),
        ("lr_factor=1", "no layer"),
        ("front lr_factor=1 lr_factor=2", "twice"),
        ("front lr_factor=1, front eps=1", "layer front is in two groups"),
        ({"front": 0.1}, "not a table of settings"),
        (3, "neither a text nor a table"),
    ],
)
def test_what_cannot_be_a_group_is_refused(groups: Any, message: str) -> None:
    """The message names the layer or the setting, and a way out."""
    with pytest.raises(InputError, match=re.escape(message)):
        trainer(groups)
