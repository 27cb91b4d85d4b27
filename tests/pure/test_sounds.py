"""Claims about sounds of one's own: every plain WAV encoding, packed ones, rates, lengths, spectra, and bad files."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nnplay.data.catalogue import find_source, read_file
from nnplay.data.sound.resample import resample
from nnplay.data.sound.spectrum import fourier, mel_spectrum, mel_weights, window_size
from nnplay.errors import InputError

RNG = np.random.default_rng(3)


def tone(pitch: float, rate: int = 8000, seconds: float = 0.5) -> NDArray[np.float64]:
    """A sine of half the loudness that there can be."""
    return np.asarray(0.5 * np.sin(2 * np.pi * pitch * np.arange(round(rate * seconds)) / rate))


def wav(values: NDArray[np.float64], rate: int = 8000, kind: str = "i2", *, extensible: bool = False) -> bytes:
    """A WAV file of values (n,) or (n, channels)."""
    table = values.reshape(len(values), -1)
    width = int(kind[1:])
    if kind == "u1":
        content = (table * 127 + 128).round().astype(np.uint8).tobytes()
    elif kind == "i3":
        whole = (table * (2**23 - 1)).round().astype("<i4")
        content = whole.tobytes()
        content = b"".join(content[at : at + 3] for at in range(0, len(content), 4))
    elif kind[0] == "i":
        content = (table * (2.0 ** (8 * width - 1) - 1)).round().astype(f"<{kind}").tobytes()
    else:
        content = table.astype(f"<{kind}").tobytes()
    number = 3 if kind[0] == "f" else 1
    channels = table.shape[1]
    form = struct.pack("<HHIIHH", number, channels, rate, rate * channels * width, channels * width, 8 * width)
    if extensible:
        form = struct.pack("<H", 0xFFFE) + form[2:] + struct.pack("<HHIH", 22, 8 * width, 0, number) + b"\0" * 14
    parts = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"LIST\x03\0\0\0abc\0"
    parts += b"data" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


def folder(path: Path, first: bytes, second: bytes = wav(tone(900))) -> Path:
    """Two classes: of one file that is tried, and of a good one."""
    for name, content in (("a", first), ("b", second)):
        (path / name).mkdir(parents=True)
        (path / name / "1.wav").write_bytes(content)
    return path


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(
    ("kind", "near"), [("u1", 1e-2), ("i2", 1e-4), ("i3", 1e-6), ("i4", 1e-7), ("f4", 1e-7), ("f8", 1e-7)]
)
def test_every_plain_encoding_gives_its_values(kind: str, near: float, extensible: bool, tmp_path: Path) -> None:
    """8 to 32 bits, whole numbers and floats, in the old form and the extensible one."""
    data = read_file(folder(tmp_path / "set", wav(tone(440), kind=kind, extensible=extensible)), form="wave")
    assert data.feature_shape == (4000, 1)
    assert np.abs(data.x[0, :, 0] - tone(440)).max() < near


def test_flac_and_ogg_are_read(tmp_path: Path) -> None:
    """FLAC gives the same values, Ogg nearly."""
    soundfile = pytest.importorskip("soundfile")
    for name, ending in (("a", "flac"), ("b", "ogg")):
        (tmp_path / "set" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "set" / name / f"1.{ending}", tone(440), 8000)
    data = read_file(tmp_path / "set", form="wave")
    assert np.abs(data.x[0, :, 0] - tone(440)).max() < 1e-4
    assert np.abs(data.x[1, 200:3800, 0] - tone(440)[200:3800]).max() < 0.05


def test_rates_lengths_and_channels_are_made_alike_and_it_is_said(tmp_path: Path) -> None:
    """The commonest rate, the length of nine of ten, and the mean of channels."""
    root = tmp_path / "set"
    (root / "a").mkdir(parents=True)
    (root / "b").mkdir()
    for number in range(9):
        (root / "a" / f"{number}.wav").write_bytes(wav(tone(300, seconds=0.25)))
    (root / "b" / "stereo.wav").write_bytes(wav(np.stack([tone(500, 16000), -tone(500, 16000)], axis=1), 16000))
    data = read_file(root, form="wave")
    assert data.feature_shape == (4000, 1)
    assert float(np.abs(data.x[9]).max()) == 0
    assert np.abs(data.x[0, 2000:]).max() == 0
    said = " ".join(data.notes)
    for words in (
        "8,000, 16,000 values a second are resampled to 8,000",
        "9 sounds followed by silence",
        "mean is taken",
    ):
        assert words in said
    assert read_file(root, form="wave", seconds=0.1, rate=4000).feature_shape == (400, 1)


def test_resampling_keeps_the_tone() -> None:
    """A sine stays that sine at any rate, and what the lower rate cannot hold is gone."""
    for old, new in ((44100, 8000), (16000, 8000), (8000, 11025), (22050, 16000)):
        made = resample(tone(1000, old).astype(np.float32), old, new)
        assert len(made) == -(-round(old * 0.5) * new // old)
        edge = new // 100
        assert np.abs(made[edge:-edge] - tone(1000, new, len(made) / new)[edge:-edge]).max() < 2e-3
    high = resample(tone(6500, 16000).astype(np.float32), 16000, 8000)
    assert np.abs(high[100:-100]).max() < 2e-3


def test_the_fourier_transform_is_numpys() -> None:
    """To the last bits but a few."""
    for size in (2, 16, 256, 1024):
        values = RNG.standard_normal((3, size))
        real, imaginary = fourier(values)
        assert np.allclose(real + 1j * imaginary, np.fft.fft(values), atol=1e-11)


def test_a_tone_lights_its_band_and_silence_none() -> None:
    """A full sine is 0 dB, so its band is near 1; 80 dB below is 0."""
    size, bands = window_size(8000), 32
    assert size == 256
    for pitch in (200, 1000, 3000):
        spectrum = mel_spectrum((2 * tone(pitch)[None]).astype(np.float32), 8000, bands)
        assert spectrum.shape == (1, 31, bands)
        weights = mel_weights(8000, size, bands)
        brightest = spectrum[0].mean(axis=0).argmax()
        assert abs(brightest - weights[round(pitch / 8000 * size)].argmax()) <= 1
        assert 0.9 < spectrum.max() < 1.05
    assert not mel_spectrum(np.zeros((1, 4000), np.float32), 8000, bands).any()


def test_spectra_keep_their_waves_and_a_table_may_name_sounds(tmp_path: Path) -> None:
    """The wave is there to be looked at; quantities are learned from a table."""
    root = folder(tmp_path / "set", wav(tone(440)))
    data = read_file(root)
    assert data.feature_shape == (31, 32)
    assert data.waves is not None
    assert data.waves.shape == (2, 4000)
    (root / "t.csv").write_text("sound,pitch\na/1.wav,440\nb/1.wav,900.5\n")
    assert find_source(str(root / "t.csv")).name == "sound_table"
    assert read_file(root / "t.csv").y.tolist() == [[440.0], [900.5]]


def header(**changes: int) -> bytes:
    """The first 44 bytes of a WAV file that says so many channels, values a second, bits, bytes and encoding."""
    said = {"encoding": 1, "channels": 1, "rate": 8000, "bits": 16, "size": 20} | changes
    form = struct.pack("<HHIIHH", said["encoding"], said["channels"], said["rate"], 16000, 2, said["bits"])
    return b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + form + b"data" + struct.pack("<I", said["size"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"just words", "is not a sound; sounds are WAV, FLAC, Ogg and MP3"),
        (b"RIFF\0\0\0\0WAVE", "ends before its sound"),
        (header(), "holds no sound"),
        (header(size=21) + b"\0", "holds no sound"),
        (header(rate=1_000_000_000) + b"\0" * 20, "claims 1 channel at 1,000,000,000 values a second"),
        (header(rate=0) + b"\0" * 20, "claims 1 channel at 0 values a second"),
        (header(channels=0) + b"\0" * 20, "claims 0 channels"),
        (header(channels=65535) + b"\0" * 20, "claims 65,535 channels"),
        (
            header(encoding=6, bits=8) + b"\0" * 20,
            "is encoded as A-law, 8 bits, which is not read; save",
        ),
        (wav(np.full(100, np.nan), kind="f4"), "holds a value that is not finite"),
        (b"fLaC" + b"\0" * 50, "is damaged"),
        (b"OggS" + b"\xff" * 500, "is damaged"),
    ],
    ids=[
        "empty",
        "words",
        "cut",
        "no body",
        "half",
        "a highest rate beyond all",
        "rate",
        "none",
        "many",
        "a-law",
        "nan",
        "flac",
        "ogg",
    ],
)
def test_bad_files_are_named(content: bytes, words: str, tmp_path: Path) -> None:
    """One sentence says which file and why."""
    if content.startswith((b"fLaC", b"OggS")):
        pytest.importorskip("soundfile")
    with pytest.raises(InputError, match=words) as refused:
        read_file(folder(tmp_path / "set", content))
    assert "1.wav" in refused.value.message


def test_a_header_that_claims_gigabytes_is_not_believed(tmp_path: Path) -> None:
    """Sizes are those of the file: twenty bytes are ten values, whatever was declared."""
    data = read_file(folder(tmp_path / "set", header(size=0xFFFFFFFF) + b"\1\0" * 10), form="wave", seconds=0.01)
    assert np.count_nonzero(data.x[0]) == 10


def test_sounds_that_do_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By count and length, before any is decoded."""
    monkeypatch.setattr("nnplay.data.sound.gather.memory_budget", lambda: 1000)
    with pytest.raises(InputError, match=r"2 sounds of 4,000 values take 187\.5 KiB; at most 1000 bytes"):
        read_file(folder(tmp_path / "set", wav(tone(440))))


def test_a_pipe_among_sounds_is_left_out(tmp_path: Path) -> None:
    """Nothing waits for it."""
    root = folder(tmp_path / "set", wav(tone(440)))
    os.mkfifo(root / "a" / "2.wav")
    assert "1 entry left out, neither file nor folder: '2.wav'" in " ".join(read_file(root).notes)
