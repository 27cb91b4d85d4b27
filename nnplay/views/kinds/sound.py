"""One sound as it is heard: its wave, and the loudness of its pitches over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.sound.spectrum import mel_spectrum
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import one_class_per_row
from nnplay.views.rows import decide_classes, shown_part
from nnplay.views.view import Asked, Output, View
from nnplay.views.worst_example import find_worst_example

#: Values of the shortest wave that has a spectrum worth a look.
_SHORTEST: Final = 128
#: Waves are shown as if they had so many values a second; only the scale of pitches follows from that.
_RATE: Final = 8_000
_BANDS: Final = 32


@dataclass(frozen=True, slots=True)
class Sound(Output):
    """A sound.

    Attributes:
        wave: (samples,), about -1 to 1.
        spectrum: (bands, times), high pitches first, 0 for silence.
        label, predicted: what it is, and what it is taken for.
    """

    wave: NDArray[np.float32]
    spectrum: NDArray[np.float32]
    label: str
    predicted: str


def suits(trainer: Trainer) -> bool:
    """Waves with one class each, or spectra that were made of waves."""
    shape, train = trainer.split.feature_shape, trainer.split.train
    if not one_class_per_row(trainer) or len(shape) != 2:
        return False
    return train.waves is not None or (shape[1] == 1 and shape[0] >= _SHORTEST)


def make_sound(trainer: Trainer, asked: Asked) -> Sound:
    """The sound with that number among those that are shown."""
    row = asked.item
    part = shown_part(trainer)
    x = part.x[row : row + 1]
    if part.waves is not None:
        wave = part.waves[row]
        spectrum = trainer.split.scaler.inverse(x)[0]
    else:
        wave = trainer.split.scaler.inverse(x)[0, :, 0]
        spectrum = mel_spectrum(wave[None], _RATE, _BANDS, _window(len(wave)))[0]
    names = trainer.split.class_names
    predicted = names[int(decide_classes(trainer, trainer.answers(x))[0])]
    return Sound(wave, np.ascontiguousarray(spectrum.T[::-1]), names[int(part.y[row])], predicted)


def _window(length: int) -> int:
    """Values of a window that is long enough for pitches and short enough for some twelve of them to find room."""
    size = 16
    while size < 256 and size * 12 <= length:
        size *= 2
    return size


SOUND = View(
    "sound",
    Sound,
    suits,
    make_sound,
    item="example",
    find_worst=find_worst_example,
    order=1,
    about="One sound as a wave and as a spectrogram.",
)
