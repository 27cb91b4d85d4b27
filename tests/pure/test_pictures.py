"""Claims about images of one's own: folders of classes, tables of paths, masks, and what is wrong with them."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.catalogue import find_source, load_file, read_file
from nnplay.errors import InputError

Image = pytest.importorskip("PIL.Image")


def save(path: Path, colour: object = (200, 30, 30), size: tuple[int, int] = (8, 6), mode: str = "RGB") -> Path:
    """An image of one colour, (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of five images each."""
    for number in range(5):
        save(tmp_path / "pets" / "cats" / f"{number}.png", (40 * number, 0, 0))
        save(tmp_path / "pets" / "dogs" / f"{number}.bmp", (0, 0, 40 * number))
    return tmp_path / "pets"


def test_a_folder_of_class_folders_is_a_data_set(folder: Path) -> None:
    """Every file is a row of numbers from 0 to 1, its folder is its class; the run's table opens it again."""
    data = read_file(folder)
    assert (data.name, data.class_names, data.x.shape) == ("pets", ("cats", "dogs"), (10, 6, 8, 3))
    assert data.x[4, 0, 0].tolist() == pytest.approx([160 / 255, 0, 0])
    assert data.y.tolist() == [0] * 5 + [1] * 5
    config = RunConfig.from_dict({"data": {"file": str(folder), "size": "4x4", "colours": "grey"}})
    again = RunConfig.from_dict(config.to_dict()).load()
    assert again.feature_shape == (4, 4, 1)


def test_every_format_gives_its_pixels(tmp_path: Path) -> None:
    """PNG, BMP, GIF, lossless WebP and PPM give the same pixels; JPEG nearly."""
    for ending in ("png", "bmp", "gif", "webp", "ppm", "jpg"):
        options = {"lossless": True} if ending == "webp" else {}
        for name, colour in (("a", (0, 0, 0)), ("b", (255, 102, 51))):
            (tmp_path / ending / name).mkdir(parents=True)
            Image.new("RGB", (16, 16), colour).save(tmp_path / ending / name / f"1.{ending}", **options)
        seen = read_file(tmp_path / ending).x[1, 3, 3]
        assert seen.tolist() == pytest.approx([1, 0.4, 0.2], abs=0.02 if ending == "jpg" else 1e-6)


def test_unusual_pictures_are_made_plain_and_it_is_said(tmp_path: Path) -> None:
    """16 bits, transparency, CMYK, several frames, and photographs that lie on their side."""
    root = tmp_path / "odd"
    deep = Image.fromarray(np.full((4, 4), 0x80FF, np.uint16))
    (root / "a").mkdir(parents=True)
    deep.save(root / "a" / "deep.png")
    save(root / "a" / "clear.png", (255, 0, 0, 0), (4, 4), "RGBA")
    save(root / "b" / "ink.jpg", (0, 0, 0, 0), (4, 4), "CMYK")
    frames = [Image.new("RGB", (4, 4), colour) for colour in ((255, 255, 255), (0, 0, 0))]
    frames[0].save(root / "b" / "film.gif", save_all=True, append_images=frames[1:])
    turned = Image.new("L", (4, 4))
    turned.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(root / "b" / "turned.png", exif=exif)
    data = read_file(root)
    rows = {"clear": 0, "deep": 1, "film": 2, "ink": 3, "turned": 4}
    assert data.x[rows["deep"]].mean() == pytest.approx(0x80 / 255)
    assert [data.x[rows[name]].min() for name in ("clear", "film", "ink")] == [1, 1, 1]
    assert data.x[rows["turned"], 0, 3].tolist() == [1, 1, 1]
    said = " ".join(data.notes)
    for words in ("16-bit", "laid on white", "first frame", "converted to RGB", "three equal channels"):
        assert words.removeprefix("16-bit") in said


def test_mixed_sizes_are_made_one_and_it_is_said(tmp_path: Path) -> None:
    """The commonest size wins; others are cut, framed or pulled to it."""
    for number in range(3):
        save(tmp_path / "set" / "a" / f"{number}.png", (255, 255, 255), (8, 8))
    save(tmp_path / "set" / "b" / "wide.png", (255, 255, 255), (16, 4))
    for fit, least in (("crop", 1.0), ("stretch", 1.0), ("pad", 0.0)):
        data = load_file(str(tmp_path / "set"), {"fit": fit})
        assert data.feature_shape == (8, 8, 3)
        assert float(data.x[3].min()) == least
    assert "2 sizes, 4×16 to 8×8, are scaled and framed to 8×8" in " ".join(data.notes)
    assert read_file(tmp_path / "set", size="5x7").feature_shape == (5, 7, 3)


def test_a_large_photograph_is_made_small(tmp_path: Path) -> None:
    """Without a size no side has more than 64 pixels."""
    for name in "ab":
        save(tmp_path / "set" / name / "1.jpg", (255, 255, 255), (640, 320))
    data = read_file(tmp_path / "set")
    assert data.feature_shape == (32, 64, 3)
    assert "320×640 are scaled to 32×64" in " ".join(data.notes)


def test_a_table_names_pictures_and_labels(folder: Path) -> None:
    """Words are classes, numbers quantities; paths begin in the table's folder."""
    rows = [f"cats/{number}.png,cat,{number / 2}" for number in range(5)]
    rows += [f"dogs/{number}.bmp,dog,{number / 4}" for number in range(5)]
    table = folder / "labels.csv"
    table.write_text("\n".join(["image,label,weight", *rows, "cats/0.png,cat,9.5"]) + "\n")
    assert find_source(str(table)).name == "picture_table"
    assert read_file(table).class_names == ("cat", "dog")
    weights = read_file(table, target="weight")
    assert (weights.task, weights.y[1, 0], len(weights)) == ("regression", 0.5, 11)
    with pytest.raises(InputError, match="did you mean 'weight'"):
        read_file(table, target="wieght")


def test_tables_that_name_no_pictures_stay_tables(tmp_path: Path) -> None:
    """A column of names of files that are not there is a column of words."""
    table = tmp_path / "t.csv"
    table.write_text("file,x,label\n" + "".join(f"{n}.png,{n % 7},{'ab'[n % 2]}\n" for n in range(30)))
    assert find_source(str(table)).name == "csv"


def test_pictures_and_masks_side_by_side(tmp_path: Path) -> None:
    """Every pixel has the class that its mask says, by name of the file; alone is left out."""
    root = tmp_path / "cells"
    for number in range(4):
        save(root / "images" / f"{number}.jpg", (10, 200, 10), (12, 10))
        mask = Image.new("L", (12, 10))
        mask.paste(255, (0, 0, 6, 10))
        (root / "masks").mkdir(exist_ok=True)
        if number:
            mask.save(root / "masks" / f"{number}_mask.png")
    data = read_file(root)
    assert find_source(str(root)).name == "picture_masks"
    assert (data.y.shape, data.class_names) == ((3, 10, 12), ("0", "255"))
    assert data.y[0, 0].tolist() == [1] * 6 + [0] * 6
    assert "1 image without a mask" in " ".join(data.notes)
    save(root / "masks" / "2_mask.png", 3, (5, 5), "L")
    assert "1 mask left out: 2_mask.png: is 5×5, its image 10×12" in " ".join(read_file(root).notes)


def test_parts_of_public_sets_are_put_together(folder: Path) -> None:
    """`train/cats` and `test/cats` are one class; the split deals anew, and says so."""
    (folder / "train").mkdir()
    (folder / "cats").rename(folder / "train" / "cats")
    (folder / "dogs").rename(folder / "train" / "dogs")
    save(folder / "test" / "cats" / "9.png")
    data = read_file(folder)
    assert (data.class_names, len(data)) == (("cats", "dogs"), 11)
    assert "put together" in " ".join(data.notes)


# -- what is wrong ---------------------------------------------------------------------------------------------------


def chunk(kind: bytes, content: bytes) -> bytes:
    """One part of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(width: int, height: int) -> bytes:
    """A PNG that declares so many pixels, in a few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def only(folder: Path, content: bytes, name: str = "bad.png") -> Path:
    """A folder in which one class has nothing but a bad file, and the other a good one."""
    (folder / "bad").mkdir(parents=True)
    (folder / "bad" / name).write_bytes(content)
    save(folder / "good" / "1.png")
    return folder


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "bad.png", "is empty"),
        (b"%PDF-1.4 and more", "bad.png", "looks like a PDF document"),
        (b"just some words", "bad.jpg", "is not an image; images are PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "bad.png", "PostScript"),
        (bomb(15_000, 15_000), "bad.png", "is too large"),
        (bomb(9_000, 8_000), "bad.png", r"8,000 pixels, at most 64 million"),
        (bomb(60_000, 60_000), "bad.png", "its pixels are too many, at most 64 million"),
        (bomb(0, 4), "bad.png", "bad.png"),
        (b"\xff\xd8\xff\xe0 and nothing more", "bad.jpg", "is damaged: it ends too early"),
    ],
    ids=["empty", "pdf", "words", "eps", "225 M", "72 M", "3600 M", "none", "cut"],
)
def test_what_cannot_be_a_picture_is_named(content: bytes, name: str, words: str, tmp_path: Path) -> None:
    """One sentence names the file and what is wrong, before anything large is decoded."""
    with pytest.raises(InputError, match=words) as refused:
        read_file(only(tmp_path / "set", content, name))
    assert "\n" not in refused.value.message


def test_a_damaged_file_among_many_is_named_and_left_out(tmp_path: Path) -> None:
    """One of forty is left out with a note; when every fifth is damaged, reading stops."""
    for number in range(40):
        save(tmp_path / "set" / "ab"[number % 2] / f"{number}.png", (number, number, 0))
    whole = (tmp_path / "set" / "a" / "0.png").read_bytes()
    (tmp_path / "set" / "a" / "0.png").write_bytes(whole[:-30])
    data = read_file(tmp_path / "set")
    assert len(data) == 39
    assert [note for note in data.notes if "1 image left out: 0.png" in note]
    for number in range(0, 16, 2):
        (tmp_path / "set" / "a" / f"{number}.png").write_bytes(whole[:-30])
    with pytest.raises(InputError, match=r"8 of 40 images cannot be read, the first one: 0\.png"):
        read_file(tmp_path / "set")


def test_pipes_devices_links_and_litter_are_left_out(folder: Path) -> None:
    """Nothing waits for a pipe or reads a device, and a link to the folder itself is no loop."""
    os.mkfifo(folder / "cats" / "pipe.png")
    (folder / "cats" / "endless.png").symlink_to("/dev/zero")
    (folder / "cats" / "nowhere.png").symlink_to("/not/there.png")
    (folder / "again").symlink_to(folder)
    (folder / "cats" / "deeper").symlink_to(folder)
    (folder / "cats" / "Thumbs.db").write_bytes(b"x")
    (folder / "cats" / ".hidden.png").write_bytes(b"x")
    (folder / "birds").mkdir()
    data = read_file(folder)
    assert len(data) == 10
    said = " ".join(data.notes)
    assert "folder 'birds' holds no image" in said
    assert "4 entries left out" in said


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["a/1.png"], "only one class, 'a'"),
        (["1.png", "2.png"], "2 images in no class folder; put the images of each class into a folder"),
        ([], "is not a regular file but a folder"),
        (["a/notes.pdf", "b/notes.pdf"], "is not a regular file but a folder"),
    ],
)
def test_folders_without_classes_are_refused(files: list[str], words: str, tmp_path: Path) -> None:
    """Each with the way out."""
    root = tmp_path / "set"
    root.mkdir()
    for name in files:
        if name.endswith(".png"):
            save(root / name)
        else:
            (root / name).parent.mkdir()
            (root / name).write_text("words")
    with pytest.raises(InputError, match=words):
        read_file(root)


def test_names_of_folders_are_no_control_characters(tmp_path: Path) -> None:
    """A class whose name would move the cursor is shown with signs in its place."""
    save(tmp_path / "set" / "a\x1b[2Jb" / "1.png")
    save(tmp_path / "set" / "[bold" / "1.png")
    assert read_file(tmp_path / "set").class_names == ("[bold", "a␛[2Jb")


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'read by Pillow, which is not installed; pip install "nnplay\[pictures\]"'):
        read_file(folder)


def test_pictures_that_do_not_fit_into_memory_are_refused_by_their_sizes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any is decoded."""
    monkeypatch.setattr("nnplay.data.pictures.gather.memory_budget", lambda: 10_000)
    with pytest.raises(InputError, match=r"10 images of 6×8×3 take 14.1 KiB; at most 9.8 KiB; size='32'"):
        read_file(folder)


def test_reading_says_how_far_it_is_and_can_be_ended(folder: Path) -> None:
    """Whoever listens hears of every image, and what it raises ends the reading."""
    heard: list[tuple[int, int, str]] = []
    read_file(folder, progress=lambda *now: heard.append(now))
    assert heard[-1] == (10, 10, "images")

    def end(done: int, total: int, what: str) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_file(folder, progress=end)
