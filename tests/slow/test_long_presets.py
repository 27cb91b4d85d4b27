"""The presets that take longer reach their stated score from their stated seed too."""

from __future__ import annotations

import pytest

from tests.jit.test_presets import PRESETS, QUICK

LONG = [name for name in PRESETS if name not in QUICK]


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_long_presets_reach_their_score(name: str) -> None:
    """Trained to its end from its stated seed, a preset reaches the score that it states."""
    preset = PRESETS[name]
    trainer = preset.trainer()
    assert preset.train(trainer)
    score = preset.score(trainer)
    assert preset.reached(score), f"{preset.metric} {score:.4f}"
