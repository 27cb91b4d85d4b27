"""A data set in memory: rows of network inputs, their targets, and the names of everything in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnplay.arguments import same_word, words
from nnplay.data.arrays import as_inputs, as_targets, as_weights
from nnplay.data.columns.columns import Column
from nnplay.data.columns.raw_table import RawTable
from nnplay.data.continuation import Continuation
from nnplay.data.corpus.vocabulary import Vocabulary
from nnplay.data.frames import frame_names, is_frame
from nnplay.data.split import Split, split_dataset
from nnplay.errors import InputError, unknown
from nnplay.text import clean, counted

Task = Literal["classification", "regression", "detection"]
Scale = Literal["standard", "minmax", "none"]


class Dataset:
    """Rows of inputs, each with a target.

    Args:
        x: inputs (N, …), also a frame of numbers, a sparse matrix or a tensor; converted to float32 where it can hold
            their differences, C-contiguous; (N,) becomes (N, 1). Not copied when already so.
        y: targets. Whole numbers or words (N,) are class labels, numbers (N,) or (N, T) are regression targets;
            integer labels of higher rank (N, H, W) are labels per pixel. Boxes are described in
            `nnplay.detection.objects`; they need `task="detection"` and class names.
        name: title of the data set.
        feature_names: one name per input of a flat data set; a frame's own, or `x1`, `x2`, …, unless given.
        class_names: one name per class, in label order; the labels themselves unless given.
        target_names: one name per regression target.
        feature_shape: shape of one row; flat rows are reshaped to it.
        task: "classification", "regression" or "detection"; inferred from the type of `y` unless given.
        default_scale, default_scale_target: what `split` scales by unless told otherwise.
        features: names of the derived features that `x` was expanded to (see `nnplay.data.features`).
        raw: points (N, D) before that expansion, from which a surface or curve is drawn.
        columns: how each column of the table was read, if the rows come from a table.
        continuation: how the series continues after each row, if rows are windows of a series.
        waves: sounds (N, samples) of which the rows are spectra, to be looked at.
        frames: number of images in each row, one below the other, if rows are clips.
        vocabulary: the tokens that `x` holds the numbers of, where rows are text.
        sequential: rows follow each other in time or in a text: the parts of a split are cut in one piece each.
        fill: "mean" allows NaN in `x`: `split` then puts the training rows' mean there.
        weights: what each row (N,) counts in the loss, from 0; all count alike without.
        notes: what reading and encoding did, one sentence each.

    Attributes:
        x: float32 (N, *feature_shape); float64 where differences are small beside the numbers, as of unix seconds.
        y: labels int64 (N,) or (N, H, W), or targets float32 (N, T), float64 likewise.
        outputs: number of classes (of objects too), or of regression targets.
        kinds, kind_names: the labels of rows that are all called real (`nnplay.data.real_rows`), and their names.

    Raises:
        InputError: lengths differ, a value is not finite, a label is out of range, or there is no row.
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        name: str = "data",
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        target_names: Sequence[str] | None = None,
        feature_shape: Sequence[int] | None = None,
        task: Task | None = None,
        default_scale: Scale = "none",
        default_scale_target: Literal["standard", "none"] = "none",
        features: Sequence[str] = (),
        raw: NDArray[np.float32] | None = None,
        columns: Sequence[Column] = (),
        table: RawTable | None = None,
        continuation: Continuation | None = None,
        waves: NDArray[np.float32] | None = None,
        frames: int = 1,
        vocabulary: Vocabulary | None = None,
        sequential: bool = False,
        fill: Literal["none", "mean"] = "none",
        weights: ArrayLike | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.name = clean(name)
        if not same_word(fill, ("none", "mean")):
            raise unknown("fill", fill, ("none", "mean"), where=self.name)
        if feature_names is None and is_frame(x) and feature_shape is None:
            feature_names = frame_names(x, f"{self.name}, x")
        self.x: NDArray[Any] = as_inputs(x, feature_shape, allow_missing=fill == "mean", where=self.name)
        targets = as_targets(y, task, class_names, rows=len(self.x), where=self.name)
        self.y: NDArray[Any] = targets.y
        self.task: Task = targets.task
        self.class_names: tuple[str, ...] = targets.class_names
        self.feature_shape: tuple[int, ...] = self.x.shape[1:]
        self.feature_names: tuple[str, ...] = self._read_names(feature_names, self._inputs_to_name(), "x", "feature")
        count = self.y.shape[1] if self.task == "regression" else 0
        self.target_names: tuple[str, ...] = self._read_names(target_names, count, "y", "target")
        self.outputs: int = count if self.task == "regression" else len(self.class_names)
        self.default_scale: Scale = default_scale
        self.default_scale_target: Literal["standard", "none"] = default_scale_target
        self.features: tuple[str, ...] = words(features, f"{self.name}, features")
        self.raw: NDArray[np.float32] | None = raw
        self.columns: tuple[Column, ...] = tuple(columns)
        self.table: RawTable | None = table
        self.continuation: Continuation | None = continuation
        self.waves: NDArray[np.float32] | None = waves
        self.frames: int = self._read_frames(frames)
        self.vocabulary: Vocabulary | None = vocabulary
        self.sequential: bool = sequential
        self.fill: Literal["none", "mean"] = fill
        self.weights = None if weights is None else as_weights(weights, rows=len(self.x), where=self.name)
        self.notes: tuple[str, ...] = (*notes, *targets.notes)
        self.kinds: NDArray[np.int64] | None = None
        self.kind_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        shape = "×".join(str(size) for size in self.feature_shape)
        kind = "targets" if self.task == "regression" else "classes"
        return f"<Dataset {self.name}: {counted(len(self), 'row')} of {shape} inputs, {kind}: {self.outputs}>"

    def split(
        self,
        train: float = 0.7,
        validation: float = 0.15,
        test: float = 0.15,
        seed: int = 0,
        *,
        stratify: bool = True,
        scale: Scale | None = None,
        scale_target: Literal["standard", "none"] | None = None,
        augment: str = "",
        copies: int = 3,
    ) -> Split:
        """Shuffles the rows by `seed` and splits them into training, validation and test parts.

        Args:
            train, validation, test: fractions that add up to 1; validation and test may be 0.
            stratify: keep the class proportions in every part, if there are classes and enough rows.
            scale, scale_target: standard, minmax (inputs only) or none, fitted on the training rows only;
                the data set's own default unless given.
            augment: how training rows of pictures, clips and waves are drawn anew, as in "flip, shift 0.1, rotate 15";
                also scale, noise, cutout and mixup. Each follows from `seed` and its number.
            copies: how often each row is drawn so; the copies are trained on besides the rows themselves.

        Raises:
            InputError: the fractions do not add up to 1, or leave a part without rows; rows that cannot be drawn so.
        """
        return split_dataset(
            self,
            (train, validation, test),
            seed=seed,
            stratify=stratify,
            scale=self.default_scale if scale is None else scale,
            scale_target=self.default_scale_target if scale_target is None else scale_target,
            augment=augment,
            copies=copies,
        )

    def part(self, rows: NDArray[np.int64], *, x: NDArray[np.float32], y: NDArray[Any]) -> Dataset:
        """The data set of some `rows` (indices) with `x` and `y`, scaled or not, in place of its own."""
        part = Dataset(
            x,
            y,
            name=self.name,
            feature_names=self.feature_names or None,
            class_names=self.class_names or None,
            target_names=self.target_names or None,
            task=self.task,
            default_scale=self.default_scale,
            default_scale_target=self.default_scale_target,
            features=self.features,
            raw=None if self.raw is None else self.raw[rows],
            columns=self.columns,
            waves=None if self.waves is None else self.waves[rows],
            frames=self.frames,
            continuation=None if self.continuation is None else self.continuation.select(rows),
            vocabulary=self.vocabulary,
            sequential=self.sequential,
        )
        part.weights = None if self.weights is None else self.weights[rows]
        part.notes = ()  # what is noted about the whole set need not hold for a part
        return part

    def _read_frames(self, frames: int) -> int:
        strips = len(self.feature_shape) == 3
        if frames == 1 or (strips and frames > 0 and self.feature_shape[0] % frames == 0):
            return frames
        what = f"rows of {'×'.join(map(str, self.feature_shape))} are no strips of {frames} images"
        raise InputError(what, where=self.name, hint="give x of shape (N, frames·height, width, channels)")

    def _inputs_to_name(self) -> int:
        return math.prod(self.feature_shape) if len(self.feature_shape) == 1 else 0

    def _read_names(self, names: Sequence[str] | None, count: int, letter: str, kind: str) -> tuple[str, ...]:
        if names is None:
            return _Names(f"{letter}{index + 1}" for index in range(count))
        given = names if isinstance(names, _Names) else _Names(map(clean, words(names, f"{self.name}, {kind}_names")))
        if count and len(given) != count:
            raise InputError(f"{counted(len(given), f'{kind} name')} for {counted(count, kind)}", where=self.name)
        return given


class _Names(tuple[str, ...]):
    """Names that were read once; the parts of a data set take them over as they are, be there millions."""

    __slots__ = ()
