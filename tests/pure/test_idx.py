"""Claims about data in two files: MNIST's own form, and two NumPy arrays; labels are found beside the inputs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.data.catalogue import find_source, read_file
from nnplay.errors import InputError

PIXELS = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
LABELS = np.array([0, 1, 2, 0, 1, 2], np.uint8)


def idx(array: NDArray[np.generic]) -> bytes:
    """An IDX file."""
    kind = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[array.dtype.str[1:]]
    big = array.astype(array.dtype.newbyteorder(">"))
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + big.tobytes()


def mnist(folder: Path, images: bytes = idx(PIXELS), labels: bytes = idx(LABELS), *, packed: bool = False) -> Path:
    """The two files as MNIST has them; the path of the images."""
    end = ".gz" if packed else ""
    for name, content in (("images-idx3", images), ("labels-idx1", labels)):
        (folder / f"train-{name}-ubyte{end}").write_bytes(gzip.compress(content) if packed else content)
    return folder / f"train-images-idx3-ubyte{end}"


@pytest.mark.parametrize("packed", [False, True])
def test_images_find_their_labels(packed: bool, tmp_path: Path) -> None:
    """MNIST's own files are read by their names, packed or not: pixels from 0 to 1 with one channel."""
    path = mnist(tmp_path, packed=packed)
    assert find_source(str(path)).name == "idx"
    data = read_file(path)
    assert (data.x.shape, data.y.tolist(), data.task) == ((6, 4, 5, 1), LABELS.tolist(), "classification")
    assert data.x[0, 0, 1, 0] == np.float32(1) / np.float32(255)


def test_labels_may_be_named_and_numbers_may_be_of_any_kind(tmp_path: Path) -> None:
    """Rows of floats are inputs; labels that are quantities are learned as such."""
    rows = np.linspace(-1, 1, 12, dtype=np.float32).reshape(6, 2)
    (tmp_path / "rows.idx").write_bytes(idx(rows))
    (tmp_path / "answers.idx").write_bytes(idx(np.arange(6, dtype=np.float64) / 2))
    data = read_file(tmp_path / "rows.idx", labels="answers.idx")
    assert data.task == "regression"
    assert np.array_equal(data.x, rows)


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (idx(PIXELS)[:-1], idx(LABELS), "declares 120 bytes, and has only 119"),
        (idx(PIXELS) + b"\0", idx(LABELS), "declares 120 bytes, and has more"),
        (idx(PIXELS)[:9], idx(LABELS), "ends within its first bytes"),
        (b"\0\0\x08\x03" + b"\xff" * 12 + b"abc", idx(LABELS), "declares 4,294,967,295×4,294,967,295"),
        (idx(PIXELS), idx(LABELS[:-1]), "6 images, but 5 labels in train-labels-idx1-ubyte"),
        (idx(LABELS), idx(PIXELS), "holds one number for each row: these are labels; give the file of the images"),
        (idx(PIXELS), idx(PIXELS), "holds arrays of 4×5, not labels"),
        (idx(PIXELS), b"words", "is not an IDX file: it begins with 77 6f 72 64"),
        (b"\0\0\x07\x03" + bytes(12), idx(LABELS), "is not an IDX file: it begins with 00 00 07 03"),
    ],
    ids=["short", "long", "cut", "bomb", "counts", "swapped", "no labels", "words", "kind"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_wrong_is_said(images: bytes, labels: bytes, words: str, packed: bool, tmp_path: Path) -> None:
    """What a file declares is compared with what it holds; nothing is unpacked beyond that."""
    with pytest.raises(InputError, match=words):
        read_file(mnist(tmp_path, images, labels, packed=packed))


def test_a_gzip_bomb_is_unpacked_no_further_than_declared(tmp_path: Path) -> None:
    """A hundred megabytes of zeros behind a small declaration are not read."""
    bomb = gzip.compress(idx(PIXELS) + b"\0" * 100_000_000)
    path = mnist(tmp_path, packed=True)
    path.write_bytes(bomb)
    with pytest.raises(InputError, match="and has more"):
        read_file(path)


def test_without_labels_the_names_that_were_tried_are_said(tmp_path: Path) -> None:
    """And the option that names another file."""
    path = mnist(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="'train-labels-idx1-ubyte' is not there; use labels='…'"):
        read_file(path)


def test_two_numpy_arrays_are_inputs_and_targets(tmp_path: Path) -> None:
    """`y.npy` beside `x.npy`, and `train_y.npy` beside `train_x.npy`; words are classes."""
    for x, y in (("x.npy", "y.npy"), ("train_x.npy", "train_y.npy"), ("images.npy", "labels.npy")):
        np.save(tmp_path / x, PIXELS[..., None] / 255)
        np.save(tmp_path / y, np.array(["red", "blue"] * 3))
        data = read_file(tmp_path / x)
        assert (data.x.shape, data.class_names) == ((6, 4, 5, 1), ("blue", "red"))


def test_objects_and_damage_in_arrays_are_refused(tmp_path: Path) -> None:
    """Nothing is unpickled."""
    np.save(tmp_path / "y.npy", LABELS)
    np.save(tmp_path / "x.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(InputError, match=r"holds Python objects, .* never loaded"):
        read_file(tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", PIXELS)
    whole = (tmp_path / "x.npy").read_bytes()
    for content, words in ((whole[:-3], "its size does not match its shape"), (whole[:9], "it ends within its header")):
        (tmp_path / "x.npy").write_bytes(content)
        with pytest.raises(InputError, match=words):
            read_file(tmp_path / "x.npy")
