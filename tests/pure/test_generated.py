"""Generated data: the same for the same seed, kept on disk and checked, and each task is what it says."""

from __future__ import annotations

import datetime
import hashlib
import shutil
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.data import generated_cache
from nnplay.data.catalogue import dataset_records, load_dataset
from nnplay.data.drawing.glyphs import STYLES
from nnplay.data.drawing.strokes import DOTS, read_glyph
from nnplay.data.generated import _blocks
from nnplay.data.generated._blocks import Rows, in_blocks
from nnplay.data.generated.characters import alphabet, book
from nnplay.data.generated.dates import LETTERS, SIGNS, write_date
from nnplay.data.tables._shipped import datasets_folder
from nnplay.errors import InputError
from nnplay.system import processors
from nnplay.training.scores.metrics import classification

GENERATED = [name for name, record in dataset_records().items() if ".generated." in record.make.__module__]
PICTURES = ["digits28", "shapes", "shapes_masks", "shapes_objects"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test."""
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path))
    return tmp_path / "data"


def test_the_promised_sets_are_there() -> None:
    """Pictures, sequences, text and sounds are found by the scan."""
    sequences = ["adding", "echo", "reversal", "sine_forecast", "characters", "sounds", "moving_shapes", "dates"]
    assert set(GENERATED) == {*PICTURES, *sequences}


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 100 rows, a tenth of what they are: no set knows how large they are."""
    monkeypatch.setattr(_blocks, "BLOCK", 100)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("name", GENERATED)
def test_rows_repeat_by_seed(name: str, cache: Path) -> None:
    """The same seed gives the same rows, drawn anew; another seed gives others, and noise disturbs them."""

    def load(**fields: object) -> tuple[bytes, bytes]:
        shutil.rmtree(cache, ignore_errors=True)
        data = load_dataset(name, samples=77, **fields)
        assert len(data) == 77
        return data.x.tobytes(), data.y.tobytes()

    first = load(seed=5, noise=0.4)
    assert load(seed=5, noise=0.4) == first
    assert load(seed=6, noise=0.4)[0] != first[0]
    assert load(seed=5, noise=0.0) != first


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, "c0b7a76926ad66c8963c3ba5480f0fc380d349b91aa4ac0c80f1ff95624fb4a6"),
        (
            {"noise": 0.0, "distortion": 2.0, "seed": 5},
            "e717a1c9af3ad78701e4d6bedcb758f3f0ae5b3abf35e61093f87c22fac2ff9b",
        ),
    ],
)
def test_digits_are_the_same_as_ever(fields: dict[str, float], wanted: str) -> None:
    """However quickly they are drawn, pictures and labels keep their bits: saved runs are trained on them."""
    data = load_dataset("digits28", samples=1200, **fields)
    assert hashlib.sha256(data.x.tobytes() + data.y.tobytes()).hexdigest() == wanted


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("name", [name for name in GENERATED if name != "characters"])
def test_fewer_rows_begin_like_more(name: str) -> None:
    """Asking for more rows adds some and changes none."""
    few, many = load_dataset(name, samples=110), load_dataset(name, samples=205)
    assert np.array_equal(few.x, many.x[:110])
    assert np.array_equal(few.y, many.y[:110])


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_kept_on_disk(name: str, cache: Path) -> None:
    """The second time nothing is drawn, and the rows are the same; the folder is the user's alone."""
    calls: list[tuple[int, int, str]] = []
    first = load_dataset(name, samples=150, progress=lambda *call: calls.append(call))
    assert [call[:2] for call in calls] == [(100, 150), (150, 150)]
    again = load_dataset(name, samples=150, progress=lambda *call: calls.append(call))
    assert len(calls) == 2
    assert np.array_equal(first.x, again.x)
    assert len(list(cache.iterdir())) == 1
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "replaced"])
def test_a_damaged_file_is_made_again(damage: str, cache: Path) -> None:
    """A file that is not what was written is as good as none, and is replaced by a whole one."""
    wanted = load_dataset("digits28", samples=50).x
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    path.write_bytes({"cut": whole[:middle], "flipped": flipped, "emptied": b"", "replaced": b"{" * 300}[damage])
    assert np.array_equal(load_dataset("digits28", samples=50).x, wanted)
    assert path.read_bytes() == whole


def test_an_interrupted_drawing_leaves_nothing(cache: Path) -> None:
    """What the listener raises ends the drawing, and no file stays behind."""

    def stop(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_dataset("digits28", samples=1500, progress=stop)
    assert list(cache.iterdir()) == []


def test_a_folder_of_others_is_not_used(cache: Path) -> None:
    """Where others may write, data are made anew and nothing is stored."""
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    assert generated_cache.data_folder() is None
    assert len(load_dataset("digits28", samples=20)) == 20
    assert list(cache.iterdir()) == []


def test_a_place_that_cannot_be_had_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that cannot be made costs the cache, not the data."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "file"))
    assert len(load_dataset("shapes", samples=20)) == 20


def test_the_oldest_files_go_first(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together the files stay below the limit; the newest stays."""
    monkeypatch.setattr(generated_cache, "MAX_BYTES", 100_000)
    for seed in range(4):
        load_dataset("digits28", samples=50, seed=seed)
    assert 1 <= len(list(cache.iterdir())) <= 2


def test_an_edited_source_makes_anew(tmp_path: Path) -> None:
    """The name of a file depends on the values and on the code that made it."""
    source = tmp_path / "source.py"
    source.write_text("a = 1")
    names = {generated_cache.digest({"seed": 1}, (str(source),)), generated_cache.digest({"seed": 2}, (str(source),))}
    source.write_text("a = 2")
    assert len(names | {generated_cache.digest({"seed": 1}, (str(source),))}) == 3


@pytest.mark.parametrize("text", sorted(text for styles in STYLES for text in styles))
def test_glyphs_are_drawn_evenly(text: str) -> None:
    """Every style fits its box, and its dots lie so close that a line shows no gaps."""
    glyph = read_glyph(text)
    places = glyph.dots @ glyph.points
    assert len(places) == DOTS
    assert places.min() >= 0
    assert places.max() <= 100
    gaps = np.hypot(*np.diff(places, axis=0).T)[glyph.lift[:-1] == 1]
    assert gaps.max() < 10
    assert np.allclose(glyph.dots.sum(axis=1), 1, atol=1e-5)


def test_digits_are_pictures_of_ten_classes() -> None:
    """Ink is between 0 and 1 and covers a part of the picture; all ten digits occur alike; each has styles."""
    data = load_dataset("digits28", samples=1000, noise=0)
    assert data.feature_shape == (28, 28, 1)
    assert np.bincount(data.y).tolist() == [100] * 10
    assert (data.x.min(), data.x.max() > 0.9) == (0.0, True)
    inked = (data.x > 0.5).mean(axis=(1, 2, 3))
    assert inked.min() > 0.01
    assert inked.max() < 0.5
    assert min(len(styles) for styles in STYLES) >= 3


def test_digits_can_be_chosen_flattened_and_copied() -> None:
    """Two digits make two classes; flat rows have 784 numbers; an autoencoder's targets are its inputs."""
    pair = load_dataset("digits28", samples=40, digits="8, 3", flat=True)
    assert (pair.class_names, pair.feature_shape) == (("3", "8"), (784,))
    whole = load_dataset("digits28", samples=40)
    copied = load_dataset("digits28", samples=40, learn="picture", flat=True)
    assert copied.task == "regression"
    assert np.array_equal(copied.x, copied.y)
    assert np.array_equal(copied.x, whole.x.reshape(40, 784))


@pytest.mark.parametrize("words", ["", "3", "3 3", "eleven", "3 12", "²"])
def test_impossible_digits_are_refused(words: str) -> None:
    """Anything but two or more digits is refused with an example."""
    with pytest.raises(InputError, match="3 8"):
        load_dataset("digits28", samples=10, digits=words)


def test_print_is_the_same_every_time() -> None:
    """Without distortion and noise, two digits of one style differ in nothing but ink."""
    data = load_dataset("digits28", samples=1000, noise=0, distortion=0)
    ones = data.x[data.y == 1].reshape(100, -1)
    ones = ones / ones.max(axis=1, keepdims=True)
    different: list[np.ndarray] = []
    for row in ones:
        if all(np.abs(row - other).max() > 0.05 for other in different):
            different.append(row)
    assert len(different) == len(STYLES[1])


def test_shapes_have_the_colours_asked_for() -> None:
    """Size, channels and kinds are as asked, and the picture of a shape shows it."""
    data = load_dataset("shapes", samples=60, size=20, colours="grey", kinds=3)
    assert data.feature_shape == (20, 20, 1)
    assert data.class_names == ("circle", "square", "triangle")
    assert np.bincount(data.y).tolist() == [20, 20, 20]
    assert load_dataset("shapes", samples=6).feature_shape == (32, 32, 3)


def test_masks_belong_to_their_pictures() -> None:
    """With one object, masks name background and the picture's class, and both regions differ in colour."""
    masks = load_dataset("shapes_masks", samples=50, objects=1, noise=0)
    pictures = load_dataset("shapes", samples=50, noise=0)
    assert np.array_equal(masks.x, pictures.x)
    assert masks.class_names == ("background", *pictures.class_names)
    for x, mask, label in zip(masks.x, masks.y, pictures.y, strict=True):
        assert set(np.unique(mask)) == {0, label + 1}
        assert np.abs(x[mask == 0].mean(axis=0) - x[mask > 0].mean(axis=0)).max() > 0.1
    split = masks.split()
    assert split.train.y.shape == (len(split.train), 32, 32)


def test_adding_sums_the_marked_numbers() -> None:
    """Two numbers are marked, one in each half, and the target is their sum."""
    data = load_dataset("adding", samples=200, length=9)
    marks = data.x[:, :, 1]
    assert (marks[:, :4].sum(axis=1) == 1).all()
    assert (marks[:, 4:].sum(axis=1) == 1).all()
    assert np.allclose((data.x[:, :, 0] * marks).sum(axis=1), data.y[:, 0], atol=1e-6)


def test_echo_asks_for_the_first_symbol() -> None:
    """Every step shows one symbol, and the class is the one shown `delay` steps before the last."""
    data = load_dataset("echo", samples=200, delay=7, symbols=3)
    assert data.feature_shape == (8, 3)
    assert (data.x.sum(axis=2) == 1).all()
    assert np.array_equal(data.x[:, 0].argmax(axis=1), data.y)


def test_dates_are_rewritten() -> None:
    """What a row's letters say is the day that its signs say, in every form that people use."""
    data = load_dataset("dates", samples=200)
    assert data.vocabulary is not None
    forms = set()
    for letters, signs in zip(data.x.astype(int), data.y, strict=True):
        seen = "".join(LETTERS[letter] for letter in letters).rstrip()
        day = datetime.date.fromisoformat("".join(SIGNS[sign] for sign in signs)).toordinal()
        found = [form for form in range(4) if write_date(day, form) == seen]
        assert found
        forms |= set(found)
    assert forms == {0, 1, 2, 3}


def test_reversal_reads_backwards() -> None:
    """Targets are the tokens from the last to the first."""
    data = load_dataset("reversal", samples=20, length=6, symbols=5)
    assert np.array_equal(data.x[:, ::-1], data.y)
    assert data.x.max() == 4


def test_forecasts_follow_their_waves() -> None:
    """A single wave obeys x[t+1] = 2·cos(w)·x[t] − x[t−1], and so does the target."""
    data = load_dataset("sine_forecast", samples=100, waves=1, window=12)
    series = np.concatenate([data.x[:, :, 0], data.y], axis=1).astype(float)
    twice = ((series[:, 2:] + series[:, :-2]) * series[:, 1:-1]).sum(axis=1) / (series[:, 1:-1] ** 2).sum(axis=1)
    assert np.abs(series[:, 2:] + series[:, :-2] - twice[:, None] * series[:, 1:-1]).max() < 1e-5
    assert (np.abs(twice) <= 2).all()


def test_the_sequel_of_a_forecast_is_its_wave_without_noise() -> None:
    """What lies behind a window goes on as the wave does; the value that is learned lies in it."""
    data = load_dataset("sine_forecast", samples=100, waves=1, window=12, ahead=3)
    assert data.continuation is not None
    assert data.continuation.values.shape == (100, 12)
    assert np.abs(data.continuation.values[:, data.continuation.ahead - 1] - data.y[:, 0]).max() < 1e-6
    series = np.concatenate([data.x[:, :, 0], data.continuation.values], axis=1).astype(float)
    twice = ((series[:, 2:] + series[:, :-2]) * series[:, 1:-1]).sum(axis=1) / (series[:, 1:-1] ** 2).sum(axis=1)
    assert np.abs(series[:, 2:] + series[:, :-2] - twice[:, None] * series[:, 1:-1]).max() < 1e-5
    disturbed = load_dataset("sine_forecast", samples=100, waves=1, window=12, ahead=3, noise=0.3)
    assert disturbed.continuation is not None
    assert np.array_equal(disturbed.continuation.values, data.continuation.values)
    split = data.split(seed=1)
    assert split.train.continuation is not None
    assert np.array_equal(split.train.continuation.values, data.continuation.values[split.indices.train])


def test_letters_follow_the_book() -> None:
    """Each target is the letter after its input in the book, in both forms of the task."""
    letters = alphabet(True)
    data = load_dataset("characters", samples=30, length=25)
    last = load_dataset("characters", samples=30, length=25, predict="last")
    for x, y, end in zip(data.x.astype(int), data.y, last.y, strict=True):
        text = letters[x[0]] + "".join(letters[token] for token in y)
        assert text in book(True) + book(True)
        assert np.array_equal(x[1:], y[:-1])
        assert end == y[-1]
    assert data.outputs == len(letters)
    assert len(alphabet(False)) > len(letters)


def test_too_many_windows_are_noted() -> None:
    """More windows than the book has are told apart by a note about the text that parts share."""
    assert not load_dataset("characters", samples=3000, length=40).notes
    assert "share text" in load_dataset("characters", samples=4000, length=40).notes[0]


def test_the_book_has_a_card() -> None:
    """The text's card says what it is and under which terms."""
    text = (datasets_folder() / "characters" / "card.md").read_text(encoding="utf-8")
    assert all(f"**{word}" in text for word in ("What", "Source", "Licence", "Changes", "Cite"))
    assert f"{len(book(False)):,}" in text


def test_sounds_are_what_they_are_called() -> None:
    """A tone has one peak in its spectrum, a hiss none; pitch rises in a rising chirp and falls in a falling one."""
    data = load_dataset("sounds", samples=500, length=512, noise=0)
    waves = data.x[:, :, 0]
    spectrum = np.abs(np.fft.rfft(waves * np.hanning(512), axis=1)) ** 2
    share = np.sort(spectrum, axis=1)[:, -6:].sum(axis=1) / spectrum.sum(axis=1)
    assert share[data.y == 0].min() > 0.9
    assert share[data.y == 4].max() < 0.5
    turns = np.diff(np.signbit(waves), axis=1)
    early, late = turns[:, :256].sum(axis=1), turns[:, 256:].sum(axis=1)
    assert (late[data.y == 1] > early[data.y == 1]).all()
    assert (late[data.y == 2] < early[data.y == 2]).all()


def test_pixels_are_scored_by_intersection_over_union() -> None:
    """IoU is hits over all pixels that are or are said to be of a class, averaged over the classes that occur."""
    true = np.array([[[0, 0, 1], [1, 1, 1]]])
    predicted = np.array([[[0, 1, 1], [1, 1, 0]]])
    scores = classification(true, predicted, 4)
    assert scores["iou"] == pytest.approx((1 / 3 + 3 / 5) / 2)
    assert "iou" not in classification(true.ravel(), predicted.ravel(), 4)


def test_rows_are_made_without_a_thread_left_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system starts no further thread, the one that asks makes all rows, and they are the same."""

    def make(numbers: NDArray[np.int64], rng: np.random.Generator) -> Rows:
        return {"x": rng.random(len(numbers))}

    monkeypatch.setattr(processors, "cores", lambda: 4)
    usual = in_blocks(2500, 0, "rows", make)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert np.array_equal(in_blocks(2500, 0, "rows", make)["x"], usual["x"])
