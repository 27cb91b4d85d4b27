"""Many sounds as one array: of one rate and length, damaged ones named and left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.advice import advice
from nnplay.data.dataset import Dataset
from nnplay.data.folders.each import try_each
from nnplay.data.folders.examples import Examples, damage_notes
from nnplay.data.progress import report
from nnplay.data.sound.decode import decode_sound, read_sound_head
from nnplay.data.sound.options import SoundOptions
from nnplay.data.sound.resample import resample
from nnplay.data.sound.spectrum import mel_spectrum
from nnplay.data.sound.wav import SoundHead
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import counted

_USUAL_RATE: Final = 8_000
_USUAL_SECONDS: Final = 2.0
#: Bytes of one value of a wave: kept, as a spectrum, and dealt into parts.
_GROWTH: Final = 24
#: Sounds whose spectra are worked out at a time.
_BLOCK: Final = 64


def read_sounds(examples: Examples, options: SoundOptions, name: str, where: str) -> Dataset:
    """The data set of all sounds: waves (time, 1), or mel spectra (time, bands) with their waves beside them.

    Raises:
        InputError: too many cannot be read, or all together do not fit into memory.
    """
    heads, damaged = try_each(examples.files, read_sound_head, "sounds looked at")
    damage_notes(damaged, len(examples.files), "sound", where)
    rows = np.array([row for row, head in enumerate(heads) if head is not None], np.int64)
    known = [head for head in heads if head is not None]
    rate, seconds, notes = choose_form(known, options)
    length = max(1, round(seconds * rate))
    _refuse_too_many(len(known), length, where)
    waves = np.zeros((len(known), length), np.float32)
    chosen = examples.select(rows)

    def decode(place: tuple[int, Path]) -> bool:
        wave, own = decode_sound(place[1], seconds)
        fitted = resample(wave, own, rate)[:length]
        waves[place[0], : len(fitted)] = fitted
        return True

    done, more = try_each(list(enumerate(chosen.files)), decode, "sounds")
    told = damage_notes([*damaged, *more], len(examples.files), "sound", where)
    kept = np.flatnonzero([each is not None for each in done])
    waves, chosen = waves[kept], chosen.select(kept)
    if not options.spectrum:
        return chosen.dataset(waves[:, :, None], name, (*told, *notes))
    data = chosen.dataset(_spectra(waves, rate, options.bands), name, (*told, *notes))
    data.waves = waves
    return data


def _spectra(waves: NDArray[np.float32], rate: int, bands: int) -> NDArray[np.float32]:
    found = []
    for first in range(0, len(waves), _BLOCK):
        report(first, len(waves), "spectra")
        found.append(mel_spectrum(waves[first : first + _BLOCK], rate, bands))
    return np.concatenate(found)


def choose_form(heads: Sequence[SoundHead], options: SoundOptions) -> tuple[int, float, tuple[str, ...]]:
    """Values a second and seconds of all sounds, and what that does to them."""
    rates = Counter(head.rate for head in heads)
    common = min(rates, key=lambda rate: (-rates[rate], rate))
    rate = options.rate or min(common, _USUAL_RATE)
    lengths = sorted(head.frames / head.rate for head in heads)
    usual = min(_USUAL_SECONDS, lengths[min(len(lengths) - 1, int(0.9 * len(lengths)))])
    seconds = usual if options.seconds is None else options.seconds
    notes = []
    if set(rates) != {rate}:
        shown = ", ".join(f"{each:,}" for each in sorted(rates)[:3]) + (", …" if len(rates) > 3 else "")
        way = "" if options.rate else f" ({advice('rate', 16000)} for another rate)"
        notes.append(f"sounds of {shown} values a second are resampled to {rate:,}{way}")
    half = 0.5 / rate
    long, short = sum(each > seconds + half for each in lengths), sum(each < seconds - half for each in lengths)
    if long or short:
        way = "" if options.seconds else f" ({advice('seconds', 3)} for another length)"
        parts = [f"{counted(long, 'sound')} cut"] if long else []
        parts += [f"{counted(short, 'sound')} followed by silence"] if short else []
        notes.append(f"{' and '.join(parts)} to {seconds:.4g} s{way}")
    if several := sum(head.channels > 1 for head in heads):
        notes.append(f"{counted(several, 'sound')} of several channels: their mean is taken")
    return rate, seconds, tuple(notes)


def _refuse_too_many(count: int, length: int, where: str) -> None:
    size, most = float(count) * length * _GROWTH, memory_budget()
    if size > most:
        what = f"{counted(count, 'sound')} of {length:,} values take {size_text(size)}"
        raise InputError(what, where=where, hint=f"at most {size_text(most)}; {advice('seconds', 1)} cuts them")
