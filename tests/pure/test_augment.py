"""Claims about training rows that are drawn anew: by seed, on training rows only, and what each way does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.augment.augmentation import BLOCK, Augmentation
from nnplay.data.augment.recipe import TRANSFORMS, read_recipe, recipe_text
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError

RNG = np.random.default_rng(7)
PICTURES = RNG.random((100, 9, 7, 3)).astype(np.float32)
LABELS = np.arange(100) % 4


def drawn(recipe: str, x: Any = PICTURES, y: Any = LABELS, seed: int = 0, copy: int = 1) -> tuple[Any, Any]:
    """One copy of all rows."""
    found = Augmentation(read_recipe(recipe), copy, seed).extend(x, y)
    return found[0][copy * len(x) :], found[1][copy * len(x) :]


def test_a_recipe_is_read_and_written() -> None:
    """Usual amounts are filled in, and the text of a recipe is that recipe."""
    assert read_recipe("flip, rotate 20") == {"flip": 0.5, "rotate": 20.0}
    for text in ("", "none", "flip=0.2, shift 0.3", ", ".join(TRANSFORMS)):
        assert read_recipe(recipe_text(read_recipe(text))) == read_recipe(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("flop", "did you mean 'flip'"),
        ("flip, flip 1", "'flip' is named twice"),
        ("rotate 181", "'rotate 181' is not above 0 and at most 180; turned by up to so many degrees"),
        ("shift -1", "not above 0"),
        ("shift nan", "not above 0"),
        ("shift 0.1 0.2", "not above 0"),
    ],
)
def test_a_wrong_recipe_is_refused(text: str, words: str) -> None:
    """By name, with the range and what the amount means."""
    with pytest.raises(InputError, match=words):
        read_recipe(text)
    with pytest.raises(InputError, match=words):
        RunConfig.from_dict({"data": "digits", "split": {"augment": text}})


def test_only_training_rows_are_drawn_anew() -> None:
    """Copies follow the training rows; validation, test and scaling are as they were."""
    data = Dataset(PICTURES, LABELS, default_scale="standard")
    plain, split = data.split(), data.split(augment="flip, noise", copies=2)
    count = len(plain.train)
    assert len(split.train) == 3 * count
    for part in ("validation", "test"):
        assert np.array_equal(getattr(plain, part).x, getattr(split, part).x)
    assert np.array_equal(split.train.x[:count], plain.train.x)
    assert np.array_equal(split.train.y, np.tile(plain.train.y, 3))
    assert not np.array_equal(split.train.x[count : 2 * count], split.train.x[2 * count :])
    assert "70 training rows and 2 copies of each" in split.notes[-1]


def test_draws_follow_from_seed_copy_and_row() -> None:
    """The same again, another seed otherwise; one row alone is as it is among all."""
    recipe = "flip, shift, rotate, scale, noise, cutout, mixup"
    x, y = drawn(recipe, copy=2)
    assert np.array_equal(x, drawn(recipe, copy=2)[0])
    assert not np.array_equal(x, drawn(recipe, copy=2, seed=1)[0])
    for row in (0, BLOCK - 1, BLOCK, 99):
        alone = Augmentation(read_recipe(recipe), 1, 0).draw_row(PICTURES, LABELS, row, 2)
        assert np.array_equal(alone[0], x[row])
        assert alone[1] == y[row]


def test_flip_changes_left_and_right() -> None:
    """Every row where the share is 1, about half of them where it is a half."""
    assert np.allclose(drawn("flip 1")[0], PICTURES[:, :, ::-1], atol=1e-6)
    flipped = [np.allclose(new, old[:, ::-1], atol=1e-6) for new, old in zip(drawn("flip")[0], PICTURES, strict=True)]
    assert 30 < sum(flipped) < 70


def test_turns_and_moves_keep_what_is_in_the_middle() -> None:
    """A point in the middle stays there when turned or scaled, and moves no further than allowed when shifted."""
    dots = np.zeros((50, 21, 21, 1), np.float32)
    dots[:, 9:12, 9:12] = 1
    for recipe in ("rotate 180", "scale 0.5"):
        assert drawn(recipe, dots, np.zeros(50, np.int64))[0][:, 10, 10, 0].min() > 0.9
    moved = drawn("shift 0.2", dots, np.zeros(50, np.int64))[0][..., 0]
    places = np.array([np.argwhere(picture > 0.5).mean(axis=0) for picture in moved])
    assert 2 < np.abs(places - 10).max() < 0.2 * 21 + 0.6


def test_masks_go_with_their_pictures() -> None:
    """A pixel's label is where the pixel is; cutout hides the image alone, and mixup has no meaning."""
    masks = (RNG.random((30, 16, 16)) < 0.5).astype(np.int64)
    x, y = drawn("flip 1", masks[..., None].astype(np.float32), masks)
    assert np.array_equal(x[..., 0] > 0.5, y == 1)
    square = np.zeros((30, 16, 16), np.int64)
    square[:, 4:12, 4:12] = 1
    x, y = drawn("shift 0.2, rotate 40, scale 0.3", square[..., None].astype(np.float32), square)
    assert ((x[..., 0] > 0.5) == (y == 1)).mean() > 0.97
    assert np.array_equal(drawn("cutout", square[..., None].astype(np.float32), square)[1], square)
    with pytest.raises(InputError, match="'mixup' needs one class a row"):
        Dataset(square[..., None], square).split(augment="mixup")


def test_cutout_is_as_large_as_said() -> None:
    """A square of one colour, of up to that share of a side."""
    white = RNG.random((100, 20, 20, 1)).astype(np.float32)
    cut = [(new == old.mean()).sum() for new, old in zip(drawn("cutout 0.5", white)[0], white, strict=True)]
    assert 90 < max(cut) <= 100


def test_mixup_takes_the_other_class_as_often_as_it_is_seen() -> None:
    """Quantities are mixed as the rows are; of classes the drawn label is right on average."""
    x = np.repeat(np.arange(2.0, dtype=np.float32), 2000).reshape(-1, 1, 1, 1)
    y = np.repeat(np.arange(2), 2000)
    mixed, labels = drawn("mixup 0.5", x, y)
    assert abs(float(mixed.mean()) - float(labels.mean())) < 0.02
    near = (mixed[:, 0, 0, 0] > 0.3) & (mixed[:, 0, 0, 0] < 0.4)
    assert labels[near].mean() == pytest.approx(0.35, abs=0.06)
    amounts = x[:, :, 0, 0].astype(np.float32)
    mixed, targets = drawn("mixup 0.5", x, amounts)
    assert np.array_equal(mixed[:, 0, 0, 0], targets[:, 0])


def test_waves_and_clips_are_drawn_too() -> None:
    """A wave is moved in time; all frames of a clip are moved alike; a table cannot be drawn."""
    wave = np.zeros((40, 100, 1), np.float32)
    wave[:, 45:55] = 1
    moved = drawn("shift 0.2", wave, np.zeros(40, np.int64))[0]
    assert np.abs(moved[:, :, 0].argmax(axis=1) - 45).max() > 5
    strips = np.concatenate([PICTURES] * 3, axis=1)
    recipe = read_recipe("rotate, shift, flip, cutout")
    turned = Augmentation(recipe, 1, 0, frames=3).extend(strips, LABELS)[0][100:].reshape(100, 3, 9, 7, 3)
    assert np.array_equal(turned[:, 0], turned[:, 2])
    assert not np.array_equal(turned[:, 0], PICTURES)
    with pytest.raises(InputError, match="'flip' is for images, not for rows of 100×1 numbers"):
        Dataset(wave, np.arange(40) % 2).split(augment="flip")
    with pytest.raises(InputError, match="'noise' is for waves and images, not for rows of 3 numbers"):
        Dataset(np.zeros((40, 3)), np.arange(40) % 2).split(augment="noise")


def test_copies_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any is made, with the sizes."""
    monkeypatch.setattr("nnplay.data.augment.augmentation.memory_budget", lambda: 1000)
    with pytest.raises(InputError, match=r"3 copies of 70 rows take .* is free: use fewer copies"):
        Dataset(PICTURES, LABELS).split(augment="flip")
