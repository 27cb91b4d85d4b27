"""The numbers of several seeds, drawn together, are those that each seed gets by itself."""

import numpy as np
import pytest

from nnplay import rng
from nnplay.records.init_schemes import NGUYEN_WIDROW, SCHEMES, draw

SEEDS = np.array([0, 1, 77, 2**40 + 3, 2**62], np.int64)


@pytest.mark.parametrize("kind", [rng.uniform, rng.normal])
def test_numbers_of_several_seeds(kind):
    together = kind(SEEDS, rng.WEIGHTS + 3, 7, (3, 5))
    assert together.shape == (len(SEEDS), 3, 5)
    for seed, drawn in zip(SEEDS, together, strict=True):
        np.testing.assert_array_equal(drawn, kind(int(seed), rng.WEIGHTS + 3, 7, (3, 5)))


@pytest.mark.parametrize("scheme", [*(name for name in SCHEMES if name != "auto"), NGUYEN_WIDROW])
@pytest.mark.parametrize("shape", [(4, 6), (6,)])
def test_initial_weights_of_several_seeds(scheme, shape):
    together = draw(scheme, shape, 4, 6, SEEDS, 2)
    for seed, drawn in zip(SEEDS, together, strict=True):
        np.testing.assert_array_equal(drawn, draw(scheme, shape, 4, 6, int(seed), 2))
