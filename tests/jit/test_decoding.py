"""Text read token by token: the same bits as a whole window gives, for the price of one step."""

from __future__ import annotations

import numpy as np
import pytest

import nnplay as nn
from nnplay.training.trainer import Trainer
from nnplay.training.writing.decoding import Decoder, decoder_of
from nnplay.training.writing.sampling import sample_text

WINDOW = 12
ATTENTION = "multi_head_self_attention 2 causal"
DECODED = {
    "learned positions": f"embedding 42 8, positional_embedding, sum[identity | layer_norm, {ATTENTION} dropout=0.2], "
    "sum[identity | layer_norm, linear 16, gelu, dropout 0.1, linear 8], layer_norm, linear 42",
    "rotary, shared keys": f"embedding 42 8, {ATTENTION} kv_heads=1 rotary=interleaved, "
    f"{ATTENTION} kv_heads=1 rotary=halves bias=no, linear 42",
    "as in Llama": f"embedding 42 8, sum[identity | rms_norm, {ATTENTION} kv_heads=1 rotary=halves bias=no], "
    "sum[identity | rms_norm, linear 24 bias=no, glu silu, linear 8 bias=no], rms_norm, linear 42 bias=no",
    "waves": f"embedding 42 8, positional_encoding, sequential[{ATTENTION}, tanh], concat[linear 3 | relu], linear 42",
}
WHOLE = {
    "looks ahead": "embedding 42 8, multi_head_self_attention 2, linear 42",
    "padded": f"embedding 42 8, {ATTENTION} padded, linear 42",
    "convolution": "embedding 42 8, conv1d 8 3 padding=same, linear 42",
    "norm over steps": "embedding 42 8, group_norm 2, linear 42",
}


def trained(layers: str, **settings: object) -> Trainer:
    """A small network after a few steps on windows of a book."""
    data = nn.load_dataset("characters", samples=60, length=WINDOW)
    trainer = nn.Trainer(nn.Network(layers), data.split(), "cross_entropy", nn.Adam(lr=0.01), **settings)
    trainer.run(steps=3)
    return trainer


def decoder(trainer: Trainer) -> Decoder:
    """The trainer's decoder, which must be there."""
    found = decoder_of(trainer)
    assert found is not None
    return found


@pytest.mark.parametrize("name", DECODED)
def test_tokens_one_by_one_have_the_bits_of_the_whole_window(name: str) -> None:
    """Each answer equals that of the window in all bits, after more training too; with what is kept in either type."""
    for dtype in ("float32", "float64"):
        trainer = trained(DECODED[name], dtype=dtype)
        for row in (0, 1):
            tokens = trainer.split.train.x[row].astype(int).tolist()
            reader = decoder(trainer)
            one_by_one = np.array([reader.read([token]) for token in tokens])
            assert np.array_equal(one_by_one, trainer.answers(trainer.split.train.x[row : row + 1])[0])
            trainer.run(steps=1)


def test_a_token_costs_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A further token runs the rows of one step once; when nothing more fits, the last half is read again, once."""
    reader, steps = decoder(trained(DECODED["waves"])), []
    run_table = reader._machine.run_table
    monkeypatch.setattr(reader._machine, "run_table", lambda *given: steps.append(1) or run_table(*given))
    counts = []
    for token in range(2 * WINDOW):
        before = len(steps)
        reader.read([token])
        counts.append(len(steps) - before)
    assert counts == [1] * WINDOW + [WINDOW // 2 + 1] + [1] * 5 + [WINDOW // 2 + 1] + [1] * 5


def test_a_text_longer_than_the_window_goes_on_from_its_last_half() -> None:
    """Behind a full window, the answer is that for the last half of it and the new token."""
    trainer = trained(DECODED["learned positions"])
    tokens = list(range(3, 3 + WINDOW + 1))
    found = decoder(trainer).read(tokens[:WINDOW]), decoder_of(trainer)
    reader = found[1]
    assert reader is not None
    reader.read(tokens[:WINDOW])
    row = np.zeros((1, WINDOW), np.float32)
    kept = tokens[-(WINDOW // 2 + 1) :]
    row[0, : len(kept)] = kept
    assert np.array_equal(reader.read(tokens[WINDOW:]), trainer.answers(row)[0, len(kept) - 1])


@pytest.mark.parametrize("name", WHOLE)
def test_networks_that_need_a_whole_window_write_without(name: str) -> None:
    """Layers that look ahead, or further back than they keep, have no decoder; the text is written all the same."""
    trainer = trained(WHOLE[name])
    assert decoder_of(trainer) is None
    assert len(sample_text(trainer, "alice", 4)) == 9


def test_definitions_read_alike() -> None:
    """The rows of one step are their definitions: a machine that runs those answers alike."""
    compiled = trained(DECODED["rotary, shared keys"], dtype="float64")
    defined = nn.Trainer(
        compiled.network, compiled.split, "cross_entropy", machine=nn.InterpretedMachine, dtype="float64"
    )
    for name, values in defined.parameters().items():
        values[...] = compiled.parameters()[name]
    one, other = decoder(compiled), decoder(defined)
    for token in range(5):
        np.testing.assert_allclose(one.read([token]), other.read([token]), atol=1e-10)


def test_silenced_units_are_silent_in_text_too() -> None:
    """What is silenced after a first text is silent in the next one."""
    trainer = trained(DECODED["waves"])
    before = decoder(trainer).read([3])
    trainer.set(silent="0:2")
    after = decoder(trainer).read([3])
    assert not np.array_equal(before, after)
    row = np.full((1, WINDOW), 3, np.float32)
    assert np.array_equal(after, trainer.answers(row)[0, 0])
