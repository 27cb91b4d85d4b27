"""Optimizers that try points: what a step is, what a search ends with, and that it can stop at any evaluation."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError
from nnplay.inspector.inspector import Inspector
from nnplay.network.network import Network
from nnplay.operations.search import line_search as ls
from nnplay.operations.search import report
from nnplay.records.registry import optimizer_records
from nnplay.run.saving.session import Session
from nnplay.tape.machines import interpreter
from nnplay.tape.machines.interpreter import InterpretedMachine
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer
from tests.records import close

WHOLE = [name for name, record in optimizer_records().items() if record.whole is not None]
#: PyTorch 2.13's losses on Rosenbrock's function from (−1.2, 1), evaluation by evaluation.
WITHOUT_SEARCH = (24.2, 112.448056, 18.773763, 91.47825, 6.412443)
WITH_SEARCH = (24.2, 112.448056, 4.146927, 4.125587, 4.121127)


def curve(rows: int = 40, outputs: int = 1) -> Dataset:
    """A few waves of a sine, and of others beside it."""
    x = np.linspace(-1, 1, rows)[:, None]
    return Dataset(x, np.sin(3 * x + np.arange(outputs)), task="regression")


def trainer_of(
    optimizer: str, data: Dataset | None = None, layers: str = "linear 5, tanh, linear 1", **more: Any
) -> Trainer:
    """A small run in float64 with all rows in a step."""
    data = data or curve()
    return Trainer(Network(layers, seed=3), data, "mse", optimizer, **{"batch_size": "all", "dtype": "float64", **more})


def on_surface(optimizer: str, kind: str = "rosenbrock") -> Trainer:
    """A run whose two weights are the place on a test function."""
    data = Dataset(np.zeros((1, 2)), np.zeros(1), task="regression")
    network = Network(f"surface kind={kind} x=-1.2 y=1")
    return Trainer(network, data, "mae", optimizer, batch_size="all", dtype="float64")


def number(trainer: Trainer, name: str, at: int = 0) -> float:
    """A number of a named slot."""
    return float(trainer.machine.view(trainer.machine.tape.named[name])[at])


def losses(trainer: Trainer, steps: int) -> list[float]:
    """What each evaluation came to."""
    found = []
    for _ in range(steps):
        trainer.run(steps=1)
        found.append(number(trainer, "trial loss"))
    return found


def hold_rows(trainer: Trainer, steps: int) -> None:
    """Holds every row of some steps to its definition."""
    machine, tape = trainer.machine, trainer.machine.tape
    for _ in range(steps):
        machine.shuffle()
        machine.view(tape.named["optimizer"])[0] = trainer.lr
        table = machine.current_batch
        for k, row in enumerate(table.rows):
            wanted = interpreter.results_of(machine, table, k, exact=True)
            machine.run_table(table, k + 1, k)
            for slot, values in zip(row.writes, wanted, strict=True):
                close(
                    machine.view(slot, table.n).ravel(),
                    np.asarray(values, float).ravel(),
                    "float64",
                    row.operation.name,
                )
        machine.clock = machine.clock._replace(step=machine.clock.step + 1)


@pytest.mark.parametrize(("search", "wanted"), [("none", WITHOUT_SEARCH), ("strong_wolfe", WITH_SEARCH)])
def test_lbfgs_evaluates_where_pytorch_does(search: str, wanted: tuple[float, ...]) -> None:
    """The losses of the first evaluations are PyTorch's, and so is how many it takes to the end."""
    trainer = on_surface(f"lbfgs line_search_fn={search} history_size=100")
    found = losses(trainer, 63 if search == "none" else 45)
    assert np.allclose(found[:5], wanted, rtol=1e-7)
    assert found[-1] < 1e-15


def test_accepted_steps_of_levenberg_marquardt_never_raise_the_loss() -> None:
    """The loss shown falls at every accepted trial and stays at every rejected one, to where no gradient is left."""
    trainer = trainer_of("levenberg_marquardt", curve(60, 2), "linear 6, tanh, linear 2")
    last, seen = np.inf, set()
    for _ in range(80):
        trainer.run(steps=1)
        moved, shown = number(trainer, "search", report.MOVED), number(trainer, "loss")
        assert shown < last if moved else shown == last
        last = shown
        seen.add(moved)
    assert seen == {0.0, 1.0}
    assert last < 1e-4
    assert trainer.evaluate("train")["loss"] == pytest.approx(last, rel=1e-9)


@pytest.mark.parametrize("name", ["lbfgs", "conjugate_gradient"])
def test_searches_end_where_wolfe_conditions_hold(name: str) -> None:
    """Where a search arrives, the loss fell enough and the slope along the line became small, unless it gave up."""
    for kind in ("rosenbrock", "saddle", "ravine"):
        trainer = on_surface(name, kind)
        machine, held = trainer.machine, 0
        c2 = trainer.optimizer.values["c2"]
        for _ in range(40):
            search = machine.view(machine.tape.named["search"]).copy()
            along = machine.view(machine.tape.layout.find("search.along")).copy()
            trainer.run(steps=1)
            after = machine.view(machine.tape.named["search"])
            if search[ls.PHASE] == 0 or not after[ls.ARRIVED] or search[ls.SLOPE] > -1e-9:
                continue
            slope = float(machine.view(machine.tape.layout.find("search.slope")) @ along)
            assert after[report.LOSS] < search[report.LOSS]
            assert abs(slope) <= c2 * abs(search[ls.SLOPE]) * (1 + 1e-9)
            held += 1
        assert held >= 3, kind


@pytest.mark.parametrize("name", WHOLE)
def test_a_run_stops_and_goes_on_at_any_evaluation(name: str) -> None:
    """From a checkpoint at any evaluation, in a fresh trainer too, the same bits follow."""
    whole = on_surface(name) if not optimizer_records()[name].least_squares else trainer_of(name)
    kept, found = [], []
    for _ in range(12):
        kept.append(whole.state())
        whole.run(steps=1)
        found.append((number(whole, "trial loss"), whole.machine.state().copy()))
    assert any(not np.array_equal(one[1], two[1]) for one, two in pairwise(found))
    fresh = on_surface(name) if not optimizer_records()[name].least_squares else trainer_of(name)
    for first in (7, 3, 10):
        fresh.restore(kept[first])
        fresh.run(steps=12 - first)
        assert np.array_equal(fresh.machine.state(), found[-1][1])
        assert number(fresh, "trial loss") == found[-1][0]


@pytest.mark.parametrize("name", WHOLE)
def test_rows_are_their_definitions_along_a_run(name: str) -> None:
    """Every row of every step gives what its definition gives, at first looks, accepted and rejected trials."""
    # without damping, a hidden layer's system is too near to singular to be solved alike twice
    layers = "linear 2" if name == "gauss_newton" else "linear 3, tanh, linear 2"
    trainer = trainer_of(name, curve(41, 2), layers)
    hold_rows(trainer, 9)


def test_blocks_of_rows_come_to_what_all_rows_do() -> None:
    """Cut into blocks, with a smaller last one, a step is that of all rows at once but for rounding."""
    data = curve(300)
    cut = trainer_of("levenberg_marquardt", data, "linear 40, tanh, linear 1")
    assert cut.block_rows < 300
    network = Network("linear 40, tanh, linear 1", seed=3)
    plain = Trainer(network, data, "mse", "sgd", batch_size="all", dtype="float64")
    plain.run(steps=1)
    cut.run(steps=1)
    assert number(cut, "loss") == pytest.approx(number(plain, "loss"), rel=1e-12)
    assert number(cut, "norm") == pytest.approx(number(plain, "norm"), rel=1e-9)


def test_weights_changed_from_outside_begin_a_search_anew() -> None:
    """A trial is never put over weights that somebody has set: the next step looks at them as they are."""
    trainer = trainer_of("lbfgs")
    trainer.run(steps=6)
    trainer.parameters()["0.weight"][...] = 0.25
    before = {name: values.copy() for name, values in trainer.parameters().items()}
    trainer.run(steps=1)
    assert number(trainer, "search", report.FRESH) == 1
    assert all(np.array_equal(values, before[name]) for name, values in trainer.parameters().items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_size": 8}, "needs all rows in every step"),
        ({"l2": 0.1}, "a penalty is not part of the loss"),
        ({"clip_norm": 1.0}, "cannot be clipped"),
        ({"layers": "linear 5, dropout 0.5, linear 1"}, "dropout .* draws new random numbers"),
        ({"layers": "linear 5, batch_norm, linear 1"}, "batch_norm .* count each trial"),
        ({"layers": "reshape 1x1, lstm 4, linear 1"}, "no Jacobian of lstm"),
        ({"layers": "linear 2000, linear 20, linear 1", "data": curve(4000)}, "would keep a matrix of .* take lbfgs"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(change: dict[str, Any], words: str) -> None:
    """One sentence says what does not fit, and the hint names the nearest that works."""
    layers = change.pop("layers", "linear 5, tanh, linear 1")
    with pytest.raises(InputError, match=words) as refused:
        trainer_of("levenberg_marquardt", layers=layers, **change)
    assert refused.value.hint


def test_levenberg_marquardt_refuses_classes() -> None:
    """Cross-entropy is no sum of squares; L-BFGS takes it."""
    data = Dataset(np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2, task="classification")
    with pytest.raises(InputError, match=r"squared errors, not .*cross-entropy.*lbfgs"):
        Trainer(Network("linear 2"), data, None, "levenberg_marquardt", batch_size="all")
    trainer = Trainer(
        Network("linear 4, tanh, linear 2", seed=1), data, None, "lbfgs", batch_size="all", dtype="float64"
    )
    first = losses(trainer, 1)[0]
    trainer.run(steps=30)
    assert number(trainer, "loss") < 0.6 * first


def test_the_interpreter_takes_the_same_steps() -> None:
    """Without compiled kernels the same search goes on, to rounding."""
    compiled, read = trainer_of("lbfgs"), trainer_of("lbfgs", machine=InterpretedMachine)
    assert losses(compiled, 8) == pytest.approx(losses(read, 8), rel=1e-9)


def test_the_inspector_walks_a_trial_in_blocks_as_the_step_takes_it() -> None:
    """Row by row a step of several blocks comes to what the step itself does, and leaves the run where it stood."""
    trainer = trainer_of("levenberg_marquardt", curve(300), "linear 40, tanh, linear 1")
    trainer.run(steps=3)
    before = trainer.machine.state().copy()
    inspector = Inspector(trainer)
    last = len(inspector.rows) - 1
    move = inspector.values(last)["move"].copy()
    assert np.array_equal(trainer.machine.state(), before)
    assert inspector.values(0)["parameters"].any()
    trainer.run(steps=1)
    assert np.array_equal(trainer.machine.view(trainer.machine.tape.layout.find("search.move")), move)


@pytest.mark.parametrize("outputs", [1, 2])
def test_fewer_residuals_than_weights_move_the_weights_alike(outputs: int) -> None:
    """From JJᵀ or from JᵀJ, the steps are the same but for rounding: what is solved follows from the sizes alone."""
    data, layers = curve(9, outputs), f"linear 20, tanh, linear {outputs}"
    small = trainer_of("levenberg_marquardt", data, layers)
    assert any(row.operation.name == "keep J" for row in small.machine.tape.train)
    repeated = Dataset(np.tile(data.x, (12, 1)), np.tile(data.y, (12, *(1,) * (data.y.ndim - 1))), task="regression")
    large = trainer_of("levenberg_marquardt", repeated, layers)
    assert any(row.operation.name == "keep JᵀJ" for row in large.machine.tape.train)
    assert losses(small, 8) == pytest.approx(losses(large, 8), rel=1e-5)
    inspector = Inspector(small)
    for number in range(len(inspector.rows)):
        inspector.view(number)


def test_rows_of_the_small_system_are_their_definitions() -> None:
    """Every row gives what its definition gives, where there are fewer residuals than weights."""
    trainer = trainer_of("levenberg_marquardt", curve(9, 2), "linear 12, tanh, linear 2")
    hold_rows(trainer, 9)


def test_newton_measures_the_hessian_and_steps_by_its_eigenvalues() -> None:
    """Of a linear map the Hessian and the step are known: one step to the minimum, and the eigenvalues beside it."""
    x = np.random.default_rng(0).normal(size=(30, 2)) * [2.0, 0.5]
    data = Dataset(x, x @ [1.0, -2.0], task="regression")
    trainer = Trainer(Network("linear 1 bias=no", seed=2), data, "mse", "newton", batch_size="all", dtype="float64")
    trainer.run(steps=5)
    inner = 2 * trainer.split.train.x.astype(float).T @ trainer.split.train.x / 30
    layout = trainer.machine.tape.layout
    assert np.allclose(trainer.machine.view(layout.find("search.hessian")), inner, rtol=1e-8)
    assert np.allclose(trainer.machine.view(layout.find("search.eigenvalues")), np.linalg.eigvalsh(inner), rtol=1e-8)
    trainer.run(steps=1)
    assert number(trainer, "loss") < 1e-12


def test_newton_leaves_a_saddle_downhill() -> None:
    """Where the loss curves down in one direction, the step goes down there; the search ends at a minimum."""
    trainer = on_surface("newton", "saddle")
    trainer.parameters()["0.weight"][...] = [0.3, 0.05]
    trainer.run(steps=80)
    assert number(trainer, "loss") < 1e-10


def test_newton_refuses_many_weights() -> None:
    """The sentence says why, and what can be taken."""
    with pytest.raises(InputError, match=r"two evaluations a weight.*lbfgs"):
        trainer_of("newton", layers="linear 40, tanh, linear 1")
    with pytest.raises(InputError, match="two evaluations a weight"):  # which no batch size mends
        RunConfig.from_dict(
            {
                "data": "sine",
                "layers": "linear 40, tanh, linear 1",
                "optimizer": "newton",
                "training": {"batch_size": 8},
            }
        ).trainer()


@pytest.mark.parametrize("optimizer", ["levenberg_marquardt", "lbfgs"])
def test_going_back_and_a_session_in_the_middle_of_a_search(optimizer: str, tmp_path: Path) -> None:
    """Back to any evaluation and on again, and saved there and opened: the same bits, search and all."""
    table = {
        "data": {"name": "sine", "samples": 60},
        "layers": "linear 5, tanh, linear 1",
        "optimizer": optimizer,
        "seed": 4,
    }
    with Session.new(tmp_path / "run.nnplay", table) as session:
        session.trainer.run(steps=9)
        session.save()
        search = session.trainer.machine.view(session.trainer.machine.tape.named["search"]).copy()
        session.trainer.run(steps=6)
        wanted = session.trainer.machine.state().copy()
    assert search[report.REJECTED] > 0
    with Session.open(tmp_path / "run.nnplay") as again:
        assert np.array_equal(again.trainer.machine.view(again.trainer.machine.tape.named["search"]), search)
        again.trainer.run(steps=6)
        assert np.array_equal(again.trainer.machine.state(), wanted)
    timeline = Timeline(RunConfig.from_dict(table).trainer())
    while timeline.trainer.step < 15:
        timeline.advance(15 - timeline.trainer.step)
    for step in (9, 4, 12, 15):
        timeline.go_to(step)
        assert timeline.trainer.step == step
    assert np.array_equal(timeline.trainer.machine.state(), wanted)
