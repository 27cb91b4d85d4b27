"""Claims about clips: those made by seed, those of a folder, and what is wrong with files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.config.default_networks import layers_for
from nnplay.data.catalogue import find_source, load_dataset, read_file
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError
from nnplay.network.network import Network
from nnplay.records.registry import loss_records


def seen_way(frames: Any) -> str:
    """The way in which frames must be rolled, by one to four pixels, to look most like the next ones."""
    ways = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
    moves = [(way, steps) for way in ways for steps in (1, 2, 3, 4)]

    def off(move: tuple[str, int]) -> float:
        rolled = np.roll(frames[:-1], np.array(ways[move[0]]) * move[1], axis=(1, 2))
        return float(np.abs(rolled - frames[1:]).mean())

    return min(moves, key=off)[0]


def test_shapes_move_the_way_that_their_class_says() -> None:
    """From frame to frame, round the border too."""
    data = load_dataset("moving_shapes", samples=80, noise=0, size=32, frames=4)
    assert (data.feature_shape, data.frames) == ((128, 32, 1), 4)
    found = [seen_way(strip.reshape(4, 32, 32)) for strip in data.x[..., 0]]
    assert found == [data.class_names[label] for label in data.y]


def test_the_usual_network_sees_every_frame_by_itself() -> None:
    """What is changed in one frame changes that step of the sequence alone."""
    data = load_dataset("moving_shapes", samples=40)
    layers = layers_for(data, loss_records()["cross_entropy"]())
    sizes = [layer.record.name for layer in layers]
    assert sizes[-2:] == ["gru", "linear"]
    before = layers[: sizes.index("gru")]
    assert Network(before).plan(data.feature_shape).output_shape == (8, 128)


def test_strips_must_be_made_of_whole_frames() -> None:
    """A row of another height is refused."""
    with pytest.raises(InputError, match="rows of 10×4×1 are no strips of 3 images"):
        Dataset(np.zeros((4, 10, 4, 1)), [0, 1, 0, 1], frames=3)


def film(path: Path, count: int = 12, size: tuple[int, int] = (48, 32)) -> Path:
    """A clip whose frames grow brighter, (width, height)."""
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(count):
            grey = np.full((size[1], size[0], 3), 20 + number * 200 // count, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of clips."""
    film(tmp_path / "films" / "a" / "1.mp4")
    film(tmp_path / "films" / "b" / "1.avi")
    return tmp_path / "films"


def test_a_folder_of_clips_is_a_data_set(folder: Path) -> None:
    """Frames are taken evenly over the time of each clip, whatever holds it."""
    data = read_file(folder, frames=4, size="16x24")
    assert find_source(str(folder)).name == "clips"
    assert (data.feature_shape, data.frames, data.class_names) == ((64, 24, 1), 4, ("a", "b"))
    shades = data.x.reshape(2, 4, -1).mean(axis=2) * 255
    wanted = [20 + number * 200 // 12 for number in (1, 4, 7, 10)]
    assert np.abs(shades - wanted).max() < 8
    assert read_file(folder, colours="colour", frames=2).feature_shape == (64, 32, 3)
    assert read_file(folder, frames=20).frames == 20


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n", "is not a clip; clips are MP4"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "is not a clip"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "looks like a PNG image"),
        (b"\0\0\0\x18ftypisom" + b"\0" * 400, "is damaged"),
        (b"\x1aE\xdf\xa3" + b"\xff" * 400, "is damaged"),
    ],
    ids=["empty", "playlist", "list of files", "image", "mp4", "matroska"],
)
def test_bad_files_are_named(content: bytes, words: str, folder: Path) -> None:
    """FFmpeg is never left to find out what a file is: a list of other files or addresses opens nothing."""
    (folder / "a" / "1.mp4").write_bytes(content)
    with pytest.raises(InputError, match=words) as refused:
        read_file(folder)
    assert "1.mp4" in refused.value.message


def test_a_cut_clip_and_a_long_one_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their frames and pixels, before more of them is decoded."""
    monkeypatch.setattr("nnplay.data.video.decode.MOST_FRAMES", 5)
    with pytest.raises(InputError, match="has more than 5 frames; cut it"):
        read_file(folder)
    monkeypatch.setattr("nnplay.data.video.decode.MOST_PIXELS", 1000)
    with pytest.raises(InputError, match="is too large: 48×32 pixels"):
        read_file(folder)
