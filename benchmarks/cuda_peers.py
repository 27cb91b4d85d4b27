"""What PyTorch and JAX need for a step on the same card: `python benchmarks/cuda_peers.py PEER WORKLOAD [tf32]`.

Prints JSON. With `tf32` their products are in TF32, too.

The batch stays on the card and is the same in every step, which favours the peers: nnplay gathers a new one each time.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from typing import Any, Final

import numpy as np

#: Workloads: input shape, units of dense layers or channels of convolutions, outputs, batch, optimizer.
WORKLOADS: Final[dict[str, tuple[tuple[int, ...], tuple[int, ...], int, int, str]]] = {
    "tiny": ((2,), (8, 8), 1, 32, "sgd"),
    "mlp": ((784,), (512, 256), 10, 64, "adam"),
    "cnn": ((28, 28, 1), (8, 16), 10, 64, "adam"),
}


def torch_times(workload: str, tf32: bool) -> dict[str, float]:
    """Seconds a step: eager, replayed as a CUDA graph, and by torch.compile."""
    import torch
    from torch import nn

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    shape, sizes, outputs, batch, optimizer = WORKLOADS[workload]
    torch.manual_seed(0)
    x, y = torch.randn(batch, *shape[::-1] if len(shape) > 1 else shape, device="cuda"), None
    layers: list[Any] = []
    if len(shape) == 1:
        widths = [shape[0], *sizes]
        for a, b in pairwise(widths):
            layers += [nn.Linear(a, b), nn.Tanh() if workload == "tiny" else nn.ReLU()]
        layers += [nn.Linear(widths[-1], outputs)]
    else:
        channels = [shape[2], *sizes]
        for a, b in pairwise(channels):
            layers += [nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Flatten(), nn.Linear(sizes[-1] * (shape[0] // 4) ** 2, outputs)]
    net = nn.Sequential(*layers).cuda()
    y = torch.randn(batch, 1, device="cuda") if outputs == 1 else torch.randint(0, outputs, (batch,), device="cuda")
    loss = nn.MSELoss() if outputs == 1 else nn.CrossEntropyLoss()
    kind = torch.optim.SGD if optimizer == "sgd" else torch.optim.Adam
    options = {"lr": 1e-3} | ({"capturable": True} if optimizer == "adam" else {})

    def step() -> None:
        optim.zero_grad(set_to_none=True)
        loss(net(x), y).backward()
        optim.step()

    optim = kind(net.parameters(), **options)
    found = {"eager": _timed(step, 300)}
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    found["CUDA graph"] = _timed(graph.replay, 2000)
    if len(shape) == 1:
        compiled = torch.compile(lambda: loss(net(x), y), mode="reduce-overhead")
        optim = kind(net.parameters(), **options)
        update = torch.compile(lambda: optim.step())

        def compiled_step() -> None:
            torch.compiler.cudagraph_mark_step_begin()
            optim.zero_grad(set_to_none=True)
            compiled().backward()
            update()

        try:
            found["torch.compile"] = _timed(compiled_step, 300)
        except Exception as error:
            print(f"torch.compile failed: {str(error)[:200]}", file=sys.stderr)
    return found


def _timed(step: Any, count: int) -> float:
    import torch

    for _ in range(20):
        step()
    torch.cuda.synchronize()
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(count // 5):
            step()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - begun) / (count // 5))
    return float(np.median(times))


def jax_times(workload: str, tf32: bool) -> dict[str, float]:
    """Seconds a step of `lax.scan`, and for the tiny network of 4,096 of them under `vmap`."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_default_matmul_precision", "tensorfloat32" if tf32 else "highest")
    shape, sizes, outputs, batch, optimizer = WORKLOADS[workload]
    if len(shape) > 1:
        return {}
    widths = [shape[0], *sizes, outputs]
    x = jax.random.normal(jax.random.key(0), (1024, *shape))
    y = jax.random.normal(jax.random.key(1), (1024, 1)) if outputs == 1 else jnp.arange(1024) % outputs

    def first(key: Any) -> Any:
        keys = jax.random.split(key, len(widths))
        return [
            (jax.random.normal(k, (a, b)) / a**0.5, jnp.zeros(b))
            for k, a, b in zip(keys, widths, widths[1:], strict=False)
        ]

    def loss(net: Any, x: Any, y: Any) -> Any:
        for w, b in net[:-1]:
            x = (jnp.tanh if workload == "tiny" else jax.nn.relu)(x @ w + b)
        z = x @ net[-1][0] + net[-1][1]
        if outputs == 1:
            return jnp.mean((z - y) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1))

    def step(carry: Any, i: Any) -> Any:
        net, m, v = carry
        rows = (i * batch + jnp.arange(batch)) % 1024
        value, g = jax.value_and_grad(loss)(net, x[rows], y[rows])
        if optimizer == "sgd":
            return (jax.tree.map(lambda w, d: w - 0.05 * d, net, g), m, v), value
        m = jax.tree.map(lambda a, d: 0.9 * a + 0.1 * d, m, g)
        v = jax.tree.map(lambda a, d: 0.999 * a + 0.001 * d * d, v, g)
        net = jax.tree.map(lambda w, a, b: w - 1e-3 * a / (jnp.sqrt(b) + 1e-8), net, m, v)
        return (net, m, v), value

    def run(net: Any, steps: int) -> Any:
        zeros = jax.tree.map(jnp.zeros_like, net)
        return jax.lax.scan(step, (net, zeros, zeros), jnp.arange(steps))

    found = {"scan": _jax_timed(jax.jit(lambda net: run(net, 2000)), first(jax.random.key(2))) / 2000}
    if workload == "tiny":
        many = jax.vmap(first)(jax.random.split(jax.random.key(3), 4096))
        found["vmap + scan, 4,096 networks"] = _jax_timed(jax.jit(jax.vmap(lambda net: run(net, 200))), many) / 200
    return found


def _jax_timed(function: Any, argument: Any) -> float:
    import jax

    jax.block_until_ready(function(argument))
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        jax.block_until_ready(function(argument))
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


if __name__ == "__main__":
    peer, workload, *rounded = sys.argv[1:]
    measure = torch_times if peer == "torch" else jax_times
    print(json.dumps(measure(workload, rounded == ["tf32"])))
