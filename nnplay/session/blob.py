"""The state file: named arrays in safetensors form, checked before and after the parser sees them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nnplay.errors import InputError, Problems
from nnplay.session.document import BlobEntry
from nnplay.session.files import Damaged
from nnplay.session.limits import AXIS_LENGTH, BLOB_BYTES, HEADER_BYTES, NAME_PATTERN, TENSOR_AXES, TENSORS
from nnplay.text import clean, counted

Tensor = npt.NDArray[Any]
Tensors = dict[str, Tensor]

DTYPES: Final[Mapping[str, str]] = {"F32": "float32", "F64": "float64", "I64": "int64"}
"""The types that a state file may hold, by their names in safetensors."""

_NAME: Final = re.compile(NAME_PATTERN)
_CODES: Final = {name: code for code, name in DTYPES.items()}
#: Tensors of one type lie together, the widest first, as safetensors itself writes them.
_ORDER: Final = ("int64", "float64", "float32")
_SMALL: Final = 2**16


def encode(tensors: Mapping[str, Tensor]) -> list[memoryview]:
    """The bytes of a state file in pieces; equal tensors always give equal bytes, whatever their order.

    Large tensors are referred to, not copied, so they must not change until they are written.

    Raises:
        ValueError: a name, type or shape that a state file cannot hold; a mistake of the program, not of its user.
        InputError: more tensors or bytes than a state file may have.
    """
    for name, tensor in tensors.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a valid tensor name ({NAME_PATTERN})")
        if tensor.dtype.name not in DTYPES.values() or tensor.ndim > TENSOR_AXES:
            raise ValueError(f"{name}: a {tensor.dtype} array of {counted(tensor.ndim, 'axis')} cannot be saved")
    if len(tensors) > TENSORS:
        raise InputError(f"{len(tensors):,} tensors are more than the {TENSORS:,} a session can hold")
    ordered = sorted(tensors, key=lambda name: (_ORDER.index(tensors[name].dtype.name), name))
    header = _header(ordered, tensors)
    size = len(header) + sum(tensors[name].nbytes for name in ordered)
    if len(header) - 8 > HEADER_BYTES or size > BLOB_BYTES:
        raise InputError(f"the state of {size:,} bytes is more than a session can hold ({BLOB_BYTES:,})")
    return _joined([memoryview(header), *(_packed(tensors[name]) for name in ordered)])


def _header(ordered: Sequence[str], tensors: Mapping[str, Tensor]) -> bytes:
    """Type, shape and place of each tensor in JSON, filled up to eight bytes, with its length before it."""
    table: dict[str, Any] = {}
    begin = 0
    for name in ordered:
        tensor = tensors[name]
        end = begin + tensor.nbytes
        table[name] = {"dtype": _CODES[tensor.dtype.name], "shape": list(tensor.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _joined(pieces: Iterable[memoryview]) -> list[memoryview]:
    """The same bytes with small pieces put together, so that each write is worth a call."""
    found: list[memoryview] = []
    small: list[memoryview] = []
    for piece in pieces:
        if piece.nbytes < _SMALL:
            small.append(piece)
            continue
        found += [memoryview(b"".join(small)), piece] if small else [piece]
        small = []
    return [*found, memoryview(b"".join(small))] if small else found


def verify(data: bytes, expected: BlobEntry, where: str) -> None:
    """Checks size and digest, before anything is parsed.

    Raises:
        Damaged: either is not what the commit record says.
    """
    if len(data) != expected.size:
        raise Damaged(f"{expected.name} has {len(data):,} bytes instead of {expected.size:,}", where=where)
    if hashlib.sha256(data).hexdigest() != expected.sha256:
        raise Damaged(f"{expected.name} is not what was saved (its SHA-256 differs)", where=where)


def decode(data: bytes, where: str) -> Tensors:
    """The named arrays of a state file, to be copied from and not changed.

    Raises:
        InputError: over a limit, or not a well-formed state file; the message names the tensor.
    """
    _check_header(data, where)
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(data)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise InputError(f"not a state file: {clean(str(error))}", where=where) from None
    return {name: tensors[name] for name in sorted(tensors)}


def match(tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[str, tuple[int, ...]]], where: str) -> list[str]:
    """Compares loaded tensors with the (type, shape) that a network needs of each; the names of those not finite.

    A tensor that is not finite is no error here: it may only be used as a run that diverged.

    Raises:
        Problems: tensors that are missing, too many, of another type or shape; each is named.
    """
    problems = [InputError("missing", where=f"{where}, tensor {name}") for name in expected if name not in tensors]
    for name, tensor in tensors.items():
        place = f"{where}, tensor {clean(name)}"
        if name not in expected:
            problems.append(InputError("does not belong to this network", where=place))
            continue
        dtype, shape = expected[name]
        if tensor.shape != shape:
            problems.append(InputError(f"its shape is {tensor.shape} instead of {shape}", where=place))
        if tensor.dtype != dtype:
            problems.append(InputError(f"its type is {tensor.dtype} instead of {dtype}", where=place))
    if problems:
        raise Problems(problems)
    return [name for name, tensor in tensors.items() if not np.isfinite(tensor).all()]


def _packed(tensor: Tensor) -> memoryview:
    return np.ascontiguousarray(tensor, tensor.dtype.newbyteorder("=")).reshape(-1).view(np.uint8).data


def _check_header(data: bytes, where: str) -> None:
    """Holds the JSON header to our limits, which are far below the parser's own."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise InputError("not a state file: its header is cut off", where=where)
    if length > HEADER_BYTES:
        raise InputError(f"a header of {length:,} bytes; at most {HEADER_BYTES:,} are read", where=where)
    try:
        header = json.loads(data[8 : 8 + length].decode(), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a state file: {clean(str(error))}", where=where) from None
    if not isinstance(header, dict):
        raise InputError("not a state file: its header is not a table", where=where)
    if len(header) > TENSORS:
        raise InputError(f"{len(header):,} tensors; at most {TENSORS:,} are read", where=where)
    for name, tensor in header.items():
        _check_tensor(name, tensor, where)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name occurs twice")
    return table


def _check_tensor(name: str, tensor: Any, where: str) -> None:
    place = f"{where}, tensor {clean(name)}"
    if not _NAME.fullmatch(name):
        raise InputError(f"a name must have 1 to 128 of the characters {NAME_PATTERN[:-7]}", where=place)
    if not isinstance(tensor, dict) or str(tensor.get("dtype")) not in DTYPES:
        raise InputError(f"its type must be one of {', '.join(DTYPES.values())}", where=place)
    shape = tensor.get("shape")
    if not isinstance(shape, list) or len(shape) > TENSOR_AXES:
        raise InputError(f"its shape must have at most {TENSOR_AXES} axes", where=place)
    if not all(type(axis) is int and 0 <= axis <= AXIS_LENGTH for axis in shape):
        raise InputError(f"an axis of its shape is not between 0 and {AXIS_LENGTH:,}", where=place)
