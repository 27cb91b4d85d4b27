"""Views of gradients, updates, silent units and both modes: their numbers are what the definitions say."""

from __future__ import annotations

import numpy as np
import pytest

import nnplay as nn
from nnplay import views
from nnplay.health.layer_facts import describe_activations
from nnplay.inspector.inspector import Inspector
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer
from nnplay.views.kinds.gradient_through_time import GradientThroughTime
from nnplay.views.kinds.gradients import Gradients
from nnplay.views.kinds.silent_units import SilentUnits
from nnplay.views.kinds.two_modes import TwoModes
from nnplay.views.kinds.updates import Updates
from nnplay.views.view import Output
from tests.small_trainer import trainer, weights

NORMED = "linear 6, batch_norm, relu, dropout 0.5, linear 2"


def view_of(run: Trainer, name: str, item: int = 0, place: int = 0) -> Output:
    """What a view shows."""
    _, output, shown = views.make_view(run, name, item, place=place)
    assert shown.view == name
    assert output is not None
    return output


def test_gradients_of_layers_are_those_that_the_inspector_has() -> None:
    """‖g‖ of a layer is that of its parameters' gradients together, as the inspector has them before any clipping."""
    run = trainer(layers=NORMED, clip_norm=0.01)
    run.run(steps=7)
    output = view_of(run, "gradients by layer")
    assert isinstance(output, Gradients)
    inspector = Inspector(run)
    at = next(k for k, row in enumerate(inspector.rows) if row.operation.name == "gradient norm")
    squares: dict[str, float] = {}
    with inspector.pause_before(at):
        for slot in run.machine.tape.layout.slots["gradients"]:
            path = slot.name[1:].rpartition(".")[0]
            squares[path] = squares.get(path, 0.0) + float(np.sum(run.machine.view(slot).astype(np.float64) ** 2))
    assert output.layers == ("0 linear", "1 batch_norm", "4 linear")
    assert output.now.tolist() == pytest.approx([squares[path] ** 0.5 for path in ("0", "1", "4")], rel=1e-5)
    assert output.run.shape == (len(output.steps), 3)
    assert output.steps[-1] == 7


@pytest.mark.parametrize("name", ["gradients by layer", "updates", "training against evaluation"])
def test_a_view_leaves_no_trace_in_the_run(name: str) -> None:
    """Memory is as before, running statistics included, and the run goes on with the same bits."""
    run, alone = trainer(layers=NORMED), trainer(layers=NORMED)
    run.run(steps=6)
    alone.run(steps=6)
    bounds = run.machine.tape.layout.bounds
    before = run.machine.contents()["memory"][: bounds["scratch"][1]].copy()
    view_of(run, name)
    assert run.machine.contents()["memory"][: bounds["scratch"][1]].tobytes() == before.tobytes()
    run.run(steps=6)
    alone.run(steps=6)
    assert np.array_equal(weights(run), weights(alone))


@pytest.mark.parametrize("optimizer", [nn.Adam(lr=0.01, amsgrad=True), nn.SGD(lr=0.1, momentum=0.9), nn.Adafactor()])
def test_updates_are_those_of_the_next_step(optimizer: nn.Optimizer) -> None:
    """Ratio, effective rate and the optimizer's state are what the step that comes makes of them."""
    run = trainer(optimizer=optimizer)
    run.run(steps=5)
    output = view_of(run, "updates")
    assert isinstance(output, Updates)
    before = {name: value.astype(np.float64) for name, value in run.parameters().items()}
    run.run(steps=1)
    table, tensors = run.history.by_layer, run.tensors()
    for k, name in enumerate(output.tensors):
        moved = np.linalg.norm(run.parameters()[name] - before[name])
        assert output.ratios[k] == pytest.approx(moved / np.linalg.norm(before[name]), rel=1e-4)
        assert output.rates[k] == pytest.approx(moved / table.column(f"gradient:{name}")[-1], rel=1e-4)
        for title, values in output.state:
            kept = tensors.get(f"{name}.{title.removeprefix('√')}")
            if kept is None:
                assert np.isnan(values[k])
            else:
                mean = np.mean(kept.astype(np.float64) ** (1 if title.startswith("√") else 2))
                assert values[k] == pytest.approx(mean**0.5, rel=1e-4)
    assert output.state


def test_the_gradient_through_time_fades_and_comes_back_with_its_step() -> None:
    """A plain recurrent network's gradient is said to shrink; back at a step, the view is what it was there."""
    data = nn.load_dataset("echo", samples=60, delay=20, seed=0).split(0.8, 0.1, 0.1, seed=0)
    run = trainer(data, "rnn 5, linear 4")
    timeline = Timeline(run)
    while run.step < 9:
        timeline.advance(9 - run.step)
    then = view_of(run, "gradient through time")
    timeline.advance(1)
    timeline.go_to(9)
    again = view_of(run, "gradient through time")
    assert isinstance(then, GradientThroughTime)
    assert isinstance(again, GradientThroughTime)
    assert again.now.tobytes() == then.now.tobytes()
    assert len(then.now) == 21
    assert "shrinks" in then.words
    assert then.run.shape == (9, 21)


def test_dead_units_are_those_that_health_counts() -> None:
    """Units with large negative biases are off for every row, in the view as for the rules."""
    run = trainer(layers="linear 8, relu, linear 4, tanh, linear 2")
    run.parameters()["0.bias"][:3] = -1000.0
    run.parameters()["2.bias"][:1] = 1000.0
    dead, saturated = (view_of(run, "dead and saturated", place=place) for place in (0, 1))
    assert isinstance(dead, SilentUnits)
    assert isinstance(saturated, SilentUnits)
    assert dead.units[:3].tolist() == [1.0, 1.0, 1.0]
    assert (dead.words, dead.failing[1], saturated.units[0]) == (("dead", "saturated"), 0.25, 1.0)
    facts = describe_activations(run)
    assert dead.failing[0] >= 3 / 8
    assert facts[1].saturated == 0.25
    assert dead.counts.endswith("of 8 units dead")


def test_both_modes_are_those_of_their_definitions() -> None:
    """Batch norm scales by the batch in training, by running statistics after it; dropout multiplies by its mask."""
    run = trainer(layers=NORMED)
    run.run(steps=3)
    normed, dropped = (view_of(run, "training against evaluation", item=2, place=place) for place in (0, 1))
    assert isinstance(normed, TwoModes)
    assert isinstance(dropped, TwoModes)
    statistics, own = dict(normed.statistics), {name: value.copy() for name, value in run.parameters().items()}
    for title, shown in (("batch", normed.trained), ("running", normed.evaluated)):
        scaled = (normed.given - statistics[f"{title} mean"]) / statistics[f"{title} deviation"]
        assert shown.tolist() == pytest.approx((scaled * own["1.weight"] + own["1.bias"]).tolist(), abs=1e-4)
    assert statistics["running mean"].tolist() == run.tensors()["1.running_mean"].tolist()
    assert dropped.mask is not None
    assert set(dropped.mask.tolist()) <= {0.0, 2.0}
    assert dropped.trained.tolist() == (dropped.given * dropped.mask).tolist()
    assert sum(dropped.histograms[0].counts) == 32 * 6
    assert [name for name, *_ in normed.running] == ["running_mean", "running_var"]
