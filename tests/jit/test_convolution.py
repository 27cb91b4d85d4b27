"""Convolutions, pooling and normalisation: parity with PyTorch, the same bits on any number of threads, refusals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay.errors import InputError
from nnplay.network.notation import parse_layer, show_layer
from nnplay.network.summary import ledger
from nnplay.operations.window_geometry import ends, fit, need_rank
from nnplay.records.layer import Layer
from tests.records import Bench, Trial, layer_named

Array = NDArray[Any]


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def trainer_of(layers: list[Layer] | str, x: Array, y: Array, **more: Any) -> nn.Trainer:
    """All rows are one batch, in their order."""
    settings = {"loss": "mse", "optimizer": nn.SGD(lr=0.1), "batch_size": "all", "shuffle": False, "threads": 1} | more
    return nn.Trainer(nn.Network(layers, seed=3), nn.Dataset(x, y), **settings)


# -- PyTorch -----------------------------------------------------------------------------------------------------------


def first(x: Array) -> Any:
    """Channels-last numbers as a channels-first tensor."""
    torch = pytest.importorskip("torch")
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1)))


def theirs(value: Array) -> Array:
    """A parameter in PyTorch's shape: filters, channels, then the kernel's axes."""
    return value if value.ndim == 1 else np.ascontiguousarray(np.moveaxis(value, [-1, -2], [0, 1]))


def own(trainer: nn.Trainer) -> dict[str, Array]:
    return {name.removeprefix("0."): value for name, value in trainer.parameters().items() if name.startswith("0.")}


def gradient(trainer: nn.Trainer, name: str) -> Array:
    return trainer.machine.view(trainer.machine.tape.layout.find(f"d0.{name}"))


def hold_to_twin(layer: Layer, twin: Any, shape: tuple[int, ...], steps: int = 10) -> nn.Trainer:
    """Forward, gradients of the first step and the weights after some steps are those of PyTorch's module."""
    torch = pytest.importorskip("torch")
    x = numbers(6, *shape)
    target = numbers(*twin.eval()(first(x)).flatten(1).shape)
    trainer = trainer_of([layer, nn.Flatten()], x, target)
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            parameter.copy_(torch.from_numpy(theirs(own(trainer)[name])))

    def ours_first() -> Any:
        """PyTorch's answer laid out as ours."""
        return torch.movedim(twin(first(x)), 1, -1).flatten(1)

    def hold_answers() -> None:
        np.testing.assert_allclose(trainer.predict(x), ours_first().detach().numpy(), rtol=1.3e-6, atol=1e-5)

    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1) if own(trainer) else None
    hold_answers()
    twin.train()
    for step in range(steps if optimizer else 0):
        trainer.run(steps=1)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(ours_first(), torch.from_numpy(target)).backward()
        for name, parameter in twin.named_parameters():
            if step == 0:
                found = theirs(gradient(trainer, name))
                np.testing.assert_allclose(found, parameter.grad.numpy(), rtol=1e-4, atol=1e-6, err_msg=name)
        optimizer.step()
    for name, parameter in twin.named_parameters():
        np.testing.assert_allclose(theirs(own(trainer)[name]), parameter.detach().numpy(), rtol=0, atol=1e-5)
    twin.eval()
    hold_answers()
    return trainer


CONVOLUTIONS: list[tuple[dict[str, Any], dict[str, Any], tuple[int, ...]]] = [
    ({"filters": 8, "padding": "same"}, {"padding": 1}, (12, 12, 3)),
    ({"filters": 40, "kernel": (3, 5), "stride": (2, 1), "padding": (1, 2)}, {"stride": (2, 1), "padding": (1, 2)},
     (7, 9, 5)),
    ({"filters": 6, "stride": 2, "padding": "same"}, {"stride": 2, "padding": 1}, (8, 7, 4)),
    ({"filters": 4, "dilation": 2, "stride": 3, "padding": 1}, {"dilation": 2, "stride": 3, "padding": 1}, (9, 12, 3)),
    ({"filters": 6, "groups": 2, "padding": 1}, {"groups": 2, "padding": 1}, (6, 5, 4)),
    ({"filters": 5, "groups": "depthwise", "padding": 2, "dilation": 2}, {"groups": 5, "padding": 2, "dilation": 2},
     (6, 8, 5)),
    ({"filters": 3, "kernel": 1, "bias": False}, {"bias": False}, (4, 4, 17)),
]  # fmt: skip


@pytest.mark.torch
@pytest.mark.parametrize(("values", "twin", "shape"), CONVOLUTIONS, ids=lambda part: str(part))
def test_conv2d_is_that_of_pytorch(values: dict[str, Any], twin: dict[str, Any], shape: tuple[int, ...]) -> None:
    """Strides, padding, dilation, groups and depthwise give PyTorch's numbers over ten steps."""
    torch = pytest.importorskip("torch")
    module = torch.nn.Conv2d(shape[-1], values["filters"], values.get("kernel", 3), **twin)
    hold_to_twin(nn.Conv2d(**values), module, shape)


@pytest.mark.torch
def test_conv1d_is_that_of_pytorch() -> None:
    """A convolution of sequences gives PyTorch's numbers over ten steps."""
    torch = pytest.importorskip("torch")
    module = torch.nn.Conv1d(3, 7, 5, stride=2, padding=2, dilation=1)
    hold_to_twin(nn.Conv1d(7, 5, stride=2, padding=2), module, (13, 3))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("values", "twin"),
    [
        ({"kernel": 2}, {"kernel_size": 2, "stride": 2}),
        ({"kernel": 3, "padding": "same"}, {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}),
        ({"kernel": 4, "padding": 1, "bias": False}, {"kernel_size": 4, "stride": 2, "padding": 1, "bias": False}),
        ({"kernel": 3, "dilation": 2, "groups": 2}, {"kernel_size": 3, "stride": 2, "dilation": 2, "groups": 2}),
    ],
    ids=str,
)  # fmt: skip
def test_conv_transpose2d_is_that_of_pytorch(values: dict[str, Any], twin: dict[str, Any]) -> None:
    """The reverse of a convolution gives PyTorch's numbers over ten steps."""
    torch = pytest.importorskip("torch")
    hold_to_twin(nn.ConvTranspose2d(6, **values), torch.nn.ConvTranspose2d(4, 6, **twin), (5, 3, 4))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("layer", "twin", "shape"),
    [
        (lambda: nn.MaxPool2d(3, 2, 1), lambda t: t.MaxPool2d(3, 2, 1), (7, 9, 5)),
        (lambda: nn.MaxPool2d(), lambda t: t.MaxPool2d(2), (4, 6, 17)),
        (lambda: nn.AvgPool2d(3, 2, 1), lambda t: t.AvgPool2d(3, 2, 1, count_include_pad=False), (7, 9, 5)),
        (lambda: nn.MaxPool1d(3, 1), lambda t: t.MaxPool1d(3, 1), (7, 5)),
        (lambda: nn.Upsample(2, "bilinear"), lambda t: t.Upsample(scale_factor=2, mode="bilinear"), (3, 4, 5)),
        (lambda: nn.Upsample(3), lambda t: t.Upsample(scale_factor=3), (3, 4, 5)),
        (lambda: nn.GroupNorm(3), lambda t: t.GroupNorm(3, 6), (4, 5, 6)),
        (lambda: nn.InstanceNorm(), lambda t: t.InstanceNorm2d(6, affine=True), (4, 5, 6)),
        (lambda: nn.PReLU(), lambda t: t.PReLU(6), (4, 5, 6)),
    ],
)
def test_other_layers_of_pictures_are_those_of_pytorch(
    layer: Callable[[], Layer], twin: Callable[[Any], Any], shape: tuple[int, ...]
) -> None:
    """Pooling, upsampling, group and instance normalisation and PReLU give PyTorch's numbers over ten steps."""
    torch = pytest.importorskip("torch")
    hold_to_twin(layer(), twin(torch.nn), shape)


@pytest.mark.torch
def test_batch_norm_is_that_of_pytorch() -> None:
    """Weights, running statistics and the answer in evaluation are PyTorch's after ten steps."""
    torch = pytest.importorskip("torch")
    twin = torch.nn.BatchNorm2d(5, momentum=0.3)
    trainer = hold_to_twin(nn.BatchNorm(momentum=0.3), twin, (4, 3, 5))
    tensors = trainer.tensors()
    np.testing.assert_allclose(tensors["0.running_mean"], twin.running_mean.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tensors["0.running_var"], twin.running_var.numpy(), rtol=1e-5, atol=1e-6)


# -- the engine --------------------------------------------------------------------------------------------------------

SMALL = (
    "conv2d 16 same, batch_norm, relu, max_pool2d, dropout2d 0.2, "
    "conv2d 8 k3 s2 same, group_norm 2, relu, flatten, linear 3"
)


def small(threads: int) -> nn.Trainer:
    """A small network of all kinds of rows, large enough that they are cut into parts."""
    trainer = trainer_of(SMALL, numbers(40, 16, 16, 3), numbers(40, 3), batch_size=16, threads=threads)
    assert max(row.parts for row in trainer.machine.tape.train) > 2
    return trainer


def test_one_and_two_threads_give_the_same_bits() -> None:
    """A convolutional network trains to the same bits on one thread and on two, a smaller last batch included."""
    one, two = small(1), small(2)
    for trainer in (one, two):
        trainer.run(epochs=3)
    assert one.state().memory.tobytes() == two.state().memory.tobytes()


def test_a_stored_moment_is_gone_on_from_bit_for_bit() -> None:
    """Running statistics and random channels are part of the moment: going on from it gives the same bits."""
    trainer = small(1)
    trainer.run(steps=4)
    moment = trainer.state()
    trainer.run(steps=5)
    end = trainer.state().memory.copy()
    trainer.restore(moment)
    trainer.run(steps=5)
    assert trainer.state().memory.tobytes() == end.tobytes()


def test_evaluation_of_batch_norm_does_not_depend_on_the_other_rows() -> None:
    """A prediction is the same for a row alone and among others, and running statistics stay as they are."""
    trainer = trainer_of("batch_norm, linear 2", numbers(20, 4), numbers(20, 2))
    trainer.run(steps=3)
    before = trainer.tensors()["0.running_mean"].copy()
    x = numbers(9, 4, seed=1)
    np.testing.assert_allclose(trainer.predict(x)[4:5], trainer.predict(x[4:5]), rtol=1e-6)
    assert np.array_equal(trainer.tensors()["0.running_mean"], before)


def test_a_number_that_is_none_passes_through_pooling() -> None:
    """The largest of a window with NaN is NaN, wherever in the window it stands, and nowhere else."""
    machine = trainer_of([nn.MaxPool2d(), nn.Flatten()], numbers(1, 4, 4, 3), numbers(1, 12)).machine
    output = machine.tape.named["eval.output"].name
    for place in range(4):
        x = numbers(1, 4, 4, 3)
        x[0, place // 2, 2 + place % 2, 1] = np.nan
        y = machine.forward(x, [output])[output].reshape(2, 2, 3)
        assert np.isnan(y[0, 1, 1])
        assert np.isnan(y).sum() == 1


SPREADING: list[tuple[Layer, tuple[int, ...]]] = [
    (layer_named("conv1d", 2, padding="same"), (24, 1)),
    (layer_named("conv2d", 1, padding="same"), (6, 16, 1)),
    (layer_named("conv2d", 3, 5, 2), (9, 21, 2)),
    (layer_named("conv2d", 4, 1), (3, 8, 2)),
    (layer_named("conv_transpose1d", 1, 3, 1), (14, 2)),
    (layer_named("conv_transpose2d", 1, 3, 1), (5, 14, 2)),
    (layer_named("conv_transpose2d", 2, 4, 2, "same", bias=False), (4, 8, 3)),
    (layer_named("max_pool2d", 3, 2, 1), (7, 9, 2)),
    (layer_named("avg_pool2d", 3, 2, 1, count_include_pad=True), (7, 9, 2)),
]


@pytest.mark.parametrize(("layer", "shape"), SPREADING, ids=lambda part: str(part))
def test_what_is_not_finite_reaches_only_the_outputs_whose_windows_hold_it(
    layer: Layer, shape: tuple[int, ...]
) -> None:
    """A pixel that is NaN or infinite spoils the outputs that a large pixel changes there, and no others."""
    front = layer_named("identity")
    count = int(np.prod(layer.record.plan(layer.values, shape).output))
    machine = trainer_of([front, layer, nn.Flatten()], numbers(2, *shape), numbers(2, count)).machine
    output = machine.tape.named["eval.output"].name
    x = numbers(2, *shape)

    def answer(value: float, place: tuple[int, ...]) -> Array:
        changed = x.copy()
        changed[place] = value
        return np.array(machine.forward(changed, [output])[output])

    for place in ((0, *(size // 2 for size in shape[:-1]), 0), (1, *(0 for _ in shape[:-1]), shape[-1] - 1)):
        held = answer(1e6, place) != answer(x[place], place)
        assert held.any()
        for value in (np.nan, np.inf):
            assert (~np.isfinite(answer(value, place)) == held).all()


def test_layers_are_written_in_short() -> None:
    """Short forms and bare words find their fields in any order."""
    layer = parse_layer("conv2d 16 k3 s2 same")
    assert (layer.values["filters"], layer.values["kernel"]) == (16, 3)
    assert (layer.values["stride"], layer.values["padding"]) == (2, "same")
    assert parse_layer("conv2d same 8 k3x5").values["kernel"] == (3, 5)
    assert parse_layer("conv2d 8 p1 depthwise").values["groups"] == "depthwise"


@pytest.mark.parametrize(
    ("written", "padding"),
    [
        ("max_pool2d 3 2 0:1x1", ((0, 1), 1)),
        ("max_pool2d k3 p0:1", ((0, 1),)),
        ("max_pool2d k3 p1:1", 1),
        ("max_pool2d k3 same_lower", "same_lower"),
    ],
)
def test_padding_may_differ_at_the_two_ends(written: str, padding: Any) -> None:
    """Two numbers for an axis are read from text as from Python, and written so that they are read again."""
    layer = parse_layer(written)
    assert layer.values["padding"] == padding
    assert layer.with_values(padding=padding) == layer == parse_layer(show_layer(layer))
    with pytest.raises(
        InputError, match="conv2d, padding: '0:1:2' is not an integer, a pair like 3x5 or ends like 0:1"
    ):
        parse_layer("conv2d 4 p0:1:2")


# -- geometry ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            (5, 7, 1, "valid"),
            "input 5, kernel 7: the kernel spans 7, but the input has only 5; "
            "use padding 1 or kernel 5 or padding same",
        ),
        (
            (2, 3, 2, 0, 3),
            "input 2, kernel 3, dilation 3: the kernel spans 7, but the input has only 2; "
            "use padding 3 or kernel 1 or padding same",
        ),
    ],
)  # fmt: skip
def test_windows_that_do_not_fit_are_refused_with_sizes_that_do(given: tuple[Any, ...], wanted: str) -> None:
    """The message names what was given, the rule, and the nearest legal values."""
    with pytest.raises(InputError) as refused:
        fit(*given)
    assert refused.value.message == wanted


def test_every_hint_is_legal() -> None:
    """Each padding and kernel that a refusal names is itself accepted."""
    refusals = 0
    for size, kernel, padding, dilation in product(range(1, 8), range(1, 6), range(3), range(1, 4)):
        try:
            fit(size, kernel, 2, padding, dilation)
        except InputError as refused:
            refusals += 1
            wider, smaller, _ = (way.split()[-1] for way in refused.hint.removeprefix("use ").split(" or "))
            fit(size, kernel, 2, int(wider), dilation)
            fit(size, int(smaller), 2, padding, dilation)
    assert refusals > 50


def test_what_windows_leave_over_is_said() -> None:
    """A remainder is left over as in PyTorch, and the layer's line says how much; padding that is left over is not."""
    pooled = layer_named("max_pool2d")
    plan = pooled.record.plan(pooled.values, (7, 8, 3))
    assert (plan.output, plan.note) == ((3, 4, 3), "leaves 1 row over")
    line = ledger(["conv2d 4 k4 s3"], (9, 8, 1), ("x",), ("y",)).lines[0]
    assert (line.note, line.remark) == ("xavier-uniform", "leaves 2 rows and 1 column over")
    stem = layer_named("conv2d", 64, 7, 2, 3)
    assert stem.record.plan(stem.values, (224, 224, 3)).note == ""


def test_same_padding_gives_one_output_a_stride() -> None:
    """Every kind of "same" gives ⌈size / stride⌉ outputs; "same" is PyTorch's kernel//2 for odd kernels."""
    for size, kernel, stride in product(range(1, 20), range(1, 6), range(1, 4)):
        for padding in ("same", "same_upper", "same_lower"):
            assert fit(size, kernel, stride, padding).output == -(-size // stride)
        if kernel % 2:
            assert fit(size, kernel, stride, "same") == fit(size, kernel, stride, kernel // 2)


def test_same_upper_and_lower_are_those_of_onnx() -> None:
    """They pad by what the stride needs, the odd number behind or in front; a kernel below the stride needs nothing."""
    assert [ends(8, 3, 2, padding) for padding in ("same", "same_upper", "same_lower")] == [(1, 1), (0, 1), (1, 0)]
    assert [ends(7, 4, 1, padding) for padding in ("same", "same_upper", "same_lower")] == [(1, 2), (1, 2), (2, 1)]
    assert ends(8, 2, 3, "same_upper") == (0, 0)


@pytest.mark.torch
def test_windows_are_counted_as_pytorch_counts_them() -> None:
    """Floored or ceiled, with padding and holes: the count of outputs is that of PyTorch's max_pool1d."""
    torch = pytest.importorskip("torch")
    for size, kernel, stride, dilation in product(range(1, 10), range(1, 4), range(1, 4), range(1, 3)):
        for padding, ceil_mode in product(range(kernel // 2 + 1), (False, True)):
            if size + 2 * padding >= (kernel - 1) * dilation + 1:
                given = torch.zeros(1, 1, size)
                theirs = torch.nn.functional.max_pool1d(given, kernel, stride, padding, dilation, ceil_mode=ceil_mode)
                assert fit(size, kernel, stride, padding, dilation, ceil_mode).output == theirs.shape[-1]


def test_another_rank_is_refused_with_a_reshape() -> None:
    """An input without picture axes is refused with a reshape that would do."""
    with pytest.raises(InputError, match="put a reshape before it, such as reshape 7x7x1"):
        need_rank((49,), 3)


MANY: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"filters": 8, "padding": "same"}, (4, 4, 3)),
    ({"filters": 20, "padding": "same", "stride": 2}, (5, 3, 17)),
    ({"filters": 6, "groups": 2, "dilation": 2, "padding": 2}, (4, 5, 4)),
    ({"filters": 5, "groups": "depthwise", "padding": 1}, (3, 4, 5)),
]


@pytest.mark.parametrize(("values", "shape"), MANY, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_small_pictures_are_taken_together(values: dict[str, Any], shape: tuple[int, ...], dtype: str) -> None:
    """Gradients of weights, which take several whole pictures at a time, are their definition for large batches."""
    front = layer_named("linear", shape[-1], name="front")
    bench = Bench(Trial((front, layer_named("conv2d", **values)), shape, 45, share=64), dtype)
    assert bench.hold_to_definitions(lambda row: row.path == "1") > 4
