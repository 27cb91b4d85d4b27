"""From PyTorch's arguments back to the fields of a record: settings whose `Twin` gives just those arguments.

Nothing here knows a record by name. The settings that could be meant are read off the arguments, and tried one field at
a time until the twin's arguments are the ones that were asked for; so a new field needs a line in its record's `Twin`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import torch

from nnplay.errors import InputError
from nnplay.fields import REQUIRED, Field, fill
from nnplay.records.twin import Twin
from tests.conformance.question import CannotExpressError

#: Arguments that say nothing of what is computed.
MEANINGLESS = {"device", "dtype", "inplace", "_stacklevel", "size_average", "reduce", "track_running_stats_", "sparse"}


#: What ONNX has, and PyTorch has not.
_OURS = frozenset(
    {"reverse", "reset_after", "alpha", "slope", "shift", "omega", "dilation", "initial_state", "peepholes", "inputs"}
)
#: Defaults that signatures do not show: recurrent modules take any arguments.
_RECURRENT = {
    "num_layers": 1,
    "bias": True,
    "batch_first": False,
    "dropout": 0.0,
    "bidirectional": False,
    "proj_size": 0,
}


@cache
def defaults_of(path: str) -> Mapping[str, Any]:
    """PyTorch's arguments of a class or function with their defaults; those without one are left out."""
    if path in ("nn.RNN", "nn.LSTM", "nn.GRU"):
        return {**_RECURRENT, **({"nonlinearity": "tanh"} if path == "nn.RNN" else {})}
    call = attrgetter(path)(torch)
    try:
        parameters = inspect.signature(call.__init__ if inspect.isclass(call) else call).parameters
    except ValueError:  # it is written in C++
        return {}
    return {name: one.default for name, one in parameters.items() if one.default is not inspect.Parameter.empty}


def settings_for(record: Any, wanted: Mapping[str, Any], shape: Any) -> Mapping[str, Any]:
    """Values of a record's fields for which PyTorch's call has the arguments `wanted`.

    Raises:
        CannotExpressError: none; it names the arguments that no setting gives.
    """
    twin: Twin = record.twin
    path = twin.path_for(shape) if shape and isinstance(shape[0], int) else twin.path
    own = _own(record, path, wanted)
    target = _bound(path, {name: value for name, value in wanted.items() if name not in own})
    fixed = {name: value for name, value in own.items() if name == "padding"}  # windows may fit only with it
    values = _start(record, target)
    missing = _missing(twin, values, shape, path, target, fixed)
    for _ in range(4):
        for field in record.fields:
            for value in _candidates(field, target):
                tried = {**values, field.name: value}
                left = _missing(twin, tried, shape, path, target, fixed)
                if len(left) < len(missing):
                    values, missing = tried, left
        if not missing:
            break
        values, missing = _two_at_once(record, values, missing, shape, path, target, fixed)
    if missing:
        raise CannotExpressError(", ".join(f"{name}={_short(target.get(name))}" for name in sorted(missing)))
    if not own and not twin.covers(values, shape):
        raise CannotExpressError("these settings have no twin")
    return {**values, **own}


def _own(record: Any, path: str, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Arguments that PyTorch lacks, and the record has as fields: ONNX knows them."""
    known = defaults_of(path)
    lacking = {name: value for name, value in wanted.items() if name not in known and name in _OURS}
    if _is_uneven(wanted.get("padding")):
        lacking["padding"] = wanted["padding"]
    return {field.name: lacking[field.name] for field in record.fields if field.name in lacking}


def _is_uneven(padding: Any) -> bool:
    """Padding that differs between both ends, as a pair for each axis or in a word."""
    return padding in ("same_upper", "same_lower") or (
        isinstance(padding, tuple) and any(isinstance(ends, tuple) for ends in padding)
    )


def _two_at_once(
    record: Any,
    values: Mapping[str, Any],
    missing: set[str],
    shape: Any,
    path: str,
    target: Mapping[str, Any],
    fixed: Mapping[str, Any],
) -> tuple[Mapping[str, Any], set[str]]:
    """The first change of two fields that gives more of the arguments: a padding may need its kernel."""
    choices = [(field.name, value) for field in record.fields for value in dict.fromkeys(_candidates(field, target))]
    for k, (name, value) in enumerate(choices):
        for other, more in choices[k + 1 :]:
            if other != name:
                tried = {**values, name: value, other: more}
                left = _missing(record.twin, tried, shape, path, target, fixed)
                if len(left) < len(missing):
                    return tried, left
    return values, missing


def _start(record: Any, target: Mapping[str, Any]) -> Mapping[str, Any]:
    """Defaults; a required field begins with the first value that it takes."""
    given = {}
    for field in record.fields:
        if field.default is REQUIRED:
            found = list(_candidates(field, target))
            if not found:
                raise CannotExpressError(f"{field.name} follows from none of the arguments")
            given[field.name] = found[0]
    return fill(record.fields, given, record.name)


def _candidates(field: Field, target: Mapping[str, Any]) -> Iterator[Any]:
    """Values that a field could have: the arguments themselves, what they negate, and the words it knows."""
    own = [target[field.name]] if field.name in target else []
    for value in (*own, *field.choices, *((True, False) if field.kind == "flag" else ()), *target.values()):
        for form in _forms(value):
            try:
                read = field.read(form)
            except (InputError, TypeError, ValueError):
                continue
            yield read


def _forms(value: Any) -> Iterable[Any]:
    """A value as it is, and as fields write it."""
    if isinstance(value, bool | str):
        return (value,)
    if isinstance(value, int | float):
        return (value, -value, 1 / value) if value else (value,)
    if isinstance(value, Sequence):
        single = value[:1] if len(set(value)) == 1 and not torch.is_tensor(value[0]) else ()
        return (tuple(value), *single, *_paired(tuple(value)), *_ordered(tuple(value)))
    if torch.is_tensor(value) and value.dim() == 1:
        return (",".join(f"{number:.9g}" for number in value.tolist()), tuple(value.tolist()))
    return ()


def _ordered(value: tuple[Any, ...]) -> Iterable[Any]:
    """Axes counted from 1, the batch left out, as fields count them."""
    return (value[1:],) if value and value[0] == 0 else ()


def _paired(value: tuple[Any, ...]) -> Iterable[Any]:
    """PyTorch's padding, last axis first and both ends in turn, as one number or pair for each axis in order."""
    if len(value) % 2 or not all(isinstance(part, int) for part in value):
        return ()
    pairs = [(value[k], value[k + 1]) for k in range(len(value) - 2, -1, -2)]
    even = [tuple(first for first, _ in pairs)] if all(first == last for first, last in pairs) else []
    taken = [tuple(-first for first, _ in pairs)] if even else []
    return (*even, *taken, tuple(pairs), *([(pairs[0],)] if len(pairs) == 1 else []))


def _bound(path: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with PyTorch's defaults, without those that say nothing."""
    full = {**defaults_of(path), **given}
    if "Norm" in path and not full.get("track_running_stats", True):
        full.pop("momentum", None)  # nothing is tracked with it
    return {name: value for name, value in full.items() if name not in MEANINGLESS}


def _missing(
    twin: Twin, values: Mapping[str, Any], shape: Any, path: str, target: Mapping[str, Any], fixed: Mapping[str, Any]
) -> set[str]:
    """Names of the arguments that these settings do not give, beside `fixed`, which are not searched for."""
    try:
        found = _bound(path, twin.arguments({**values, **fixed}, shape))
    except Exception:  # a setting that the twin cannot say: it is not the one
        return set(target) | {"", " "}
    return {name for name in {**found, **target} if name not in fixed and not equal(name, found, target)}


def equal(name: str, found: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """Whether an argument means the same in both calls."""
    return _same(_plain(name, found), _plain(name, target))


def _same(one: Any, other: Any) -> bool:
    if torch.is_tensor(one) or torch.is_tensor(other):
        if any(value is None or isinstance(value, str) for value in (one, other)):
            return False
        one, other = (torch.as_tensor(value, dtype=torch.float32).reshape(-1) for value in (one, other))
        return bool(one.shape == other.shape and torch.allclose(one, other))
    if isinstance(one, float | int) and isinstance(other, float | int) and not isinstance(one, bool):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)
    return bool(one == other)


def _plain(name: str, arguments: Mapping[str, Any]) -> Any:
    """An argument in the one form of those that mean the same."""
    value = arguments.get(name)
    if name == "stride" and value in (None, []):
        value = arguments.get("kernel_size")
    if name == "align_corners" and value is None:
        value = False
    if name == "padding" and value == "valid":
        value = 0
    if isinstance(value, list | torch.Size):
        value = tuple(value)
    if isinstance(value, tuple) and len(set(map(str, value))) == 1 and name not in ("normalized_shape", "dims"):
        value = value[0]
    return value


def _short(value: Any) -> str:
    return "a tensor" if torch.is_tensor(value) else str(value)[:24]
