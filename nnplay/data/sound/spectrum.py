"""Mel spectra: how loud a sound is in each band of pitch, over time.

Real and imaginary parts are arrays of their own, and every sum has a fixed order: a library's Fourier transform has
other last bits on every processor, and so has NumPy's product of complex numbers.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact

Floats = NDArray[np.float64]
#: Seconds that one spectrum looks at: long enough to tell pitches apart, short enough for a syllable.
_WINDOW: Final = 0.032
#: What is quieter than that is silence: 80 dB below the loudest that there can be.
_SILENCE: Final = 1e-8
_DECADES: Final = 8.0
_LN10: Final = 2.302585092994046


def window_size(rate: int) -> int:
    """Values of one spectrum: the power of two that is nearest to 32 ms, at least 16."""
    size = 16
    while size * 1.5 <= rate * _WINDOW:
        size *= 2
    return size


def mel_spectrum(waves: NDArray[np.float32], rate: int, bands: int, size: int = 0) -> NDArray[np.float32]:
    """Waves (n, samples) as mel spectra (n, times, bands), from 0 for silence to about 1, low bands first.

    Windows overlap by half. A band's power is summed with triangular weights on the mel scale,
    m = 2595·log₁₀(1 + f/700) (O'Shaughnessy, 1987); shown is 1 + log₁₀(power) / 8.

    Args:
        size: values of one window, a power of two; 0 for about 32 ms.
    """
    size = size or window_size(rate)
    power = spectrum_power(waves, size)
    weights = mel_weights(rate, size, bands)
    found = np.zeros((*power.shape[:2], bands))
    for band in range(bands):
        for bin in np.flatnonzero(weights[:, band]):
            found[:, :, band] += power[:, :, bin] * weights[bin, band]
    loudness: Floats = 1.0 + exact.log(np.maximum(found, _SILENCE)) / (_LN10 * _DECADES)
    return loudness.astype(np.float32)


def spectrum_power(waves: NDArray[np.float32], size: int) -> Floats:
    """Power (n, times, size/2 + 1) of each frequency in windows that overlap by half; a full sine has 1."""
    hop, (n, length) = size // 2, waves.shape
    times = max(1, -(-length // hop) - 1)
    padded = np.zeros((n, (times + 1) * hop))
    padded[:, : min(length, padded.shape[1])] = waves[:, : padded.shape[1]]
    parts = padded.reshape(n, times + 1, hop)
    frames = np.concatenate([parts[:, :-1], parts[:, 1:]], axis=2)
    window = 0.5 - 0.5 * exact.cos(2 * np.pi / size * np.arange(size))
    real, imaginary = fourier(frames * window)
    half = slice(0, size // 2 + 1)
    return np.asarray((real[..., half] ** 2 + imaginary[..., half] ** 2) * (4.0 / size) ** 2)


def fourier(values: Floats) -> tuple[Floats, Floats]:
    """Real and imaginary parts of the Fourier transform of the last axis, whose length is a power of two.

    X[k] = Σ x[t] exp(−2πi·k·t/n), by halving (Cooley and Tukey, 1965, in Stockham's order).
    """
    n = values.shape[-1]
    lead = values.shape[:-1]
    re, im = values.reshape(*lead, n, 1), np.zeros((*lead, n, 1))
    while re.shape[-2] > 1:
        half = re.shape[-2] // 2
        cos, sin = _turns(re.shape[-1])
        a, b = re[..., :half, :], re[..., half:, :]
        c, d = im[..., :half, :], im[..., half:, :]
        turned, turned_im = b * cos + d * sin, d * cos - b * sin
        re = np.concatenate([a + turned, a - turned], axis=-1)
        im = np.concatenate([c + turned_im, c - turned_im], axis=-1)
    return re.reshape(values.shape), im.reshape(values.shape)


@functools.lru_cache(maxsize=32)
def _turns(size: int) -> tuple[Floats, Floats]:
    angle = np.pi / size * np.arange(size)
    return exact.cos(angle), exact.sin(angle)


@functools.lru_cache(maxsize=32)
def mel_weights(rate: int, size: int, bands: int) -> Floats:
    """Triangles (size/2 + 1, bands) on the mel scale, from 0 to half of the rate; each band has at least one bin."""
    bins = np.arange(size // 2 + 1, dtype=np.float64) * float(rate / size)
    top = _mel(np.array([rate / 2], np.float64))
    edges = np.arange(bands + 2) / (bands + 1) * top
    mel = _mel(np.asarray(bins, np.float64))[:, None]
    rising = (mel - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - mel) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    for band in np.flatnonzero(weights.sum(axis=0) == 0):  # narrower than the bins are apart
        weights[int(np.argmin(np.abs(mel[:, 0] - edges[band + 1]))), band] = 1.0
    return np.asarray(weights)


def _mel(frequency: Floats) -> Floats:
    return np.asarray(2595.0 / _LN10 * exact.log(1.0 + frequency / 700.0))
