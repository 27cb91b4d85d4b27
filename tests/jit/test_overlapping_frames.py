"""Claims about convolutions over overlapping frames of a sound: the same in each frame, and none across two."""

from __future__ import annotations

import numpy as np
import pytest

import nnplay as nn
from nnplay.network.network import Network
from nnplay.network.notation import parse_layers
from nnplay.training.trainer import Trainer

FRAMES = "unfold 32 stride=16, reshape 15x32x1, conv2d 4 1x9 stride=1x4 padding=same, tanh"
SAMPLES, STRIDE, COUNT = 256, 16, 15


def make_trainer() -> Trainer:
    """Not trained; it answers with a number for each frame."""
    chance = np.random.default_rng(0)
    data = nn.Dataset(chance.normal(size=(40, SAMPLES, 1)), chance.normal(size=(40, COUNT)))
    network = Network(parse_layers(f"{FRAMES}, conv2d 1 1x8, flatten"), seed=1)
    return Trainer(network, data.split(scale="none", scale_target="none"), batch_size=8)


@pytest.mark.parametrize(("sample", "seen"), [(3, {0}), (20, {0, 1}), (130, {7, 8}), (250, {14})])
def test_a_sample_is_seen_by_the_frames_it_lies_in(sample: int, seen: set[int]) -> None:
    """The answers of the other frames do not change with it."""
    trainer = make_trainer()
    wave = np.random.default_rng(1).normal(size=(1, SAMPLES, 1))
    before = trainer.predict(wave)[0]
    wave[0, sample] += 1
    assert set(np.flatnonzero(trainer.predict(wave)[0] != before).tolist()) == seen


def test_every_frame_is_convolved_alike() -> None:
    """A wave that repeats from frame to frame has the same answer in each."""
    wave = np.tile(np.random.default_rng(1).normal(size=STRIDE), SAMPLES // STRIDE)[None, :, None]
    assert len(set(make_trainer().predict(wave)[0].tolist())) == 1
