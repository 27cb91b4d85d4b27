"""The same numbers as PyTorch: layers, losses, schedules, and ten steps of training with every optimizer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.fields import fill
from nnplay.network.notation import parse_layers
from nnplay.records.layer import Case, LayerRecord
from nnplay.records.loss import LossRecord
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.registry import layer_records, loss_records, optimizer_records, schedule_records
from nnplay.records.schedule import ScheduleRecord
from nnplay.records.twin import Place, Twin
from nnplay.training.learning_rate import Plateau
from tests.records import Bench, Trial, cases_of, layer_named, network_of, target_shape
from tests.torch_later import torch_later

torch: Any = torch_later()
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("kernels")]
Array = NDArray[Any]


def tensor(array: Array, *, grad: bool = False) -> Any:
    """A float32 tensor of its own."""
    return torch.tensor(np.array(array, np.float32), requires_grad=grad)


def called(twin: Twin, values: Mapping[str, Any], shape: tuple[int, ...], *more: Any) -> Any:
    """What PyTorch's class makes, with the settings of the record."""
    return attrgetter(twin.path_for(shape))(torch)(*more, **twin.arguments(values, shape))


def values_of(record: LayerRecord, case: Case) -> Mapping[str, Any]:
    """The values of all fields in a case."""
    return fill(record.fields, case.values, record.name)


def twin_of(record: Any) -> Twin:
    """The record's twin, which must be there."""
    assert record.twin is not None
    found: Twin = record.twin
    return found


LAYERS = [
    pytest.param(record, case, id=f"{record.name}-{number}", marks=pytest.mark.slow if number > 1 else ())
    for record in layer_records().values()
    if record.twin is not None and not record.twin.random
    for number, case in enumerate(record.cases)
    if record.twin.covers(values_of(record, case), case.shapes if record.joins else case.shape)
]


def close_forward(found: Array, wanted: Any) -> None:
    """PyTorch's own tolerances for float32."""
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1.3e-6, atol=1e-5)


def close_backward(found: Array, wanted: Any) -> None:
    """Gradients to 1e-4."""
    np.testing.assert_allclose(found, wanted.detach().numpy().reshape(found.shape), rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # PyTorch says that this one is slower there
@pytest.mark.parametrize(("record", "case"), LAYERS)
def test_layers_agree(record: LayerRecord, case: Case) -> None:
    """Outputs, and the gradients of inputs and parameters, are PyTorch's."""
    twin, values = twin_of(record), values_of(record, case)
    layers, shape = network_of(record, case)
    bench = Bench(Trial(layers, shape, 4, tokens=case.tokens), "float32", seed=2)
    bench.run(bench.count("data", "forward", "loss", "backward"))
    view, find, path = bench.machine.view, bench.tape.layout.find, "0" if case.tokens else "1"
    parameters = {name: slot for name, slot in bench.tape.parameters.items() if name.rpartition(".")[0] == path}
    if twin.is_function:
        module = partial(attrgetter(twin.path)(torch), **twin.arguments(values, shape))
    else:
        module = called(twin, values, case.shapes if record.joins else shape)
    places = copy_parameters(bench, twin, values, parameters, module)
    names = [f"{path}.{k}.0.output" for k in range(len(case.shapes))] if record.joins else ["front.output"]
    if case.tokens:
        xs = [torch.tensor(view(bench.tape.named["input"], 4)).long()]
    else:
        xs = [tensor(view(find(name), 4), grad=True) for name in names]
    given = [x.movedim(-1, 1) if twin.channels_first else x for x in (xs[k] for k in twin.order or range(len(xs)))]
    y = twin.output(module(given) if twin.listed else module(*given), values)
    y = y.movedim(1, -1) if twin.channels_first and y.dim() > 2 else y
    close_forward(view(find(f"{path}.output"), 4), y)
    (y * tensor(view(find(f"d{path}.output"), 4))).sum().backward()
    if not case.tokens:
        for name, x in zip(names, xs, strict=True):
            close_backward(view(find(f"d{name}"), 4), x.grad)
    for name, place in places:
        found = view(find(f"d{name}"))[place.part].transpose(place.axes)
        close_backward(found, module.get_parameter(place.name).grad[place.into])


def copy_parameters(
    bench: Bench, twin: Twin, values: Mapping[str, Any], parameters: Mapping[str, Any], module: Any
) -> list[tuple[str, Place]]:
    """Gives PyTorch's module the parameters of its layer; returns where each of them is there."""
    places = []
    for path, slot in parameters.items():
        array = bench.machine.view(slot)
        for place in twin.places(path.rpartition(".")[2], array.shape, values):
            with torch.no_grad():
                module.get_parameter(place.name)[place.into].copy_(tensor(array[place.part]).permute(place.axes))
            places.append((path, place))
    return places


def test_a_layer_that_contains_others_is_made_of_their_twins() -> None:
    """`sequential[linear 4, tanh, linear 3]` answers as PyTorch's module of the twins of its layers does."""
    bench = Bench(Trial(parse_layers("sequential[linear 4, tanh, linear 3]"), (5,), 6), "float32", seed=2)
    bench.run(bench.count("data", "forward"))
    inner = []
    for planned in bench.plan.layers:
        twin, values = twin_of(planned.layer.record), planned.layer.values
        inner.append(called(twin, values, bench.plan.values[planned.inputs[0]]))
        names = {f"{planned.path}.{name}" for name in planned.plan.parameters}
        copy_parameters(bench, twin, values, {n: s for n, s in bench.tape.parameters.items() if n in names}, inner[-1])
    whole = called(twin_of(layer_records()["sequential"]), {}, (5,), *inner)
    x, y = (bench.machine.view(slot, 6) for slot in (bench.tape.named["input"], bench.tape.named["output"]))
    close_forward(y, whole(tensor(x)))


def test_every_record_has_a_twin_or_a_sentence_why_there_is_none() -> None:
    """A record that names PyTorch's class or function has the data of it; layers with parameters are compared."""
    for record in (*layer_records().values(), *loss_records().values(), *optimizer_records().values()):
        assert record.twin is not None or re.search(r"[^\w.]", record.torch), record.name
    compared = {param.values[0].name for param in LAYERS}
    assert {"linear", "conv1d", "conv2d", "conv_transpose2d", "batch_norm", "group_norm", "layer_norm"} <= compared
    assert {"embedding", "rnn", "lstm", "gru", "multi_head_self_attention", "prelu", "max_pool2d"} <= compared
    assert {"concat", "sum", "permute", "crop", "scale"} <= compared
    assert {"conv3d", "conv_transpose3d", "max_pool3d", "avg_pool3d", "adaptive_avg_pool2d", "resize"} <= compared
    assert {"adaptive_max_pool2d", "pixel_shuffle", "pixel_unshuffle", "unfold", "fold"} <= compared


# -- losses ------------------------------------------------------------------------------------------------------------

LOSSES = [
    pytest.param(record, case, id=f"{record.name}-{number}")
    for record in loss_records().values()
    if record.twin is not None
    for number, case in enumerate(cases_of(record))
    if record.twin.covers(record(**case.values).values, case.shape)
]


def _tensor_of(value: Any) -> Any:
    """An argument that is a list of numbers is a tensor to PyTorch."""
    return torch.tensor(value) if isinstance(value, list) else value


@pytest.mark.parametrize(("record", "case"), LOSSES)
def test_losses_agree(record: LossRecord, case: Case) -> None:
    """Losses and their gradients are PyTorch's."""
    loss, twin = record(**case.values), twin_of(record)
    front = layer_named("linear", case.shape[-1], name="front")
    layers = (front, layer_named(record.ends)) if record.ends else (front,)
    bench = Bench(Trial(layers, case.shape, 6), "float32", loss=loss, seed=4)
    bench.run(bench.count("data", "forward", "loss", "backward"))
    view, named = bench.machine.view, bench.tape.named
    shape = (-1, case.shape[-1])
    prediction = tensor(view(named["output"], 6).reshape(shape), grad=True)
    target = tensor(view(named["target"], 6).reshape(-1))
    if loss.target != "labels":
        target = target.reshape(-1, target_shape(loss, case.shape)[-1])
    call = attrgetter(twin.path)(torch)
    arguments = {key: _tensor_of(value) for key, value in twin.arguments(loss.values, case.shape).items()}
    wanted = call(*twin.loss_inputs(prediction, target, loss.values), **arguments)
    close_forward(view(named["loss"]), wanted.reshape(1))
    wanted.backward()
    gradient = next(row.writes[0] for row in bench.tape.train if row.phase == "backward")
    close_backward(view(gradient, 6), prediction.grad)


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


def torch_optimizers(record: OptimizerRecord, parameters: list[Any], values: Mapping[str, Any]) -> list[Any]:
    """PyTorch's optimizer with the same settings; PyTorch's Muon takes only matrices, and AdamW is put beside it."""
    if record.twin is None:
        return [Lion(parameters, values["lr"], (values["beta1"], values["beta2"]), values["weight_decay"])]
    if record.name != "muon":
        return [called(record.twin, values, (), parameters)]
    others = torch.optim.AdamW(
        [item for item in parameters if item.ndim != 2],
        lr=values["lr"] * values["others_factor"],
        betas=(values["beta1"], values["beta2"]),
        eps=values["adamw_eps"],
        weight_decay=values["weight_decay"],
    )
    return [called(record.twin, values, (), [item for item in parameters if item.ndim == 2]), others]


OPTIMIZERS = [
    pytest.param(record, values, id=f"{record.name}-{number}")
    for record in optimizer_records().values()
    if record.whole is None  # those are held to PyTorch evaluation by evaluation
    for number, values in enumerate(record.cases)
]


@pytest.fixture
def float64() -> Iterator[None]:
    """PyTorch keeps numbers of an optimizer's state in its default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("record", "values"), OPTIMIZERS)
def test_twenty_steps_of_training_agree(
    record: OptimizerRecord, values: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of twenty steps of a small classifier leaves the weights where PyTorch's are, in float64.

    PyTorch's Muon makes its steps orthogonal in bfloat16, which is good to 2 %, and its ASGD and NAdam keep a state in
    float32; here all of it is left at float64.
    """
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    bench = trained_bench(record, values)
    view, parameters = bench.machine.view, bench.tape.parameters
    twins = {name: torch.tensor(view(slot).T, requires_grad=True) for name, slot in parameters.items()}
    optimizers = torch_optimizers(record, list(twins.values()), bench.optimizer.values)
    x, y = torch.tensor(bench.x), torch.tensor(bench.y).long()
    for step in range(20):
        for optimizer in optimizers:
            optimizer.zero_grad()
        hidden = torch.tanh(x @ twins["0.weight"].T + twins["0.bias"])
        torch.nn.functional.cross_entropy(hidden @ twins["2.weight"].T + twins["2.bias"], y).backward()
        for optimizer in optimizers:
            optimizer.step()
        assert bench.machine.advance(1) == 1
        for name, slot in parameters.items():
            difference = float(np.abs(view(slot).T - twins[name].detach().numpy()).max())
            assert difference <= 1e-9, f"{name} differs by {difference:.2g} after step {step + 1}"


def trained_bench(record: OptimizerRecord, values: Mapping[str, Any]) -> Bench:
    """A small classifier with zeroed optimizer state."""
    layers = parse_layers("linear 8, tanh, linear 3")
    bench = Bench(
        Trial(layers, (5,), 16),
        "float64",
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
    """Every setting has PyTorch's name and default."""
    if record.twin is None:
        return
    known = inspect.signature(attrgetter(record.twin.path)(torch)).parameters
    for name, value in record.twin.arguments(record().values, ()).items():
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
    "multi_step": lambda o, v: torch.optim.lr_scheduler.MultiStepLR(
        o, list(np.atleast_1d(v["milestones"])), v["gamma"],
    ),
    "warm_restarts": lambda o, v: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(
        o, v["steps"], v["t_mult"], v["min_factor"],
    ),
    "cyclic": lambda o, v: torch.optim.lr_scheduler.CyclicLR(
        o, v["base_factor"], 1.0, v["step_size_up"], v["step_size_down"] or None, v["mode"], v["gamma"],
        cycle_momentum=False,
    ),
    "polynomial": lambda o, v: torch.optim.lr_scheduler.PolynomialLR(o, v["steps"], v["power"]),
    "linear_decay": lambda o, v: torch.optim.lr_scheduler.LinearLR(
        o, v["start_factor"], v["end_factor"], v["steps"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("record", [schedule_records()[name] for name in SCHEDULES], ids=lambda record: record.name)
def test_schedules_agree(record: ScheduleRecord) -> None:
    """Up to its last step, a schedule gives the learning rates of PyTorch's."""
    for values in (record().values, *(record(**given).values for given, _ in cases_of(record))):
        count = 3 * int(values["steps"]) if record.name == "warm_restarts" else int(values.get("steps", 25))
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


def test_a_chain_is_pytorchs() -> None:
    """A warm-up and then a cosine give, step by step, the learning rates of `SequentialLR`."""
    schedule = schedule_records()["chained"](parts="warmup 5 start_factor=0.2, step 6 step_size=2, cosine 10")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    lr_scheduler = torch.optim.lr_scheduler
    twin = lr_scheduler.SequentialLR(
        optimizer,
        [
            lr_scheduler.LinearLR(optimizer, 0.2, 1.0, 5),
            lr_scheduler.StepLR(optimizer, 2, 0.1),
            lr_scheduler.CosineAnnealingLR(optimizer, 10),
        ],
        [5, 11],
    )
    wanted = []
    for _ in range(21):
        wanted.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        twin.step()
    found = schedule.record.factor(schedule.values, np.arange(21, dtype=np.float64))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        {"patience": 1},
        {"patience": 0, "cooldown": 3},
        {"patience": 1, "threshold": 0.2, "threshold_mode": "rel"},
        {"patience": 2, "threshold": 0.15, "threshold_mode": "abs", "cooldown": 1},
    ],
)
def test_a_plateau_drops_when_pytorchs_does(values: Mapping[str, Any]) -> None:
    """Epoch by epoch, the factor is the learning rate of `ReduceLROnPlateau`, whose default threshold is another."""
    schedule = schedule_records()["plateau"](**values, factor=0.5, min_factor=0.01)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    own = {"threshold": 0.0, **values}
    twin = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, min_lr=0.01, **own)
    plateau = Plateau()
    for loss in np.random.default_rng(1).choice([0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], 40):
        twin.step(float(loss))
        plateau = plateau.after(schedule, [float(loss)])
        assert plateau.factor == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
    assert plateau.factor < 1.0


def test_layers_name_modules_that_exist() -> None:
    """Where a record names a PyTorch module, PyTorch has it."""
    for record in layer_records().values():
        if record.torch.isidentifier():
            assert hasattr(torch.nn, record.torch), f"{record.name}: torch.nn.{record.torch}"
