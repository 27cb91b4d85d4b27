"""The same numbers as PyTorch: layers, losses, schedules, and ten steps of training with every optimizer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.network.notation import parse_layers
from nnplay.records.layer import LayerRecord
from nnplay.records.loss import LossRecord
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.registry import layer_records, loss_records, optimizer_records, schedule_records
from nnplay.records.schedule import ScheduleRecord
from tests.records import Bench, Trial, cases_of, layer_named, layers_with_rows, network_of

torch: Any = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("kernels")]
Array = NDArray[Any]


def tensor(array: Array, *, grad: bool = False) -> Any:
    """A float32 tensor of its own."""
    return torch.tensor(np.array(array, np.float32), requires_grad=grad)


def module_of(record: LayerRecord, values: Mapping[str, Any]) -> Any:
    """PyTorch's module for an activation, or for Flatten, with the settings of the record; None for other layers.

    Layers with channels, parameters or random numbers differ in layout or draw, so they are compared elsewhere.
    """
    kind = getattr(torch.nn, record.torch, None)
    known = inspect.signature(kind).parameters if kind is not None else {}
    if (
        kind is None
        or not (record.family == "activation" or record.torch == "Flatten")
        or not set(values) <= set(known)
    ):
        return None
    module = kind(**values, **({"dim": -1} if "dim" in known else {}))
    return None if list(module.parameters()) else module


TWINS = [
    pytest.param(record, case, id=f"{record.name}-{number}")
    for record in layers_with_rows()
    for number, case in enumerate(record.cases)
    if not record.joins and module_of(record, record(**case.values).values) is not None
]


def close_forward(found: Array, wanted: Any) -> None:
    """PyTorch's own tolerances for float32."""
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1.3e-6, atol=1e-5)


def close_backward(found: Array, wanted: Any) -> None:
    """Gradients to 1e-4."""
    np.testing.assert_allclose(found, wanted.detach().numpy().reshape(found.shape), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("record", "case"), TWINS)
def test_layers_without_parameters_agree(record: LayerRecord, case: Any) -> None:
    """Outputs and input gradients of layers without parameters are PyTorch's."""
    layers, shape = network_of(record, case)
    bench = Bench(Trial(layers, shape, 4), "float32", seed=2)
    bench.run(bench.count("data", "forward", "loss", "backward"))
    view, find = bench.machine.view, bench.tape.layout.find
    x = tensor(view(find("front.output"), 4), grad=True)
    y = module_of(record, record(**case.values).values)(x)
    close_forward(view(find("1.output"), 4), y)
    y.backward(tensor(view(find("d1.output"), 4)))
    close_backward(view(find("dfront.output"), 4), x.grad)


def test_these_layers_are_compared() -> None:
    """The comparison covers the activations and Flatten; if PyTorch's names change, this says so."""
    compared = {param.values[0].name for param in TWINS}
    expected = {
        "relu",
        "leaky_relu",
        "elu",
        "gelu",
        "silu",
        "softplus",
        "tanh",
        "sigmoid",
        "softmax",
        "identity",
        "flatten",
    }
    assert expected <= compared


@pytest.mark.parametrize("text", ["linear 17", "linear 17 bias=no", "linear 1"])
@pytest.mark.parametrize("shape", [(5,), (3, 33)])
def test_linear_agrees(text: str, shape: tuple[int, ...]) -> None:
    """Outputs and all gradients of a linear layer are PyTorch's, with its weight transposed."""
    bench = Bench(Trial((layer_named("linear", shape[-1], name="front"), *parse_layers(text)), shape, 7), "float32")
    bench.run(bench.count("data", "forward", "loss", "backward"))
    view, find = bench.machine.view, bench.tape.layout.find
    x = tensor(view(find("front.output"), 7), grad=True)
    weight = tensor(view(bench.tape.parameters["1.weight"]).T, grad=True)
    biased = "1.bias" in bench.tape.parameters
    bias = tensor(view(bench.tape.parameters["1.bias"]), grad=True) if biased else None
    y = torch.nn.functional.linear(x, weight, bias)
    close_forward(view(find("1.output"), 7), y)
    y.backward(tensor(view(find("d1.output"), 7)))
    close_backward(view(find("dfront.output"), 7), x.grad)
    close_backward(view(find("d1.weight")).T, weight.grad)
    if bias is not None:
        close_backward(view(find("d1.bias")), bias.grad)


# -- losses ------------------------------------------------------------------------------------------------------------

Functional = Callable[[Any, Any, Mapping[str, Any]], Any]
F: Any = torch.nn.functional


def smooth(t: Any, values: Mapping[str, Any]) -> Any:
    """Binary targets moved towards one half; PyTorch leaves that to its caller."""
    return t * (1 - values["label_smoothing"]) + 0.5 * values["label_smoothing"]


def hinge(z: Any, t: Any, values: Mapping[str, Any]) -> Any:
    """multi_margin_loss for several outputs; for one, the same rule on ±1 targets."""
    if z.shape[-1] == 1:
        return torch.clamp(values["margin"] - (2 * t - 1) * z.reshape(-1), min=0).mean()
    return F.multi_margin_loss(z, t.long(), margin=values["margin"])


LOSSES: dict[str, Functional] = {
    "mse": lambda p, t, values: F.mse_loss(p, t),
    "mae": lambda p, t, values: F.l1_loss(p, t),
    "huber": lambda p, t, values: F.huber_loss(p, t, delta=values["delta"]),
    "binary_cross_entropy": lambda p, t, values: F.binary_cross_entropy(p, smooth(t, values)),
    "binary_cross_entropy_logits": lambda z, t, values: F.binary_cross_entropy_with_logits(z, smooth(t, values)),
    "cross_entropy": lambda z, t, values: F.cross_entropy(z, t.long(), label_smoothing=values["label_smoothing"]),
    "cross_entropy_probabilities": lambda p, t, values: F.nll_loss(p.log(), t.long()),
    "hinge": hinge,
}


@pytest.mark.parametrize("record", [loss_records()[name] for name in LOSSES], ids=lambda record: record.name)
def test_losses_agree(record: LossRecord) -> None:
    """Losses and their gradients are PyTorch's."""
    for case in cases_of(record):
        loss = record(**case.values)
        front = layer_named("linear", case.shape[-1], name="front")
        layers = (front, layer_named(record.ends)) if record.ends else (front,)
        bench = Bench(Trial(layers, case.shape, 6), "float32", loss=loss, seed=4)
        bench.run(bench.count("data", "forward", "loss", "backward"))
        view, named = bench.machine.view, bench.tape.named
        shape = (-1, case.shape[-1])
        p = tensor(view(named["output"], 6).reshape(shape), grad=True)
        t = view(named["target"], 6)
        wanted = LOSSES[record.name](
            p, tensor(t.reshape(shape if t.size == p.numel() and record.target != "labels" else -1)), loss.values
        )
        close_forward(view(named["loss"]), wanted.reshape(1))
        wanted.backward()
        gradient = next(row.writes[0] for row in bench.tape.train if row.phase == "backward")
        close_backward(view(gradient, 6), p.grad)


# -- optimizers --------------------------------------------------------------------------------------------------------


class Lion:
    """The rule of Chen et al. (2023), Algorithm 2; PyTorch has no class for it."""

    def __init__(self, parameters: list[Any], lr: float, betas: tuple[float, float], weight_decay: float) -> None:
        self.settings = lr, *betas, weight_decay
        self.state = [(item, torch.zeros_like(item)) for item in parameters]

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        for item, _ in self.state:
            item.grad = None

    def step(self) -> None:
        """One update."""
        lr, beta1, beta2, decay = self.settings
        with torch.no_grad():
            for item, mean in self.state:
                item *= 1 - lr * decay
                item -= lr * torch.sign(beta1 * mean + (1 - beta1) * item.grad)
                mean.mul_(beta2).add_(item.grad, alpha=1 - beta2)


def torch_optimizer(record: OptimizerRecord, parameters: list[Any], values: Mapping[str, Any]) -> Any:
    """PyTorch's optimizer with the same settings."""
    given = dict(values)
    for name, parts in record.pairs.items():
        given[name] = tuple(given.pop(part) for part in parts)
    return (getattr(torch.optim, record.torch, None) or Lion)(parameters, **given)


OPTIMIZERS = [
    pytest.param(record, values, id=f"{record.name}-{number}")
    for record in optimizer_records().values()
    for number, values in enumerate(record.cases)
]


@pytest.mark.parametrize(("record", "values"), OPTIMIZERS)
def test_ten_steps_of_training_agree(record: OptimizerRecord, values: Mapping[str, Any]) -> None:
    """Ten steps of a small classifier leave the weights within 1e-5 of PyTorch's."""
    bench = trained_bench(record, values)
    view, parameters = bench.machine.view, bench.tape.parameters
    twins = {name: tensor(view(slot), grad=True) for name, slot in parameters.items()}
    optimizer = torch_optimizer(record, list(twins.values()), bench.optimizer.values)
    x, y = tensor(bench.x), torch.tensor(bench.y).long()
    for _ in range(10):
        optimizer.zero_grad()
        hidden = torch.tanh(x @ twins["0.weight"] + twins["0.bias"])
        F.cross_entropy(hidden @ twins["2.weight"] + twins["2.bias"], y).backward()
        optimizer.step()
    assert bench.machine.advance(10) == 10
    for name, slot in parameters.items():
        difference = float(np.abs(view(slot) - twins[name].detach().numpy()).max())
        assert difference <= 1e-5, f"{name} differs by {difference:.2g}"


def trained_bench(record: OptimizerRecord, values: Mapping[str, Any]) -> Bench:
    """A small classifier with zeroed optimizer state."""
    layers = parse_layers("linear 8, tanh, linear 3")
    bench = Bench(
        Trial(layers, (5,), 16),
        "float32",
        loss=loss_records()["cross_entropy"](),
        optimizer=record(**values),
        seed=6,
    )
    for slot in bench.tape.layout.slots["optimizer_state"]:
        bench.machine.view(slot)[...] = 0
    bench.machine.rates[:] = values["lr"]
    return bench


@pytest.mark.parametrize("record", optimizer_records().values(), ids=lambda record: record.name)
def test_arguments_and_defaults_are_pytorchs(record: OptimizerRecord) -> None:
    """Every setting has PyTorch's name and default, and the learning rate comes first."""
    if not hasattr(torch.optim, record.torch):
        return
    known = inspect.signature(getattr(torch.optim, record.torch)).parameters
    ours = dict(record().values)
    for name, parts in record.pairs.items():
        ours[name] = tuple(ours.pop(part) for part in parts)
    for name, value in ours.items():
        assert known[name].default == value, name


# -- schedules ---------------------------------------------------------------------------------------------------------

SCHEDULES: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "constant": lambda o, v: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0),
    "step": lambda o, v: torch.optim.lr_scheduler.StepLR(o, v["step_size"], v["gamma"]),
    "exponential": lambda o, v: torch.optim.lr_scheduler.ExponentialLR(o, v["gamma"]),
    "cosine": lambda o, v: torch.optim.lr_scheduler.CosineAnnealingLR(o, v["steps"], v["min_factor"]),
    "warmup": lambda o, v: torch.optim.lr_scheduler.LinearLR(o, v["start_factor"] or 1e-9, 1.0, v["steps"]),
    "one_cycle": lambda o, v: torch.optim.lr_scheduler.OneCycleLR(
        o, 1.0, v["steps"], pct_start=v["pct_start"], div_factor=v["div_factor"],
        final_div_factor=v["final_div_factor"], cycle_momentum=False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("record", [schedule_records()[name] for name in SCHEDULES], ids=lambda record: record.name)
def test_schedules_agree(record: ScheduleRecord) -> None:
    """Up to its last step, a schedule gives the learning rates of PyTorch's."""
    for values in (record().values, *(record(**given).values for given, _ in cases_of(record))):
        count = int(values.get("steps", 25))
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule = SCHEDULES[record.name](optimizer, values)
        wanted = []
        for _ in range(count):
            wanted.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if len(wanted) < count:
                schedule.step()
        found = record.factor(values, np.arange(count, dtype=np.float64))
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def test_layers_name_modules_that_exist() -> None:
    """Where a record names a PyTorch module, PyTorch has it."""
    for record in layer_records().values():
        if record.torch.isidentifier():
            assert hasattr(torch.nn, record.torch), f"{record.name}: torch.nn.{record.torch}"
