"""Attention beside PyTorch's: masks, shared keys, two sequences, rotary positions; and what is shown of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.inspector.detail import Looking
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import Wish
from nnplay.network.notation import parse_layers
from nnplay.views.kinds.attention import make_attention
from nnplay.views.view import Asked
from tests.records import Bench, Trial

pytestmark = pytest.mark.usefixtures("kernels")
Array = NDArray[Any]


def bench_of(layers: str, shape: tuple[int, ...], padding: tuple[int, ...] = ()) -> Bench:
    """A batch of three rows after forward, loss and backward rows; steps in `padding` of row 1 are 0."""
    bench = Bench(Trial(parse_layers(layers), shape, 3), "float32", seed=4)
    bench.x[1, list(padding)] = 0
    run_on(bench)
    return bench


def run_on(bench: Bench) -> None:
    """Runs the rows of a step, but for its update, on the bench's present inputs."""
    bench.machine.load({"input": bench.x, "target": bench.y}, batch=3, shuffle=False)
    bench.table = bench.machine.full_table
    bench.run(bench.count("data", "forward", "loss", "backward"))


def slot(bench: Bench, name: str) -> Array:
    """What is in memory under a name."""
    found: Array = bench.machine.view(bench.tape.layout.find(name), 3)
    return found


def heads_of(torch: Any, x: Any, heads: int) -> Any:
    """(N, T, E) → (N, heads, T, depth)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


MASKS = {
    "causal, shared keys": ("multi_head_self_attention 4 causal kv_heads=2", 4, 2),
    "causal, one key for all": ("multi_head_self_attention 2 causal kv_heads=1", 2, 1),
    "padding, shared keys": ("multi_head_self_attention 4 padded kv_heads=2", 4, 2),
    "padding, causal": ("multi_head_self_attention 2 padded causal", 2, 2),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", MASKS)
def test_masks_and_shared_keys_are_those_of_pytorch(name: str) -> None:
    """Outputs and gradients are those of scaled_dot_product_attention, with its mask and with enable_gqa."""
    torch = pytest.importorskip("torch")
    layer, heads, kv_heads = MASKS[name]
    bench, K = bench_of(layer, (5, 8), (3, 4) if "padded" in layer else ()), 8 // heads * kv_heads
    given = {key: torch.tensor(slot(bench, f"0.{key}"), requires_grad=True) for key in ("weight_in", "bias_in")}
    q, k, v = (torch.tensor(bench.x, dtype=torch.float32) @ given["weight_in"] + given["bias_in"]).split((8, K, K), -1)
    mask = torch.ones(3, 1, 5, 5, dtype=torch.bool)
    if "causal" in layer:
        mask = mask.tril()
    if "padded" in layer:
        mask = mask.clone()
        mask[1, :, :, 3:] = False
    mixed = torch.nn.functional.scaled_dot_product_attention(
        heads_of(torch, q, heads), heads_of(torch, k, kv_heads), heads_of(torch, v, kv_heads), mask, enable_gqa=True
    )
    joined = mixed.transpose(1, 2).flatten(2)
    np.testing.assert_allclose(slot(bench, "0.mixed"), joined.detach().numpy(), atol=1e-5)
    (joined * torch.tensor(slot(bench, "0.dmixed"))).sum().backward()
    for key, value in given.items():
        np.testing.assert_allclose(slot(bench, f"d0.{key}"), value.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.torch
def test_two_sequences_of_one_width_are_those_of_pytorch() -> None:
    """Cross-attention over another number of steps, with padding there, is MultiheadAttention's with its mask."""
    torch = pytest.importorskip("torch")
    bench = bench_of("multi_head_cross_attention 2 padded[crop 1 | identity]", (5, 8), (0, 4))
    own = {key: torch.tensor(slot(bench, f"0.{key}")) for key in NAMES}
    module = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        module.in_proj_weight.copy_(torch.cat([own["weight_q"].T, own["weight_kv"].T]))
        module.in_proj_bias.copy_(torch.cat([own["bias_q"], own["bias_kv"]]))
        module.out_proj.weight.copy_(own["weight_out"].T)
        module.out_proj.bias.copy_(own["bias_out"])
    asks, asked = torch.tensor(slot(bench, "0.0.0.output")), torch.tensor(slot(bench, "input"))
    padding = (asked == 0).all(-1)
    assert padding.sum() == 2
    wanted, weights = module(asks, asked, asked, key_padding_mask=padding, average_attn_weights=False)
    assert weights.shape == (3, 2, 3, 5)
    np.testing.assert_allclose(slot(bench, "0.weights"), weights.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(slot(bench, "0.output"), wanted.detach().numpy(), atol=1e-5)


NAMES = ("weight_q", "bias_q", "weight_kv", "bias_kv", "weight_out", "bias_out")


def test_rotary_scores_depend_on_the_distance_alone() -> None:
    """With equal contents at every step, a head's score is the same wherever two steps are as far apart."""
    bench = bench_of("multi_head_self_attention 2 rotary=halves", (9, 8))
    bench.x[:] = bench.x[:, :1]
    run_on(bench)
    q, k = (slot(bench, "0.qkv")[..., part * 8 : part * 8 + 8].reshape(3, 9, 2, 4) for part in (0, 1))
    scores = np.einsum("nihc,njhc->nhij", q, k)
    for distance in (-3, 0, 2):
        along = np.diagonal(scores, distance, 2, 3)
        assert np.ptp(along, axis=2).max() < 1e-4 * np.abs(scores).max()
    assert np.ptp(scores) > 1e-2


def test_positions_of_a_pair_turn_as_complex_numbers() -> None:
    """Each pair of features is multiplied by exp(i·t·10000^(−2i/depth)); the values behind them stay."""
    bench = bench_of("multi_head_self_attention 2 interleaved kv_heads=1", (6, 8))
    before, after = slot(bench, "0.projected"), slot(bench, "0.qkv")
    turned = (before[..., :12:2] + 1j * before[..., 1:12:2]).reshape(3, 6, 3, 2)
    angles = np.arange(6)[:, None, None] * 10000.0 ** (-np.arange(2) * 2 / 4)
    turned = turned * np.exp(1j * angles)
    found = (after[..., :12:2] + 1j * after[..., 1:12:2]).reshape(3, 6, 3, 2)
    np.testing.assert_allclose(found, turned, atol=1e-5)
    assert np.array_equal(after[..., 12:], before[..., 12:])


def test_dropped_weights_keep_the_mean_and_evaluation_drops_nothing() -> None:
    """About the wanted share of attention weights is 0 in training, others anew at each step; none in evaluation."""
    bench = bench_of("multi_head_self_attention 2 dropout=0.25", (40, 8))
    drawn = slot(bench, "0.drop_mask").copy()
    assert abs((drawn == 0).mean() - 0.25) < 0.02
    assert math.isclose(drawn.max(), 1 / 0.75, rel_tol=1e-6)
    bench.machine.clock = bench.machine.clock._replace(step=9)
    bench.run(bench.count("data", "forward"))
    assert (slot(bench, "0.drop_mask") != drawn).mean() > 0.3
    rows = {row.operation.name: row for row in bench.eval_table.rows}
    assert "dropout of attention weights" not in rows
    assert rows["weighted sum of values"].reads[0].name == "eval.0.weights"


CROSSED = "embedding 8 8, multi_head_cross_attention 2[identity | max_pool1d 2], linear 8"


def crossed() -> nn.Trainer:
    """Ten tokens that look at five pooled ones."""
    table = {"data": {"name": "reversal", "samples": 60}, "layers": CROSSED}
    trainer: nn.Trainer = RunConfig.from_dict(table).trainer()
    trainer.run(steps=1)
    return trainer


def test_a_map_between_two_sequences_names_those_steps_that_are_tokens() -> None:
    """Ten tokens stand at the rows; the five steps that were pooled have numbers."""
    output = make_attention(crossed(), Asked(2))
    assert [weights.shape for _, weights in output.heads] == [(10, 5)] * 2
    assert len(output.steps) == 10
    assert output.seen == ("0", "1", "2", "3", "4")
    np.testing.assert_allclose(output.heads[0][1].sum(axis=1), 1, rtol=1e-5)


def test_the_inspector_names_the_side_that_is_tokens() -> None:
    """Beside the map of the row that makes the weights stand the ten tokens, above it nothing that would be wrong."""
    inspector = Inspector(crossed())
    row = next(k for k, each in enumerate(inspector.rows) if each.operation.name == "attention weights")
    shown = Looking().detail(inspector, Wish(row=row)).operands[-1]
    assert shown.name == "weights"
    assert len(shown.line_names) == 10
    assert shown.column_names == ()


@pytest.mark.parametrize("kind", ["global_avg_pool", "global_max_pool"])
def test_pooling_leaves_padding_out(kind: str) -> None:
    """A row filled up with zeros has the answer and the gradient of its steps alone; one of nothing else gives 0."""
    bench = bench_of(f"linear 4 padded, {kind} padded", (5, 4))
    bench.x[0, 3:] = bench.x[2] = 0
    slot(bench, "0.bias")[...] = -9  # zeros would be the largest
    run_on(bench)
    there, gradient = slot(bench, "0.output")[0, :3], slot(bench, "d0.output")
    mean = kind == "global_avg_pool"
    np.testing.assert_allclose(slot(bench, "1.output")[0], there.mean(0) if mean else there.max(0), rtol=1e-5)
    assert not slot(bench, "1.output")[2].any()
    np.testing.assert_allclose(gradient[0].sum(axis=0), slot(bench, "d1.output")[0], rtol=1e-5)
    assert not gradient[0, 3:].any()
    assert not gradient[2].any()
