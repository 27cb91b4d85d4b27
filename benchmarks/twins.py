"""The same network in PyTorch and in JAX, built from nnplay's own plan of it: for `networks.py`.

Every layer of the plan is looked up by its record's name, so a network that is measured is written once, in nnplay's
notation or in a preset. Only the layers that the measured networks use are here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnplay.network.network import NetworkPlan, PlannedLayer


def torch_network(plan: NetworkPlan) -> Any:
    """A PyTorch module with channels first."""
    import torch

    class Twin(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList([_torch_layer(planned, plan) for planned in plan.layers])

        def forward(self, x: Any) -> Any:
            values = {0: x}
            for planned, part in zip(plan.layers, self.parts, strict=True):
                given = [values[k] for k in planned.inputs]
                if planned.layer.record.name == "concat":
                    values[planned.output] = torch.cat(given, dim=1)
                elif planned.layer.record.name == "sum":
                    values[planned.output] = sum(given[1:], given[0])
                else:
                    values[planned.output] = part(given[0])
            return values[plan.output]

    return Twin()


def _torch_layer(planned: PlannedLayer, plan: NetworkPlan) -> Any:
    from torch import nn

    shape, values, name = plan.values[planned.inputs[0]], planned.layer.values, planned.layer.record.name
    if name == "conv2d":
        kernel, stride = values["kernel"], values["stride"]
        return nn.Conv2d(shape[-1], values["filters"], kernel, stride, padding=(kernel - 1) // 2)
    makers: dict[str, Callable[[], Any]] = {
        "batch_norm": lambda: nn.BatchNorm2d(shape[-1]),
        "relu": nn.ReLU,
        "max_pool2d": lambda: nn.MaxPool2d(2),
        "upsample": lambda: nn.Upsample(scale_factor=values["factor"]),
        "global_avg_pool": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        "flatten": nn.Flatten,
        "linear": lambda: nn.Linear(shape[-1], values["units"]),
    }
    return makers.get(name, nn.Identity)()


def torch_loss(name: str) -> Callable[[Any, Any], Any]:
    """Cross-entropy, or 1 - Dice over softmax, of outputs with channels first."""
    import torch

    if name == "cross_entropy":
        return torch.nn.CrossEntropyLoss()

    def dice(z: Any, target: Any) -> Any:
        p = z.softmax(dim=1)
        wanted = torch.nn.functional.one_hot(target, z.shape[1]).movedim(-1, 1).to(p.dtype)
        both, either = (p * wanted).sum((0, 2, 3)), (p + wanted).sum((0, 2, 3))
        return 1 - ((2 * both + 1) / (either + 1)).mean()

    return dice


def jax_network(plan: NetworkPlan) -> tuple[dict[str, Any], Callable[[Any, Any], Any]]:
    """First weights, and a function (weights, x) → outputs, with channels last."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    generator = np.random.default_rng(0)

    def first(shape: tuple[int, ...]) -> Any:
        if len(shape) == 1:
            return jnp.zeros(shape)
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        return jnp.asarray(generator.standard_normal(shape).astype(np.float32) * scale)

    weights = {
        f"{planned.path}.{name}": first(parameter.shape)
        for planned in plan.layers
        for name, parameter in planned.plan.parameters.items()
    }
    weights |= {name: jnp.ones_like(w) for name, w in weights.items() if name.endswith("weight") and w.ndim == 1}

    def apply(weights: Any, x: Any) -> Any:
        values = {0: x}
        for planned in plan.layers:
            given = [values[k] for k in planned.inputs]
            values[planned.output] = _jax_layer(jax, jnp, planned, weights, given)
        return values[plan.output]

    return weights, apply


def _jax_layer(jax: Any, jnp: Any, planned: PlannedLayer, weights: Any, given: list[Any]) -> Any:
    (x, *_), values, name = given, planned.layer.values, planned.layer.record.name
    w, b = weights.get(f"{planned.path}.weight"), weights.get(f"{planned.path}.bias")

    def normalised() -> Any:
        mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
        return (x - mean) * jax.lax.rsqrt(var + 1e-5) * w + b

    def convolved() -> Any:
        side = (values["kernel"] - 1) // 2
        forms = ("NHWC", "HWIO", "NHWC")
        stride = (values["stride"],) * 2
        return jax.lax.conv_general_dilated(x, w, stride, [(side, side)] * 2, dimension_numbers=forms) + b

    def enlarged() -> Any:
        return jnp.repeat(jnp.repeat(x, values["factor"], axis=1), values["factor"], axis=2)

    makers: dict[str, Callable[[], Any]] = {
        "conv2d": convolved,
        "batch_norm": normalised,
        "relu": lambda: jax.nn.relu(x),
        "max_pool2d": lambda: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"),
        "upsample": enlarged,
        "global_avg_pool": lambda: x.mean((1, 2)),
        "flatten": lambda: x.reshape(x.shape[0], -1),
        "linear": lambda: x @ w + b,
        "concat": lambda: jnp.concatenate(given, axis=-1),
        "sum": lambda: sum(given[1:], x),
    }
    return makers.get(name, lambda: x)()


def jax_loss(name: str) -> Callable[[Any, Any], Any]:
    """Cross-entropy, or 1 - Dice over softmax, of outputs with channels last."""
    import jax
    import jax.numpy as jnp

    def entropy(z: Any, target: Any) -> Any:
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), target[..., None], axis=-1))

    def dice(z: Any, target: Any) -> Any:
        p = jax.nn.softmax(z)
        wanted = jax.nn.one_hot(target, z.shape[-1])
        axes = tuple(range(z.ndim - 1))
        return 1 - ((2 * (p * wanted).sum(axes) + 1) / ((p + wanted).sum(axes) + 1)).mean()

    return entropy if name == "cross_entropy" else dice
