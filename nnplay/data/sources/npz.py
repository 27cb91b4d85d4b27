"""NumPy archives: the arrays x and y, as `numpy.savez("my.npz", x=x, y=y)` writes them.

Nothing in such a file is ever unpickled or evaluated, and no more is unpacked than its list of contents declares.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, BinaryIO, Final

from numpy.typing import NDArray

from nnplay.data.csv.advice import advice
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.data.dataset import Dataset
from nnplay.data.progress import report
from nnplay.data.reading.numpy_arrays import parse_array
from nnplay.data.record import SourceRecord
from nnplay.errors import InputError, near
from nnplay.fields import choice, text
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import clean

FIELDS: Final = (
    text("inputs", "x", "input array, one row per example"),
    text("target", "y", "target array, one row per example"),
    choice("task", "auto", "whether the target is a class or a number", ("auto", "classification", "regression")),
)
#: An array of bytes takes up to this many times its size: unpacked, copied, and as float32 inputs twice.
_GROWTH: Final = 12
#: A bit that zip archives set for members that need a password.
_ENCRYPTED: Final = 1
#: Names that people give to arrays of inputs and of targets.
_INPUTS: Final = re.compile(r"x(?![a-z])|inputs?(?![a-z])|features?(?![a-z])|images?(?![a-z])|data(?![a-z])", re.I)
_TARGETS: Final = re.compile(r"y(?![a-z])|targets?(?![a-z])|labels?(?![a-z])|outputs?(?![a-z])", re.I)
_SAVE: Final = "write it with numpy.savez('my.npz', x=x, y=y)"


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """The rows of two arrays of one file."""
    file_name = PurePath(path).name
    where = clean(file_name)
    wanted = {field.name: str(values.get(field.name) or field.default) for field in FIELDS}
    limit = memory_budget() // _GROWTH
    with open_regular(path, limit=limit, hint="give a sample of its rows") as file:
        x, y = _read_arrays(file, (wanted["inputs"], wanted["target"]), limit, where)
    task: Any = None if wanted["task"] == "auto" else wanted["task"]
    scale: Any = "standard" if x.dtype.kind == "f" else "none"
    name = clean(PurePath(file_name).stem)
    try:
        data = Dataset(x, y, name=name, task=task, default_scale=scale)
    except InputError as problem:  # it names the data set, which has no ending
        place = f"{where}{problem.where.removeprefix(name)}"
        raise InputError(problem.what, where=place, hint=problem.hint) from None
    data.default_scale_target = "standard" if data.task == "regression" else "none"
    return data


def _read_arrays(file: BinaryIO, names: Sequence[str], limit: int, where: str) -> list[NDArray[Any]]:
    with _refuse_damage(where):
        archive = zipfile.ZipFile(file)
    members = [_find_member(archive, name, where) for name in names]
    size = sum(member.file_size for member in members)
    if size > limit:
        what = f"is too large: {size_text(size)} unpacked, at most {size_text(limit)} fit into memory"
        raise InputError(what, where=where, hint="give a sample of its rows")
    arrays = []
    for done, member in enumerate(members):
        report(done, len(members), "arrays")
        with _refuse_damage(where):
            arrays.append(_read_array(archive, member, f"{where}, array '{clean(names[done])}'"))
    return arrays


@contextmanager
def _refuse_damage(where: str) -> Iterator[None]:
    """Whatever a damaged archive makes of the reading is one error, which names the file."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError):
        raise InputError("is not a NumPy archive, or is damaged", where=where, hint=_SAVE) from None


def _find_member(archive: zipfile.ZipFile, name: str, where: str) -> zipfile.ZipInfo:
    members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    if name not in members:
        hint = near(name, list(members)[:1000]) or _hint_of(list(members))
        raise InputError(f"there is no array '{clean(name)}'", where=where, hint=hint)
    return members[name]


def _hint_of(known: list[str]) -> str:
    """Which arrays there are, and how two of them are asked for: by their names where these say which is which."""
    if len(known) < 2:
        return f"it holds {clean(known[0], 40)} alone; {_SAVE}" if known else f"it is empty; {_SAVE}"
    inputs = [name for name in known if _INPUTS.match(name)]
    targets = [name for name in known if _TARGETS.match(name)]
    pairs = [(x, y) for x in inputs for y in targets if _rest(_INPUTS, x) == _rest(_TARGETS, y)]
    names = min(pairs, key=lambda pair: "train" not in pair[0].lower(), default=("…", "…"))
    way = " and ".join(advice(field, name) for field, name in zip(("inputs", "target"), names, strict=True))
    return f"it holds {', '.join(clean(name, 40) for name in known[:10])}; use {way}"


def _rest(word: re.Pattern[str], name: str) -> str:
    """What a name says behind the word for inputs or targets: "_train"."""
    return word.sub("", name, count=1).lower()


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> NDArray[Any]:
    """A plain array of numbers or words; its header is matched, never evaluated."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & _ENCRYPTED:
        raise InputError("is encrypted, or compressed in a way that NumPy does not use", where=where, hint=_SAVE)
    with archive.open(member) as unpacked:
        content = unpacked.read(member.file_size + 1)
    return parse_array(content, where, _SAVE)


def recognise(head: bytes) -> bool:
    """A zip archive whose first member is an array."""
    return head.startswith(b"PK\x03\x04") and head[30 : 30 + int.from_bytes(head[26:28], "little")].endswith(b".npy")


NPZ = SourceRecord(
    name="npz",
    title="a NumPy archive",
    label="NumPy",
    about="Two arrays of numbers of any shape: the inputs, called x, and the targets, called y.",
    endings=(".npz",),
    fields=FIELDS,
    read=read,
    recognise=recognise,
)
