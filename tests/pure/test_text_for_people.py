"""Claims about counts with their nouns and numbers as people read them."""

from __future__ import annotations

import pytest

from nnplay.text import counted, figure, percent, plural


@pytest.mark.parametrize(
    ("count", "noun", "wanted"),
    [
        (0, "step", "0 steps"),
        (1, "step", "1 step"),
        (2000, "step", "2,000 steps"),
        (3, "batch", "3 batches"),
        (2, "whole epoch", "2 whole epochs"),
        (1, "batch", "1 batch"),
        (4, "class", "4 classes"),
        (2, "category", "2 categories"),
        (2, "array", "2 arrays"),
        (2, "axis", "2 axes"),
        (1, "axis", "1 axis"),
    ],
)
def test_a_noun_agrees_with_its_count(count: int, noun: str, wanted: str) -> None:
    """One of a kind is singular, none and several are plural, by the rules of spelling."""
    assert counted(count, noun) == wanted
    assert wanted.endswith(plural(count, noun))


@pytest.mark.parametrize(
    ("share", "digits", "wanted"),
    [
        (0.0, 0, "0 %"),
        (1.0, 1, "100.0 %"),
        (0.99999, 0, "99 %"),
        (0.99999, 1, "99.9 %"),
        (0.00001, 1, "0.1 %"),
        (-0.00001, 1, "-0.1 %"),
        (0.984, 1, "98.4 %"),
        (1.000001, 0, "101 %"),
        (12.0, 0, "1,200 %"),
    ],
)
def test_per_cent_says_all_or_nothing_only_of_just_that(share: float, digits: int, wanted: str) -> None:
    """A share that is nearly 0 or nearly 1 is never rounded to it."""
    assert percent(share, digits) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0.0, "0"),
        (0.69314, "0.693"),
        (0.0000123456, "1.23e-5"),
        (1.5e6, "1.5e6"),
        (float("nan"), "nan"),
        (150.0, "150"),
    ],
)
def test_a_figure_has_digits_that_mean_something(value: float, wanted: str) -> None:
    """Three significant digits, however small or large the number."""
    assert figure(value) == wanted
