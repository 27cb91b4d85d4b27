"""Training in JAX at its best here: the steps of an epoch are one compiled program, `lax.scan` in `jit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peers import seconds_a_step


def jax_seconds(
    loss_of: Callable[[Any, Any, Any], Any], weights: Any, x: Any, y: Any, *, batch: int, rate: float, **how: Any
) -> float:
    """Seconds of a step: `jax_epochs`, timed.

    Args:
        how: `optimizer` ("adam" without it), and what `seconds_a_step` takes.
    """
    optimizer = how.pop("optimizer", "adam")
    epochs, batches = jax_epochs(loss_of, weights, x, y, batch=batch, rate=rate, optimizer=optimizer)
    return seconds_a_step(epochs, **how) / batches


def jax_epochs(
    loss_of: Callable[[Any, Any, Any], Any],
    weights: Any,
    x: Any,
    y: Any,
    *,
    batch: int,
    rate: float,
    optimizer: str = "adam",
) -> tuple[Callable[[int], None], int]:
    """A function that trains for so many epochs with Adam, or plain SGD, over shuffled batches; and the steps of one.

    Args:
        loss_of: `(weights, x, y) -> loss` of a batch.
    """
    import jax
    import jax.numpy as jnp

    plain = optimizer == "sgd"
    batches, tree = len(x) // batch, jax.tree_util.tree_map

    def update(state: Any, rows: Any) -> Any:
        weights, m, v, t = state
        grads = jax.grad(loss_of)(weights, x[rows], y[rows])
        if plain:
            return (tree(lambda w, g: w - rate * g, weights, grads), m, v, t), None
        t = t + 1
        m = tree(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        scale = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return (tree(lambda w, m, v: w - scale * m / (jnp.sqrt(v) + 1e-8), weights, m, v), m, v, t), None

    @jax.jit
    def epoch(state: Any, key: Any) -> Any:
        order = jax.random.permutation(key, len(x))[: batches * batch].reshape(batches, batch)
        return jax.lax.scan(update, state, order)[0]

    zeros = tree(jnp.zeros_like, weights)
    state = [(weights, zeros, zeros, jnp.float32(0))]

    def epochs(count: int) -> None:
        for number in range(count):
            state[0] = epoch(state[0], jax.random.PRNGKey(number))
        jax.block_until_ready(state[0])

    return epochs, batches
