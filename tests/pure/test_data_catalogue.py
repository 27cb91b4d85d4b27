"""The catalogue: every record makes a data set that is what it says, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.data.catalogue import dataset_records, load_dataset
from nnplay.data.features import FEATURES, expand
from nnplay.data.synthetic._planar import PLANE
from nnplay.data.tables._shipped import card, datasets_folder
from nnplay.errors import InputError

RECORDS = dataset_records()
SYNTHETIC = [
    name
    for name, record in RECORDS.items()
    if ".synthetic." in record.make.__module__ and any(field.name == "seed" for field in record.fields)
]
NOISE = {
    name: next(field.name for field in RECORDS[name].fields if field.name in ("noise", "spread")) for name in SYNTHETIC
}
PLANAR = [name for name in SYNTHETIC if any(field.name == "features" for field in RECORDS[name].fields)]
TABLES = {
    "iris": (150, (4,), 3),
    "wine": (178, (13,), 3),
    "breast_cancer": (569, (30,), 2),
    "diabetes": (442, (10,), 1),
    "digits": (1797, (8, 8, 1), 10),
}


def test_the_promised_sets_are_there() -> None:
    """All sets that the documentation promises are found by the scan."""
    promised = [
        "circle",
        "xor",
        "gauss",
        "spiral",
        "moons",
        "rings",
        "linear",
        "plane",
        "multi_gauss",
        "sine",
        "step",
        "polynomial",
    ]
    assert set(promised) | set(TABLES) <= set(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_records_make_what_they_say(name: str) -> None:
    """Name and task agree with the data, inputs are finite, and the record can be listed."""
    record = RECORDS[name]
    few = {"samples": 100} if ".generated." in record.make.__module__ else {}  # drawing takes long
    data = load_dataset(name, **few)
    assert (record.name, data.name, data.task) == (name, name, record.task)
    assert len(record.about) > 40
    assert record.licence
    assert data.split().summary(16)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_sets_repeat_by_seed(name: str) -> None:
    """The same seed gives the same points and another seed gives others; sample count is as asked."""
    first, again, other = (load_dataset(name, samples=77, seed=seed, **{NOISE[name]: 0.2}) for seed in (5, 5, 6))
    assert len(first) == 77
    assert np.array_equal(first.x, again.x)
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(first.y if name == "sinc" else first.x, other.y if name == "sinc" else other.x)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_noise_disturbs(name: str) -> None:
    """Noise changes points or targets."""
    clean, noisy = load_dataset(name), load_dataset(name, **{NOISE[name]: 0.3})
    assert not (np.array_equal(clean.x, noisy.x) and np.array_equal(clean.y, noisy.y))


@pytest.mark.parametrize("name", [name for name in SYNTHETIC if name not in ("gauss", "surface")])
def test_clean_sets_lie_on_the_plane(name: str) -> None:
    """Without noise all points lie within the range that surfaces are drawn over."""
    raw = load_dataset(name).raw
    assert raw is not None
    assert raw.min() >= PLANE[0]
    assert raw.max() <= PLANE[1]


@pytest.mark.parametrize("name", ["circle", "gauss", "spiral", "moons", "rings"])
def test_classes_are_balanced(name: str) -> None:
    """Classes differ by one row at most, for odd sample counts too."""
    counts = np.bincount(load_dataset(name, samples=101).y)
    assert counts.max() - counts.min() <= 1


def test_labels_follow_their_geometry() -> None:
    """Without noise each point's class is the one that its place says."""
    circle, xor, linear, rings = (load_dataset(name) for name in ("circle", "xor", "linear", "rings"))
    assert np.array_equal(circle.y == 1, np.hypot(*circle.x.T) < 2.5)
    assert np.array_equal(xor.y == 1, xor.x[:, 0] * xor.x[:, 1] > 0)
    assert np.array_equal(linear.y == 1, linear.x @ np.array([0.6, 0.8], dtype=np.float32) > 0)
    assert np.array_equal(rings.y, (np.hypot(*rings.x.T) // (5 / 3)).astype(int))


def test_spiral_arms_are_told_apart_by_angle() -> None:
    """A point's distance and angle tell its arm, for two arms and for more."""
    for classes in (2, 3, 5):
        data = load_dataset("spiral", classes=classes)
        radius, angle = np.hypot(*data.x.T), np.arctan2(data.x[:, 0], data.x[:, 1])
        turned = angle - radius / 5 * 1.75 * 2 * np.pi
        arm = np.round(turned / (2 * np.pi / classes)).astype(int) % classes
        assert np.array_equal(arm, data.y)


def test_curves_follow_their_formula() -> None:
    """Without noise each curve's targets are its function of x1."""
    sine, step = load_dataset("sine"), load_dataset("step")
    assert np.abs(np.sin(sine.x) - sine.y).max() < 1e-5
    assert np.array_equal(np.where(step.x < 0, -1, 1), step.y)
    for degree in (1, 2, 3, 7):
        data = load_dataset("polynomial", degree=degree)
        wanted = np.polynomial.Chebyshev.basis(degree)(data.x.astype(float) / 6)
        assert np.abs(wanted - data.y).max() < 1e-4


@pytest.mark.parametrize("name", PLANAR)
def test_features_are_switches(name: str) -> None:
    """Chosen features, in order, are the inputs, made of the raw points as a surface would make them."""
    names = ("sin(x2)", "x1", "x1x2", "x2^2")
    data = load_dataset(name, features=names)
    assert data.feature_names == data.features == names
    assert data.raw is not None
    assert np.array_equal(data.x, expand(data.raw, names))
    assert np.allclose(data.x[:, 2], data.raw[:, 0] * data.raw[:, 1])
    split = data.split(scale="standard")
    assert split.train.raw is not None
    assert np.array_equal(split.inputs(split.train.raw), split.train.x)


def test_every_feature_is_its_formula() -> None:
    """The seven features are x1, x2, their squares, product and sines."""
    x1, x2 = 2.0, -3.0
    row = expand(np.array([[x1, x2]]), list(FEATURES))[0]
    assert row == pytest.approx([x1, x2, x1 * x1, x2 * x2, x1 * x2, np.sin(x1), np.sin(x2)])


@pytest.mark.parametrize(("name", "rows", "shape", "outputs"), [(name, *facts) for name, facts in TABLES.items()])
def test_shipped_tables_are_complete(name: str, rows: int, shape: tuple[int, ...], outputs: int) -> None:
    """Rows, inputs and classes are those of the source, and the card names licence and source."""
    data = load_dataset(name)
    assert (len(data), data.feature_shape, data.outputs) == (rows, shape, outputs)
    text = card(name)
    assert all(f"**{word}" in text for word in ("What", "Columns", "Source", "Licence", "Changes", "Cite"))
    assert (datasets_folder() / name / f"{name}.csv").is_file()


def test_shipped_values_are_exact() -> None:
    """Values known from the sources are there: first rows, class counts and sums."""
    iris = load_dataset("iris")
    assert iris.x[0].tolist() == np.array([5.1, 3.5, 1.4, 0.2], dtype=np.float32).tolist()
    assert iris.x[34].tolist() == np.array([4.9, 3.1, 1.5, 0.2], dtype=np.float32).tolist()  # wrong in UCI's copy
    assert np.bincount(load_dataset("breast_cancer").y).tolist() == [357, 212]
    assert np.bincount(load_dataset("wine").y).tolist() == [59, 71, 48]
    digits = load_dataset("digits")
    assert (digits.x.min(), digits.x.max()) == (0.0, 1.0)
    assert np.bincount(digits.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert load_dataset("diabetes").y.sum() == 67243.0


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("sprial", {}, "did you mean 'spiral'"),
        ("spiral", {"sample": 10}, "did you mean 'samples'"),
        ("spiral", {"samples": 0}, "spiral, samples"),
        ("spiral", {"noise": 1.5}, "spiral, noise"),
        ("spiral", {"noise": float("nan")}, "spiral, noise"),
        ("spiral", {"seed": -1}, "spiral, seed"),
        ("spiral", {"features": "x1, x3"}, "unknown feature 'x3'"),
        ("spiral", {"features": ()}, "no feature"),
        ("spiral", {"features": "x1, x1"}, "twice"),
        ("rings", {"classes": 1}, "rings, classes"),
        ("iris", {"samples": 10}, "unknown setting 'samples'"),
    ],
)
def test_wrong_names_and_fields_are_refused(name: str, fields: dict[str, object], words: str) -> None:
    """The wrong name or value is named, with the nearest known one."""
    with pytest.raises(InputError) as caught:
        load_dataset(name, **fields)
    assert words in caught.value.message
