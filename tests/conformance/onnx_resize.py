"""ONNX's Resize as PyTorch's interpolation: sizes, how places are counted, and which neighbour is the nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.conformance.made import Arrays, Attributes, Made
from tests.conformance.question import CannotExpressError


def resize(a: Attributes, x: Arrays, y: Arrays, names: Sequence[str]) -> Made:
    """One node."""
    axes = x[0].dim() - 2
    if a.get("exclude_outside"):
        raise CannotExpressError("numbers outside that do not count")
    given = {**_wanted_size(a, x, axes), "mode": a.get("mode", "nearest")}
    where, mode = _where(a, given, x[0].shape[2:], y[0].shape[2:]), given["mode"]
    if mode == "nearest":
        given["mode"] = _nearest(a, where, x[0].shape[2:], given)
    else:
        given["mode"] = "bicubic" if mode == "cubic" else ("linear", "bilinear", "trilinear")[max(0, axes - 1)]
        if where not in ("half_pixel", "align_corners"):
            raise CannotExpressError(f"places in {where}")
        given |= {"align_corners": True} if where == "align_corners" else {}
    if a.get("antialias"):
        given["antialias"] = True
    if given["mode"] == "bicubic" and a.get("cubic_coeff_a", -0.75) != -0.75:
        raise CannotExpressError("cubic_coeff_a")
    return Made("nn.functional.interpolate", given, (x[0],), y[0])


def _wanted_size(a: Attributes, x: Arrays, axes: int) -> dict[str, Any]:
    """The size or the factor of each axis of places; those that are not named stay, and proportions may be kept."""
    sized = len(x) > 3 and x[3] is not None
    named = [float(one) for one in (x[3] if sized else x[2])]
    shape = x[0].shape
    full = dict(zip([k % len(shape) for k in a.get("axes") or range(len(shape))], named, strict=True))
    rest: list[float] = [float(shape[k]) if sized else 1.0 for k in range(len(shape))]
    wanted = [full.get(k, rest[k]) for k in range(len(shape))]
    policy = a.get("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch":
        factors = [size / shape[k] for k, size in full.items()]
        factor = min(factors) if policy == "not_larger" else max(factors)
        wanted = [float(int(factor * shape[k] + 0.5)) if k in full else wanted[k] for k in range(len(shape))]
    last = wanted[-axes:]
    return {"size": tuple(int(one) for one in last)} if sized else {"scale_factor": tuple(last)}


def _where(a: Attributes, given: Mapping[str, Any], sizes: Sequence[int], outputs: Sequence[int]) -> str:
    """How places are counted, by the plainest of the names that mean the same here."""
    where: str = a.get("coordinate_transformation_mode", "half_pixel")
    factors = given.get("scale_factor")
    whole = factors is None or all(
        abs(size * factor - out) < 1e-4 for size, factor, out in zip(sizes, factors, outputs, strict=True)
    )
    if (where == "pytorch_half_pixel" and min(outputs) > 1) or (where == "half_pixel_symmetric" and whole):
        return "half_pixel"
    return where


def _nearest(a: Attributes, where: str, sizes: Sequence[int], given: Mapping[str, Any]) -> str:
    """The mode that takes the same neighbours; which one is taken halfway does not matter where nothing lies there."""
    ties = a.get("nearest_mode", "round_prefer_floor")
    if (where, ties) == ("asymmetric", "floor"):
        return "nearest"
    halves = False
    for k, size in enumerate(sizes):
        factor = given["size"][k] / size if "size" in given else given["scale_factor"][k]
        places = [(out + 0.5) / factor - 0.5 for out in range(int(size * factor + 1e-6))]
        halves |= any(abs(place % 1 - 0.5) < 1e-6 for place in places)
    if where == "half_pixel" and (ties == "round_prefer_ceil" or (ties == "round_prefer_floor" and not halves)):
        return "nearest-exact"
    raise CannotExpressError("other neighbours for places between them")
