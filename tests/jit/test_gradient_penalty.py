"""Gradient penalties: the gradient of a slope, beside differences, the interpreter and PyTorch's double backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.inspector.gradient_check import Checker
from nnplay.records.registry import layer_records
from nnplay.tape.machines.interpreter import InterpretedMachine
from tests.small_players import game, objectives
from tests.small_trainer import same

PENALTY = {"name": "penalty", "path": ["discriminator"], "adds_to": "discriminator"}
KINDS = {
    "between": {"gradient_norm": 1, "between": "made", "factor": 10},
    "at real rows": {"gradient_norm": 0, "factor": 0.5},
}
DISCRIMINATORS = {
    "straight pieces": "linear 6, leaky_relu 0.2, linear 7, relu, linear 1",
    "weight norm": "linear 6 parametrization=weight_norm, leaky_relu 0.2, dropout 0.1, linear 1",
    "branches of curves": "linear 5, tanh, sum[identity | linear 5 name=b, silu], softplus, linear 5, sigmoid, "
    "difference[recall b | linear 5], ensemble[identity | linear 5], linear 1",
}


def penalised(kind: str = "between", layers: str = DISCRIMINATORS["straight pieces"], **changes: Any) -> RunConfig:
    """The small game with a penalty on its discriminator."""
    training = {"batch_size": 16, "threads": 1, "real": "float64"}
    return game(layers=layers, objectives=[*objectives(), {**PENALTY, **KINDS[kind]}], training=training, **changes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", DISCRIMINATORS.values(), ids=DISCRIMINATORS)
def test_a_penalty_has_the_gradient_of_its_own_differences(kind: str, layers: str) -> None:
    """Every weight's gradient is the difference of the summed loss, and the loop does what the definitions say."""
    check(penalised(kind, layers))


def test_a_penalty_goes_through_every_activation_that_can_be_differentiated_twice() -> None:
    """Each in a branch of its own; and all curves are among them."""
    names = [
        name
        for name, record in layer_records().items()
        if record.family == "activation" and record.cases[0].shape == (5,)
        if record.traits.change or record.plan(record(**record.cases[0].values).values, (5,)).curvature
    ]
    assert len(names) >= 25
    check(penalised(layers=f"concat[{' | '.join(f'linear 3, {name}' for name in names)}], linear 1"), elements=2)


def test_a_penalty_goes_through_layers_of_pictures() -> None:
    """Convolutions, means, and what only moves numbers."""
    layers = "conv2d 4 k3 padding=1, tanh, pixel_unshuffle 2, upsample 2, avg_pool2d 2, zero_pad 1, "
    layers += "conv2d 4 k3, pixel_shuffle 2, adaptive_avg_pool2d 4, permute 2x1x3, crop 1, global_avg_pool, linear 1"
    check(_of_pictures(layers), elements=2)


def check(config: RunConfig, elements: int = 6) -> None:
    trainer, plain = config.trainer(), config.trainer(machine=InterpretedMachine)
    trainer.run(steps=4)
    plain.run(steps=4)
    assert np.allclose(trainer.machine.state(), plain.machine.state(), rtol=0, atol=1e-12)
    checker = Checker(trainer)
    for name in trainer.parameters():
        found = checker.check(name, elements=elements)
        apart = np.abs(found.computed - found.measured).max()
        assert found.worst < 1e-6 or apart < 1e-9, name


def test_a_penalty_is_written_down_and_replayed() -> None:
    """It is read back as it was written; the same run again has the same bits; without it the run is another one."""
    config = penalised()
    assert RunConfig.from_dict(config.to_dict()) == config
    one, other, without = config.trainer(), config.trainer(), game(layers=DISCRIMINATORS["straight pieces"]).trainer()
    one.run(steps=7)
    other.run(steps=3)
    other.run(steps=4)
    assert same(one, other)
    without.run(steps=7)
    assert not np.allclose(one.parameters()["0.weight"], without.parameters()["0.weight"])


@pytest.mark.parametrize(
    ("layers", "changes", "message"),
    [
        ("linear 6, prelu, linear 1", {}, "no gradient penalty goes through prelu"),
        ("linear 6, batch_norm, relu, linear 1", {}, "no gradient penalty goes through batch_norm"),
        ("product[linear 3 | linear 3], linear 1", {}, "no gradient penalty goes through product"),
        ("linear 6, relu, linear 1", {"between": "generator"}, "'generator' makes no rows for 'discriminator'"),
        ("linear 6, relu, linear 1", {"target": 1}, "compared with no target"),
        ("linear 6, relu, linear 1", {"adds_to": ""}, "needs an objective to add to|trains nothing"),
        ("linear 6, relu, linear 1", {"path": ["generator", "discriminator"]}, "begins with the data"),
    ],
)
def test_what_no_penalty_can_be_on_is_refused(layers: str, changes: dict[str, Any], message: str) -> None:
    """Layers whose slope changes with the input, points between nothing, targets, and no objective to add to."""
    with pytest.raises(InputError, match=message):
        game(layers=layers, objectives=[*objectives(), {**PENALTY, **KINDS["between"], **changes}]).trainer()


@pytest.mark.torch
@pytest.mark.parametrize("layers", ["linear", "conv2d", "curves"])
def test_a_penalty_has_pytorchs_gradient(layers: str) -> None:
    """Every weight's gradient beside `create_graph=True` at the same points, for three kinds of networks."""
    torch: Any = pytest.importorskip("torch")
    curves = "linear 6, tanh, sum[identity | linear 6, gelu], softplus, linear 1"
    configs = {"linear": penalised, "conv2d": _of_pictures, "curves": lambda: penalised(layers=curves)}
    trainer = configs[layers]().trainer()
    trainer.run(steps=1)
    machine = trainer.machine
    table = machine.current_batch
    stage = machine.tape.stages[0]
    machine.run_table(table, stage.rows.update_at, stage.rows.first)
    named = {slot.name: machine.view(slot, table.n) for slot in machine.tape.layout.all()}
    ours = {name: named[f"d{name}"].copy() for name in stage.gradients}
    penalty = stage.objective.penalties[0]
    weights = {name: torch.tensor(trainer.parameters()[name].astype(np.float64), requires_grad=True) for name in ours}
    terms = [named["input"], named["made.generator.1.output" if layers == "conv2d" else "made.generator.3.output"]]
    targets = [named["target"], named["made.target"]]
    loss: Any = 0.0
    for rows, target in zip(terms, targets, strict=True):
        score = _answer(torch, torch.tensor(rows.astype(np.float64)), weights, layers)
        wanted = torch.tensor(target.astype(np.float64)).reshape(score.shape)
        loss = loss + torch.nn.functional.binary_cross_entropy_with_logits(score, wanted)
    points = torch.tensor(named["penalty.between"].astype(np.float64), requires_grad=True)
    score = _answer(torch, points, weights, layers)
    (slope,) = torch.autograd.grad(score.sum(), points, create_graph=True)
    norm = slope.flatten(1).norm(dim=1)
    loss = loss + penalty.factor * ((norm - penalty.norm) ** 2).mean()
    assert float(loss.detach()) == pytest.approx(float(named["loss"][0]), rel=1e-9)
    loss.backward()
    for name, gradient in ours.items():
        assert np.allclose(gradient, weights[name].grad.numpy(), rtol=1e-9, atol=1e-12), name


def _of_pictures(
    layers: str = "conv2d 3 k3 s2 padding=1, leaky_relu 0.2, conv2d 2 k2, relu, flatten, linear 1",
) -> RunConfig:
    """Small pictures: a convolutional discriminator, a linear generator."""
    return RunConfig.from_dict(
        {
            **penalised().to_dict(),
            "data": {"name": "digits"},
            "layers": [layers],
            "networks": {"generator": {"layers": ["linear 64, reshape 8x8x1"], "noise": 3}},
        }
    )


def _answer(torch: Any, x: Any, weights: dict[str, Any], layers: str) -> Any:
    """The discriminator in PyTorch, of rows (N, …) as nnplay has them."""
    if layers == "linear":
        x = torch.nn.functional.leaky_relu(x @ weights["0.weight"] + weights["0.bias"], 0.2)
        x = torch.relu(x @ weights["2.weight"] + weights["2.bias"])
        return x @ weights["4.weight"] + weights["4.bias"]
    if layers == "curves":
        x = torch.tanh(x @ weights["0.weight"] + weights["0.bias"])
        x = x + torch.nn.functional.gelu(x @ weights["2.1.0.weight"] + weights["2.1.0.bias"])
        return torch.nn.functional.softplus(x) @ weights["4.weight"] + weights["4.bias"]
    x, (first, second) = x.permute(0, 3, 1, 2), (weights[f"{k}.weight"].permute(3, 2, 0, 1) for k in (0, 2))
    x = torch.nn.functional.conv2d(x, first, weights["0.bias"], stride=2, padding=1)
    x = torch.nn.functional.conv2d(torch.nn.functional.leaky_relu(x, 0.2), second, weights["2.bias"])
    return torch.relu(x).permute(0, 2, 3, 1).flatten(1) @ weights["5.weight"] + weights["5.bias"]
