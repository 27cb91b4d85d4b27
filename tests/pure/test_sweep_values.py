"""The values that a sweep tries: how they are written, what is refused, and which ones each sampler takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.sweeps.axis import Axis, parse_axis
from nnplay.sweeps.change import changed_run
from nnplay.sweeps.importance import importance
from nnplay.sweeps.objective import Objective, pareto_front
from nnplay.sweeps.registry import sampler_records
from nnplay.sweeps.sampler import Choosing, random_trials
from nnplay.sweeps.samplers.sobol import points
from nnplay.sweeps.sweep import Sweep, plan_sweep
from nnplay.sweeps.trial import Outcome, Trial

RUN: dict[str, Any] = {
    "data": {"name": "xor"},
    "layers": ["linear 4", "tanh", "linear 2"],
    "epochs": 27,
    "training": {"batch_size": 32},
}


def plan(*axes: str, **more: Any) -> Sweep:
    """A sweep over the run above."""
    return plan_sweep(RunConfig.from_dict(RUN), axes, **more)[0]


def play(sweep: Sweep, score: Any) -> list[list[Trial]]:
    """The batches that a sampler asks for when `score(settings)` comes of every trial."""
    choosing: Choosing = sweep.sampler.record.choose(sweep, dict(sweep.sampler.values))
    batches, batch = [], next(choosing)
    while batch:
        batches.append(list(batch))
        scored = [Outcome(trial, "done", {"accuracy": score(trial.settings)}) for trial in batch]
        try:
            batch = choosing.send(scored)
        except StopIteration:
            break
    return batches


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("layers.width=8,16,32", (8, 16, 32)),
        ("optimizer.lr=0.1, 1e-2", (0.1, 0.01)),
        ("optimizer=sgd,adam", ("sgd", "adam")),
        ("seed=3..6", (3, 4, 5, 6)),
        ("noise=uniform(0,1,3)", (0.0, 0.5, 1.0)),
        ("optimizer.lr=0.1,0.01", (0.1, 0.01)),
        ("batch=int(2,5)", (2, 3, 4, 5)),
        ("layers=linear 2, tanh, linear 2 | linear 2", ("linear 2, tanh, linear 2", "linear 2")),
    ],
)
def test_values_are_written_as_lists_and_ranges(text: str, values: tuple[Any, ...]) -> None:
    """And written back so that they are read as the same axis."""
    axis = parse_axis(text)
    assert axis.grid() == values
    assert parse_axis(str(axis)) == axis


def test_a_setting_with_one_meaning_needs_no_section() -> None:
    """As where it is typed in the playground; the fields of data keep their names."""
    names = [parse_axis(f"{name}=1,2").name for name in ("lr", "batch_size", "noise", "seed")]
    assert names == ["optimizer.lr", "training.batch_size", "noise", "seed"]


def test_a_logarithmic_range_is_even_in_the_logarithm() -> None:
    """From end to end."""
    found = parse_axis("optimizer.lr=log(1e-4,1e-1,4)").grid()
    assert np.allclose(found, [1e-4, 1e-3, 1e-2, 1e-1], rtol=1e-12)
    assert found[0] >= 1e-4
    assert found[-1] <= 1e-1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optimizer.lr", "names no setting with its values"),
        ("optimizer.lr=", "names no setting with its values"),
        ("optimizer.lr=0.1,,0.2", "a value is missing"),
        ("optimizer.lr=0.1,0.1", "0.1 is given twice"),
        ("optimizer.lr=log(0,1)", "cannot begin at 0"),
        ("optimizer.lr=log(1,0.1)", "is empty"),
        ("optimizer.lr=uniform(0)", "not the two ends of a range"),
        ("optimizer.lr=uniform(0,inf)", "not the two ends of a range"),
        ("optimizer.lr=uniform(0,1,0)", "cannot take 0 values"),
        ("layers.width=int(1.5,4)", "not whole numbers"),
        ("seed=9..3", "has no values"),
    ],
)
def test_values_that_cannot_be_are_refused(text: str, words: str) -> None:
    """In one sentence."""
    with pytest.raises(InputError, match=words):
        parse_axis(text)


@pytest.mark.parametrize(
    ("axes", "more", "words"),
    [
        ((), {}, "at least one setting"),
        (("optimizer.lrr=0.1,0.2",), {}, "did you mean 'lr'"),
        (("optimiser.lr=0.1,0.2",), {}, "did you mean 'optimizer'"),
        (("layers.widht=1,2",), {}, "did you mean 'layers.width'"),
        (("optimizer.lr=0.1,-1",), {}, "lr"),
        (("layers.width=0,8",), {}, "0 is not a number of width"),
        (("seed=1,2", "seed=3,4"), {}, "given twice"),
        (("optimizer.lr=uniform(0.1,1)",), {"sampler": "grid"}, "how many values"),
        (("optimizer.lr=uniform(0.1,1)",), {"sampler": "gird"}, "did you mean 'grid'"),
        (("epochs=1,2",), {"sampler": "halving"}, "itself chooses how many epochs"),
        (("seed=1,2",), {"objective": "acuracy"}, "did you mean 'accuracy'"),
        (("seed=1,2",), {"trials": -1}, "not possible"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_before_anything_is_trained(
    axes: tuple[str, ...], more: dict[str, Any], words: str
) -> None:
    """With the nearest name."""
    with pytest.raises(InputError, match=words):
        plan(*axes, **more)


def test_width_depth_and_activation_change_all_hidden_layers() -> None:
    """The last layer stays as it is, and so do hidden layers of another kind in front."""
    run = RunConfig.from_dict(RUN | {"layers": ["linear 4", "tanh", "linear 6", "tanh", "linear 2"]})
    changed = changed_run(run, {"layers.depth": 3, "layers.width": 5, "layers.activation": "relu"})
    assert changed.layer_texts == (*("linear 5", "relu") * 3, "linear 2")
    image = RunConfig.from_dict(RUN | {"layers": ["conv2d 4 3", "relu", "flatten", "linear 4", "tanh", "linear 2"]})
    deeper = ("conv2d 4", "relu", "flatten", "linear 4", "tanh", "linear 4", "tanh", "linear 2")
    assert changed_run(image, {"layers.depth": 2}).layer_texts == deeper


def test_settings_of_an_optimizer_follow_its_name() -> None:
    """Whatever the order in which they are given."""
    run = changed_run(RunConfig.from_dict(RUN), {"optimizer.lr": 0.5, "optimizer": "sgd momentum=0.9"})
    assert (run.optimizer.record.name, run.optimizer.values["lr"], run.optimizer.values["momentum"]) == (
        "sgd",
        0.5,
        0.9,
    )


def test_random_values_follow_from_the_number_of_the_trial_alone() -> None:
    """So a sweep can go on anywhere, and the values are even over the range."""
    axes = (parse_axis("optimizer.lr=log(1e-4,1)"), parse_axis("layers.width=1,2,4,8"))
    whole = random_trials(axes, 7, 0, 4000)
    assert random_trials(axes, 7, 2500, 100) == whole[2500:2600]
    logs = np.log10([trial.settings["optimizer.lr"] for trial in whole])
    assert np.allclose(np.histogram(logs, 4, (-4, 0))[0] / 4000, 0.25, atol=0.03)
    assert {trial.settings["layers.width"] for trial in whole} == {1, 2, 4, 8}
    assert random_trials(axes, 8, 0, 10) != whole[:10]


def test_sobol_points_are_those_of_joe_and_kuo() -> None:
    """The first ones of three dimensions are printed in many places; SciPy has all."""
    expected = [[0, 0, 0], [0.5, 0.5, 0.5], [0.75, 0.25, 0.25], [0.25, 0.75, 0.75], [0.375, 0.375, 0.625]]
    assert points(5, 3).tolist() == expected


def test_sobol_equals_scipys() -> None:
    """In all dimensions that there are."""
    qmc = pytest.importorskip("scipy.stats.qmc")
    assert np.array_equal(points(512, 16), qmc.Sobol(16, scramble=False).random(512))


def test_a_grid_takes_every_combination() -> None:
    """The last setting changes fastest."""
    (batch,) = play(plan("optimizer.lr=0.1,0.2", "layers.width=1,2,3"), lambda settings: 0.0)
    assert [tuple(trial.settings.values()) for trial in batch] == [(a, b) for a in (0.1, 0.2) for b in (1, 2, 3)]


def test_halving_gives_the_best_third_three_times_the_epochs() -> None:
    """27 trials for 1 epoch, 9 for 3, 3 for 9, 1 for 27."""
    sweep = plan("optimizer.lr=uniform(0,1)", sampler="halving", trials=27)
    batches = play(sweep, lambda settings: settings["optimizer.lr"])
    assert [(len(batch), batch[0].epochs) for batch in batches] == [(27, 1), (9, 3), (3, 9), (1, 27)]
    rates = sorted((trial.settings["optimizer.lr"] for trial in batches[0]), reverse=True)
    assert [[trial.settings["optimizer.lr"] for trial in batch] for batch in batches[1:]] == [
        rates[:9],
        rates[:3],
        rates[:1],
    ]


def test_hyperband_has_a_bracket_for_each_number_of_rungs() -> None:
    """As in the paper's table for 27 epochs: 27, 12, 6 and 4 trials begin."""
    batches = play(plan("optimizer.lr=uniform(0,1)", sampler="hyperband"), lambda settings: 0.5)
    shapes = [(len(batch), batch[0].epochs) for batch in batches]
    assert shapes == [(27, 1), (9, 3), (3, 9), (1, 27), (12, 3), (4, 9), (1, 27), (6, 9), (2, 27), (4, 27)]
    begun = [trial.number for batch in (batches[0], batches[4], batches[7], batches[9]) for trial in batch]
    assert begun == list(range(49))


def test_optuna_chooses_from_what_came_before() -> None:
    """Of a smooth hill it finds the top better than chance does, and the same way every time."""
    pytest.importorskip("optuna")
    sweep = plan("optimizer.lr=uniform(0,1)", sampler="optuna", trials=64, seed=3)

    def hill(settings: Any) -> float:
        return -abs(settings["optimizer.lr"] - 0.7)

    batches = play(sweep, hill)
    assert [len(batch) for batch in batches] == [16, 16, 16, 16]
    late = [hill(trial.settings) for trial in batches[-1]]
    assert float(np.median(late)) > -0.1
    assert play(sweep, hill) == batches


def test_every_sampler_explains_itself() -> None:
    """By the same records as layers and losses."""
    records = sampler_records()
    assert set(records) == {"grid", "random", "sobol", "halving", "hyperband", "optuna"}
    for record in records.values():
        assert record.title
        assert record.about.endswith(".")
        assert record.when.endswith(".")
        assert record.title in record.help


def test_the_setting_that_decides_is_the_important_one() -> None:
    """And one that does nothing explains about nothing."""
    axes = (Axis("a", low=0.0, high=1.0), Axis("b", low=0.0, high=1.0))
    trials = random_trials(axes, 0, 0, 400)
    outcomes = [Outcome(trial, "done", {"loss": math.exp(float(trial.settings["a"]))}) for trial in trials]
    found = importance(axes, outcomes, Objective("loss"))
    assert found["a"] > 0.95
    assert found["b"] < 0.05
    assert importance(axes, outcomes[:4], Objective("loss")) == {}


def test_the_pareto_front_is_what_no_other_trial_beats() -> None:
    """By accuracy and size: the best, the smallest, and what lies between; equal ones all."""
    scores = [(0.9, 100), (0.8, 50), (0.8, 60), (0.7, 10), (0.9, 100), (0.95, 200)]
    outcomes = [
        Outcome(Trial(number, {}), "done", {"accuracy": accuracy, "parameters": size})
        for number, (accuracy, size) in enumerate(scores)
    ]
    outcomes.append(Outcome(Trial(6, {}), "diverged"))
    found = pareto_front((Objective("accuracy"), Objective("parameters")), outcomes)
    assert [outcome.trial.number for outcome in found] == [0, 1, 3, 4, 5]


def test_a_sweep_reads_back_what_it_writes() -> None:
    """And its digest tells it from others."""
    sweep = plan("optimizer.lr=log(1e-4,1e-1)", "layers.width=8,16", sampler="halving factor=4", trials=12, seed=5)
    assert Sweep.from_dict(sweep.to_dict()) == sweep
    assert Sweep.from_dict(sweep.to_dict()).digest == sweep.digest
    assert plan("optimizer.lr=log(1e-4,1e-1)", trials=12).digest != sweep.digest
