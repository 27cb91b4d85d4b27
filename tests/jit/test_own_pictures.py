"""Claims about runs on images, sounds and clips: they learn, sessions find their files again, views show them."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.data.catalogue import read_file
from nnplay.training.trainer import Trainer
from nnplay.tui.outputs.widget import drawing_records
from nnplay.tui.theme.look import Look
from nnplay.views.choosing import make_view, views_of
from nnplay.views.kinds.augmentation import Augmentation
from nnplay.views.kinds.clip import Clip
from nnplay.views.kinds.sound import Sound

Image = pytest.importorskip("PIL.Image")


def draw_pets(root: Path, count: int = 40) -> Path:
    """A folder of images: bright bars that lie and that stand, anywhere."""
    rng = np.random.default_rng(1)
    for name in ("lying", "standing"):
        (root / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 60, (16, 16)).astype(np.uint8)
            row, column = rng.integers(0, 8, 2)
            bar = np.s_[row + 3 : row + 5, column : column + 8]
            pixels[bar if name == "lying" else (bar[1], bar[0])] = 250
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a folder, for tests that leave it as it is."""
    return draw_pets(tmp_path_factory.mktemp("own") / "bars")


def own_pictures(folder: Path, **more: object) -> RunConfig:
    """The run of the pages: `nnplay train FOLDER --augment "shift 0.2, noise 0.05" --copies 5`."""
    return RunConfig.from_dict({"data": {"file": str(folder)}, "split": {"augment": "shift 0.2, noise 0.05"}, **more})


def test_a_folder_of_images_is_learned_by_its_name_alone(pets: Path) -> None:
    """The usual network, on the rows and their copies, is right on nearly all images that it never saw."""
    trainer = own_pictures(pets, seed=2).trainer()
    assert len(trainer.split.train) == 4 * 56
    trainer.run(epochs=10)
    assert trainer.evaluate("test")["accuracy"] >= 0.9


def test_a_session_reads_its_images_again_and_notices_changed_ones(tmp_path: Path) -> None:
    """The same files give the same rows and copies; one image more or other pixels are told."""
    folder = draw_pets(tmp_path / "bars", 12)
    with nn.Session.new(tmp_path / "run.nnplay", own_pictures(folder).to_dict()) as session:
        session.trainer.run(steps=3)
        session.save()
    with nn.Session.open(tmp_path / "run.nnplay") as session:
        assert not session.warnings
        assert session.trainer.split.augmentation is not None
    Image.new("L", (16, 16), 90).save(folder / "lying" / "3.png")
    with nn.Session.open(tmp_path / "run.nnplay") as session:
        assert any("data" in warning for warning in session.warnings)


def shown(trainer: Trainer, kind: type, width: int = 60, height: int = 20) -> tuple[object, str]:
    """What the view of that kind makes of the first item, and the text of its drawing."""
    number = next(place for place, view in enumerate(views_of(trainer)) if view.shows is kind)
    output = make_view(trainer, number)[1]
    assert output is not None
    rows = drawing_records()[kind].draw(output, width, height, Look())
    assert len(rows) <= height
    texts = ["".join(text for text, _ in row) for row in rows]
    assert max(map(len, texts)) <= width + 1
    return output, "\n".join(texts)


def test_one_image_and_nine_draws_of_it_are_shown(pets: Path) -> None:
    """Those that are trained on are the very rows of the training part."""
    trainer = own_pictures(pets).trainer()
    draws, text = shown(trainer, Augmentation)
    assert isinstance(draws, Augmentation)
    count = len(trainer.split.train) // 4
    for copy in range(3):
        assert np.array_equal(draws.draws[copy], trainer.split.train.x[(copy + 1) * count, :, :, 0])
    assert len(draws.draws) == 9
    assert "draws 1 to 3 trained on: shift 0.2, noise 0.05" in text
    assert "draw 9" in text


def test_a_clip_is_shown_as_its_frames() -> None:
    """In their order, with what it is taken for."""
    trainer = RunConfig.from_dict({"data": {"name": "moving_shapes", "samples": 60}}).trainer()
    clip, text = shown(trainer, Clip)
    assert isinstance(clip, Clip)
    part = trainer.split.validation
    assert part is not None
    assert np.array_equal(np.concatenate(clip.frames), part.x[0, :, :, 0])
    assert all(f"{number}" in text for number in range(1, 9))


@pytest.mark.parametrize("width", [40, 100])
def test_a_sound_is_shown_as_wave_and_spectrum(width: int) -> None:
    """Side by side where there is room, else one below the other."""
    trainer = RunConfig.from_dict({"data": {"name": "sounds", "samples": 60}}).trainer()
    sound, text = shown(trainer, Sound, width)
    assert isinstance(sound, Sound)
    assert len(sound.wave) == 256
    assert sound.spectrum.shape[0] == 32
    assert any("wave" in line and "spectrum" in line for line in text.split("\n")) == (width > 60)


def test_spectra_of_a_folder_are_shown_beside_their_waves(tmp_path: Path) -> None:
    """Every view of such a run can be made, and the wave is the one of the file."""
    for name in ("low", "high"):
        (tmp_path / "tones" / name).mkdir(parents=True)
        for number in range(6):
            with wave.open(str(tmp_path / "tones" / name / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                pitch = 200 + 20 * number if name == "low" else 2000 + 20 * number
                tone = 20_000 * np.sin(2 * np.pi * pitch * np.arange(3000) / 8000)
                file.writeframes(tone.astype("<i2").tobytes())
    trainer = RunConfig.from_dict({"data": {"file": str(tmp_path / "tones")}}).trainer()
    for number in range(len(views_of(trainer))):
        assert make_view(trainer, number)[1] is not None
    sound, _ = shown(trainer, Sound)
    assert isinstance(sound, Sound)
    assert sound.wave.shape == (3000,)
    assert sound.spectrum.shape == (32, trainer.split.feature_shape[0])
    brightest = int(sound.spectrum.mean(axis=1).argmax())
    assert (brightest > 16) == (sound.label == "low")


def test_a_folder_is_read_with_names_and_options(pets: Path) -> None:
    """From Python as from anywhere, and one image alone says where it belongs."""
    assert read_file(pets, size=8).feature_shape == (8, 8, 1)
    with pytest.raises(nn.InputError, match=r"looks like a PNG image.*put the images of each class into a folder"):
        read_file(pets / "lying" / "0.png")
    with pytest.raises(nn.InputError, match=r"unknown option 'sise'.*did you mean 'size'"):
        read_file(pets, sise=8)
