"""Whole networks of every family: PyTorch's weights after ten steps, and the same bits resumed and on two threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay.network.network import NetworkPlan, PlannedLayer

Array = NDArray[Any]
SHAPES = {"name": "shapes", "samples": 120, "size": 16, "kinds": 3}
OBJECTS = {"name": "shapes_objects", "samples": 120, "size": 32, "kinds": 3}
MASKS = {"name": "shapes_masks", "samples": 120, "size": 16, "kinds": 2}
#: Losses that are not the usual ones of their data.
LOSSES = {"mask r-cnn": {"name": "two_stage", "rois": 5, "mask": 4}}
#: Networks that PyTorch trains too, each with its data.
COMPARED: dict[str, tuple[str, dict[str, Any]]] = {
    "convolution": (
        "conv2d 8 k3 same, relu, max_pool2d 2, conv2d 12 k3 same stride=2, relu, flatten, linear 3",
        SHAPES,
    ),
    "residual": (
        "conv2d 8 k3 same, batch_norm, relu, max_pool2d 2, sum[conv2d 16 k1 s2 same | conv2d 16 k3 s2 same, "
        "batch_norm, relu, conv2d 16 k3 same, batch_norm], relu, global_avg_pool, linear 3",
        SHAPES,
    ),
    "inception": (
        "conv2d 8 k3 same, relu, max_pool2d 2, concat[conv2d 4 k1, relu | conv2d 4 k1, relu, conv2d 8 k3 same, relu "
        "| conv2d 2 k1, relu, conv2d 4 k5 same, relu], batch_norm, global_avg_pool, linear 3",
        SHAPES,
    ),
    "u-net": (
        "conv2d 8 k3 same, batch_norm, relu, concat[identity | max_pool2d 2, conv2d 16 k3 same, relu, upsample 2], "
        "conv2d 8 k3 same, relu, conv2d 3 k1",
        MASKS,
    ),
    "sound": (
        "conv1d 8 k5 s4 same, relu, max_pool1d 2, conv1d 12 k3 same, batch_norm, relu, global_avg_pool, linear 5",
        {"name": "sounds", "samples": 120},
    ),
    "dense": ("linear 160, tanh, sum[identity | linear 160, relu, linear 160], linear 2", {"name": "spiral"}),
}
#: All of these, and networks with random numbers or with loops through time.
REPEATED: dict[str, tuple[str, dict[str, Any]]] = COMPARED | {
    "regularised": (
        "conv2d 16 k3 same, group_norm 4, relu, dropout2d 0.2, gaussian_noise 0.1, max_pool2d 2, conv2d 16 k3 same, "
        "instance_norm, relu, flatten, dropout 0.3, linear 3",
        SHAPES,
    ),
    "recurrent": (
        "rnn 32 output=sequence, lstm 32 bidirectional=yes output=sequence, gru 32, linear 1",
        {"name": "adding", "samples": 200},
    ),
    "clips": (
        "reshape 4x8x8x1, conv3d 6 k3 same, batch_norm, relu, max_pool3d 1x2x2, conv_transpose3d 4 k2 stride=1x2x2, "
        "avg_pool3d 2, adaptive_max_pool3d 2x2x3, conv3d 5 k2, global_avg_pool, linear 4",
        {"name": "moving_shapes", "samples": 100, "frames": 4, "size": 8},
    ),
    "single shot": ("conv2d 16 k3 same stride=2, relu, conv2d 16 k3 same stride=2, relu, conv2d 7 1", OBJECTS),
    "mask r-cnn": (
        "conv2d 16 k3 same stride=2, relu, conv2d 16 k3 same stride=2, relu name=features, roi_align 3[identity | "
        'conv2d 10 1, anchors "2,4" name=rpn, proposals 5 name=rois], reshape 5x144, concat[recall rois | '
        "linear 4 name=classes | linear 12 name=deltas | roi_align 2[recall features | refine[recall rois | "
        "recall classes | recall deltas]], conv_transpose3d 3 1x2x2 stride=1x2x2, reshape 5x48], flatten, "
        "concat[identity | recall rpn, flatten]",
        {**OBJECTS, "masks": True},
    ),
    "resized": (
        "conv2d 8 k3 same, relu, pixel_shuffle 2, resize 14 mode=bicubic antialias=yes, adaptive_avg_pool2d 10x8, "
        "pixel_unshuffle 2, unfold 3 padding=1 stride=2, fold 5x4 k3 padding=1 stride=2, "
        "resize scale=0.6, flatten, linear 3",
        SHAPES,
    ),
    "transformer": (
        "embedding 8 32, positional_encoding, sum[identity | multi_head_self_attention 4], layer_norm, "
        "sum[identity | linear 64, relu, linear 32], layer_norm, linear 8",
        {"name": "reversal", "samples": 200},
    ),
    "decoder": (
        "embedding 8 32, positional_embedding, multi_head_cross_attention 4 kv_heads=2 dropout=0.1[identity | "
        "max_pool1d 2, linear 20], multi_head_self_attention 4 causal kv_heads=2 rotary=halves dropout=0.2, linear 8",
        {"name": "reversal", "samples": 200},
    ),
}


def run_of(name: str, threads: int = 1) -> dict[str, Any]:
    """A run as `Session.new` takes it; batches that leave a smaller one at the end."""
    layers, data = REPEATED[name]
    training = {"batch_size": 28, "threads": threads}
    run = {"data": data, "layers": layers, "optimizer": {"name": "adam", "lr": 0.003}, "training": training, "seed": 2}
    return run | ({"loss": LOSSES[name]} if name in LOSSES else {})


#: Each is like one of the others here, and compared with PyTorch where that is installed, or in detectors of its own.
ALIKE = ("convolution", "inception", "sound", "single shot")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in REPEATED]
)
def test_runs_go_on_bit_for_bit_and_threads_do_not_matter(name: str, tmp_path: Path) -> None:
    """Saved, opened and gone on with gives the bits of the run without a stop; so does a run on two threads."""
    with nn.Session.new(tmp_path / "run.nnplay", run_of(name)) as session:
        session.trainer.run(steps=3)
        session.save()
        session.trainer.run(steps=6)
        wanted = session.trainer.state().memory.tobytes()
    with nn.Session.open(tmp_path / "run.nnplay") as again:
        assert again.trainer.step == 3
        again.trainer.run(steps=6)
        assert again.trainer.state().memory.tobytes() == wanted
    with nn.Session.new(tmp_path / "two.nnplay", run_of(name, threads=2)) as both:
        assert len(both.trainer.machine.helpers) == 1, "no row is large enough to be shared"
        both.trainer.run(steps=9)
        assert both.trainer.state().memory.tobytes() == wanted


# -- PyTorch -----------------------------------------------------------------------------------------------------------


def channels_first(x: Any) -> Any:
    return x.movedim(-1, 1)


def channels_last(x: Any) -> Any:
    return x.movedim(1, -1)


def answer(plan: NetworkPlan, weights: dict[str, Any], x: Any) -> Any:
    """What PyTorch answers with our weights, channels last as ours are."""
    values = {0: x}
    for planned in plan.layers:
        values[planned.output] = layer(planned, weights, [values[k] for k in planned.inputs])
    return values[plan.output]


def layer(planned: PlannedLayer, weights: dict[str, Any], given: list[Any]) -> Any:
    torch = pytest.importorskip("torch")
    f, x, values = torch.nn.functional, given[0], planned.layer.values
    w, b = weights.get(f"{planned.path}.weight"), weights.get(f"{planned.path}.bias")

    def convolved(kind: Callable[..., Any]) -> Any:
        turned = w.movedim((-1, -2), (0, 1))
        padding = (values["kernel"] - 1) // 2
        return channels_last(kind(channels_first(x), turned, b, values["stride"], padding))

    def padded() -> Any:  # 'same' with kernel 5 and stride 4 puts two zeros at each end
        return convolved(f.conv1d)

    makers: dict[str, Callable[[], Any]] = {
        "conv1d": padded,
        "conv2d": lambda: convolved(f.conv2d),
        "batch_norm": lambda: channels_last(f.batch_norm(channels_first(x), None, None, w, b, training=True)),
        "relu": lambda: torch.relu(x),
        "tanh": lambda: torch.tanh(x),
        "max_pool1d": lambda: channels_last(f.max_pool1d(channels_first(x), 2)),
        "max_pool2d": lambda: channels_last(f.max_pool2d(channels_first(x), 2)),
        "upsample": lambda: channels_last(f.interpolate(channels_first(x), scale_factor=2)),
        "global_avg_pool": lambda: x.flatten(1, -2).mean(1),
        "flatten": lambda: x.flatten(1),
        "linear": lambda: x @ w + b,
        "concat": lambda: torch.cat(given, dim=-1),
        "sum": lambda: sum(given[1:], x),
        "identity": lambda: x,
    }
    return makers[planned.layer.record.name]()


@pytest.mark.torch
@pytest.mark.parametrize("name", COMPARED)
def test_ten_steps_of_a_network_are_those_of_pytorch(name: str) -> None:
    """The same network from the same weights on the same batch: every weight within 1e-5 after ten steps."""
    torch = pytest.importorskip("torch")
    layers, data = COMPARED[name]
    made = nn.load_dataset(data["name"], **{key: value for key, value in data.items() if key != "name"})
    rows = np.random.default_rng(0).permutation(len(made.x))[:32]  # of all classes
    x, y = np.ascontiguousarray(made.x[rows]), made.y[rows]
    trainer = nn.Trainer(
        nn.Network(layers, seed=4), nn.Dataset(x, y), loss="cross_entropy", optimizer=nn.SGD(lr=0.02),
        batch_size="all", shuffle=False, threads=1,
    )  # fmt: skip
    weights = {key: torch.tensor(value.copy(), requires_grad=True) for key, value in trainer.parameters().items()}
    optimizer = torch.optim.SGD(weights.values(), lr=0.02)
    given, wanted = torch.from_numpy(x.astype(np.float32)), torch.from_numpy(y.astype(np.int64)).flatten()
    for _ in range(10):
        trainer.run(steps=1)
        optimizer.zero_grad()
        scores = answer(trainer.plan, weights, given)
        torch.nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), wanted).backward()
        optimizer.step()
    for key, value in trainer.parameters().items():
        np.testing.assert_allclose(value, weights[key].detach().numpy(), rtol=0, atol=1e-5, err_msg=key)
