"""What is no table is looked at row by row: pictures, films, volumes, sounds."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay import rng
from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.data.profile.batch import lay_out_batch
from nnplay.data.profile.profile import Profile
from nnplay.data.read_table import read_table
from nnplay.detection.objects import join_target
from nnplay.tui.data_browser.views.row import draw_numbers
from nnplay.tui.data_browser.views.waves import draw_wave
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from tests.ui.browsing import browser, browsing, place, tab, text


def joined_text(row: Row) -> str:
    return "".join(run[0] for run in row)


LARGE, SMALL = (120, 40), (80, 24)


@pytest.mark.parametrize(
    ("name", "more", "words", "size"),
    [
        ("digits", {}, "1: 0", LARGE),
        ("sounds", {"samples": 60}, "spectrum", SMALL),
        ("reversal", {"samples": 60}, "wanted", SMALL),
        ("shapes", {"samples": 60}, "1: ", LARGE),
        pytest.param("digits", {}, "1: 0", SMALL, marks=pytest.mark.slow),
        pytest.param("sounds", {"samples": 60}, "spectrum", LARGE, marks=pytest.mark.slow),
        pytest.param("reversal", {"samples": 60}, "wanted", LARGE, marks=pytest.mark.slow),
        pytest.param("shapes", {"samples": 60}, "1: ", SMALL, marks=pytest.mark.slow),
    ],
)
async def test_what_is_no_table_is_looked_at_row_by_row(
    name: str, more: dict[str, int], words: str, size: tuple[int, int]
) -> None:
    """Pictures in a grid, waves with their spectra, symbols with their numbers; each beside its numbers."""
    async with browsing(load_dataset(name, **more), size) as pilot:
        assert tab(pilot) == "examples"
        assert words in text(pilot)
        before = text(pilot)
        await pilot.press("down")
        assert place(pilot).row == place(pilot).stride
        assert text(pilot) != before
        for _ in range(len(browser(pilot)._moving.views)):
            await pilot.press("tab")
            assert "cannot be drawn" not in text(pilot)
            assert len(text(pilot)) > 80


@pytest.mark.parametrize("task", ["objects", "masks of objects", "classes of pixels"])
async def test_what_is_wanted_is_drawn_over_the_picture(task: str) -> None:
    """Borders of boxes, and pixels of classes by their numbers; listed as classes, with how many pixels each has."""
    labels = np.zeros((20, 16, 16), np.int64)
    labels[:, 4:12, 4:12] = 2
    x, names = np.zeros((20, 16, 16, 1)), ["ground", "cat", "dog"]
    boxes = np.array([[[3, 0.25, 0.25, 0.75, 0.75]]] * 20)
    maps = (labels > 0).astype(np.uint8)
    data = (
        Dataset(x, labels, class_names=names)
        if task == "classes of pixels"
        else Dataset(x, join_target(boxes, maps if "masks" in task else None), task="detection", class_names=names)
    )
    sign = "1" if task == "classes of pixels" else "2"
    async with browsing(data, (80, 24), Look(colours="none", ascii=True)) as pilot:
        for view in ("examples", "raw", "one batch"):
            while view not in tab(pilot):
                await pilot.press("tab")
            assert sign * 8 in text(pilot), view
            if view == "raw":
                words = " ".join(text(pilot).split())
                assert ("target: class ground 192, dog 64 pixels" in words) == (task == "classes of pixels")
                assert ("the number of the class of each pixel" in words) == (task == "classes of pixels")
                assert ("of each pixel the number of its box" in words) == ("masks" in task)


async def test_a_film_is_a_strip_of_its_frames() -> None:
    """A clip is looked at frame by frame, in every view."""
    clips = np.random.default_rng(0).random((20, 6 * 8, 8, 1))
    async with browsing(Dataset(clips, [0, 1] * 10, frames=6), (80, 24)) as pilot:
        assert all(f"frame {number}" in text(pilot) for number in range(1, 7))
        for _ in browser(pilot)._moving.views:
            await pilot.press("tab")
            assert "cannot be drawn" not in text(pilot)


@pytest.mark.parametrize("channels", [1, 3, pytest.param(2, marks=pytest.mark.slow)])
async def test_a_volume_is_looked_at_slice_by_slice(channels: int) -> None:
    """Rows of four axes are drawn as their slices, in every view."""
    volumes = np.random.default_rng(0).random((20, 4, 8, 6, channels))
    async with browsing(Dataset(volumes, [0, 1] * 10), (80, 24)) as pilot:
        assert all(f"slice {number}" in text(pilot) for number in range(1, 5))
        for _ in browser(pilot)._moving.views:
            await pilot.press("tab")
            assert "cannot be drawn" not in text(pilot)


async def test_a_sound_is_shown_beside_the_spectrum_that_is_made_of_it() -> None:
    """Where the waves were kept."""
    chance = np.random.default_rng(0)
    data = Dataset(chance.random((20, 30, 12)), [0, 1] * 10, waves=chance.normal(size=(20, 400)).astype(np.float32))
    async with browsing(data) as pilot:
        assert "wave: 400 steps" in text(pilot)
        assert "spectra: 30 of 12 bands" in text(pilot)


def test_a_batch_shows_augmented_rows_as_they_are_given() -> None:
    """A copy has the number of its row."""
    data = load_dataset("digits")
    profile = Profile(data, data.split(augment="shift 0.2", copies=2))
    rows = len(profile.split.indices.train)
    batch = lay_out_batch(profile, 3 * rows)
    assert sorted(batch.rows) == sorted(np.tile(profile.split.indices.train, 3))
    assert (batch.x == profile.split.train.x[rng.permutation(0, 0, 3 * rows)]).all()


async def test_the_strongest_frequency_is_that_of_the_wave() -> None:
    """A sine with seven waves in a row has them in its spectrum."""
    steps = np.sin(2 * np.pi * 7 * np.arange(256) / 256)[None, :, None].repeat(20, axis=0)
    async with browsing(Dataset(steps, [0, 1] * 10)) as pilot:
        assert "strongest 7" in text(pilot)


@pytest.mark.parametrize("width", [16, 38, 60])
def test_a_caption_says_what_finds_room(width: int) -> None:
    """Nothing is cut off in the middle of a sentence where a wave and its spectrum share a narrow screen."""
    steps = np.sin(2 * np.pi * 7 * np.arange(2560) / 256)[:, None]
    captions = [joined_text(row) for row in draw_wave(steps, 2 * width + 1, 20, Look()) if ":" in joined_text(row)]
    assert all("…" not in caption for caption in captions)


@pytest.mark.parametrize(
    ("shape", "words"), [((40, 9, 3), "more lines, means of 3 channels"), ((40, 9), "more lines"), ((3, 9, 1), "")]
)
def test_what_is_cut_off_of_an_array_is_said(shape: tuple[int, ...], words: str) -> None:
    """How many lines do not fit, and of what the numbers are; -0.001 is no minus nothing."""
    rows = draw_numbers(np.full(shape, -0.001), 60, 10, Look())
    assert len(rows) <= 10
    assert joined_text(rows[-1]).strip().endswith(words)
    assert "-0" not in joined_text(rows[0])


async def test_a_picture_of_five_channels_says_that_one_is_shown() -> None:
    """Its numbers are those of the first."""
    async with browsing(Dataset(np.random.default_rng(0).random((20, 6, 6, 5)), [0, 1] * 10), (80, 24)) as pilot:
        await pilot.press("tab")
        assert "the first of 5 channels" in text(pilot)


async def test_a_line_of_a_row_ends_on_the_screen() -> None:
    """At 80 columns as well, where there is no room for words; nothing stands for them."""
    words = [f"a-long-word-{number % 19}" for number in range(60)]
    async with browsing(read_table({"wordy": words, "y": [0, 1] * 30}), (80, 24)) as pilot:
        await pilot.press("tab")
        heading, line = text(pilot).splitlines()[1:3]
        assert heading.rstrip().endswith("network gets")
        assert len(line) <= 80
        assert line.rstrip().endswith("…")
