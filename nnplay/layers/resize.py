"""Resize: pictures and sequences in any other size, larger or smaller, by blending neighbours; nothing is learned."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any

from nnplay.errors import InputError
from nnplay.fields import choice, flag, integers, number
from nnplay.operations.resizing import BACKWARD, FORWARD, WEIGHTS, count_taps
from nnplay.operations.window_geometry import per_axis
from nnplay.records.layer import Case, LayerRecord, Plan, Refused
from nnplay.records.operation import Shape, Use, shape_text
from nnplay.records.twin import Twin

#: How many inputs on each side a mode blends; 0 takes the nearest.
_REACH = {"nearest": 0, "nearest_exact": 0, "bilinear": 1, "bicubic": 2}

RESIZE = LayerRecord(
    name="resize",
    title="Resize",
    family="shape",
    about="Gives images and sequences another size, larger or smaller, by blending neighbouring values.",
    when="To fit images to a wanted size, or to enlarge them by a factor that is not whole.",
    torch="nn.functional.interpolate, with mode linear for sequences",
    twin=Twin(
        "nn.functional.interpolate",
        lambda values, shape: _arguments(values, shape),
        channels_first=True,
        covers=lambda values, shape: len(shape) == 3 or not (values["antialias"] or values["mode"] == "bicubic"),
    ),
    fields=(
        integers("size", "auto", "size of the output, 32 or 32x48; auto: by scale", choices=("auto",)),
        number(
            "scale", "auto", "how many times as large, such as 1.5; auto: 2", low=2**-10, high=1024, choices=("auto",)
        ),
        choice("mode", "bilinear", "how neighbours are blended; bilinear is linear on sequences", tuple(_REACH)),
        flag("align_corners", False, "the first and last values stay where they are"),
        flag("antialias", False, "blend all values that shrink into one, as Pillow does"),
    ),
    plan=lambda values, shape: plan(values, shape),
    cases=(
        Case({}, (3, 4, 2)),
        Case({"size": (5, 2), "mode": "bicubic"}, (3, 4, 17)),
        Case({"size": (3, 7), "mode": "bicubic", "align_corners": True}, (5, 5, 1)),
        Case({"size": (3, 1), "align_corners": True}, (2, 4, 1)),
        Case({"scale": 0.4, "antialias": True}, (8, 11, 2)),
        Case({"size": (3, 9), "mode": "bicubic", "antialias": True}, (9, 4, 1)),
        Case({"scale": 1.6, "mode": "nearest"}, (4, 3, 2)),
        Case({"size": (2, 5), "mode": "nearest_exact"}, (5, 2, 3)),
        Case({"size": 4}, (7, 3)),
    ),
    refused=(
        Refused({"size": 3, "scale": 2}, (3, 3, 1), "size and scale both say how large"),
        Refused({"size": (3, 3)}, (3, 1), "2 numbers for 1 axis"),
        Refused({"scale": 0.2}, (4, 9, 1), "leaves nothing of 4×9; use scale 0.25 or more"),
        Refused({"mode": "nearest", "antialias": True}, (3, 3, 1), "antialias blends; use mode bilinear or bicubic"),
        Refused({"mode": "nearest", "align_corners": True}, (3, 3, 1), "use mode bilinear or bicubic"),
        Refused({}, (9,), "needs a sequence or an image"),
    ),
)


def _arguments(values: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """PyTorch's arguments."""
    mode = {"nearest_exact": "nearest-exact"}.get(values["mode"], values["mode"])
    if values["size"] != "auto":
        given: dict[str, Any] = {"size": per_axis(values["size"], len(shape) - 1, "size")}
    else:
        given = {"scale_factor": 2.0 if values["scale"] == "auto" else values["scale"]}
    blends = {"align_corners": values["align_corners"]} if _REACH[values["mode"]] else {}
    smooth = {"antialias": True} if values["antialias"] else {}
    return {**given, "mode": "linear" if mode == "bilinear" and len(shape) == 2 else mode, **blends, **smooth}


def plan(values: Mapping[str, Any], shape: Shape) -> Plan:
    """(N, H, W, C) → (N, OH, OW, C), or a sequence (N, T, C) → (N, OT, C); no parameters.

    Raises:
        InputError: no picture or sequence, nothing left of it, or options that do not go together.
    """
    if len(shape) not in (2, 3):
        what = f"needs a sequence or an image with channels; its input is {shape_text(shape)}"
        raise InputError(what, hint="put a reshape before it")
    _check(values)
    outputs, steps = _outputs(values, shape)
    axes = [_axis(*one, values) for one in zip(outputs, shape[:-1], steps, strict=False)]
    axes = [{"outputs": 1, "size": 1, "A": 1, "B": 0, "C": 1, "reach": 0, "wide": 0}, *axes][-2:]
    taps = [count_taps(*(axis[name] for name in ("size", "A", "C", "reach", "wide"))) for axis in axes]
    names = ("rows", "columns")
    tables = tuple(Use(WEIGHTS, axis, names={"weights": name}) for name, axis in zip(names, axes, strict=True))
    given, cost = {"H": axes[0]["size"], "W": axes[1]["size"]}, prod(outputs) * shape[-1] * prod(taps)
    return Plan(
        output=(*outputs, shape[-1]),
        forward=(*tables, Use(FORWARD, given, cost)),
        backward=(Use(BACKWARD, given, cost),),
        saved={name: (axis["outputs"], 1 + K) for name, axis, K in zip(names, axes, taps, strict=True)},
    )


def _check(values: Mapping[str, Any]) -> None:
    if values["size"] != "auto" and values["scale"] != "auto":
        raise InputError("size and scale both say how large the output is", hint="leave out one of them")
    if not _REACH[values["mode"]]:
        for name, words in (("antialias", "antialias blends"), ("align_corners", "align_corners blends")):
            if values[name]:
                raise InputError(
                    f"mode {values['mode']} takes single values, {words}", hint="use mode bilinear or bicubic"
                )


def _outputs(values: Mapping[str, Any], shape: Shape) -> tuple[tuple[int, ...], list[Fraction]]:
    """The size of the output along each axis, and how many inputs lie from one output to the next.

    Raises:
        InputError: nothing would be left.
    """
    sizes = shape[:-1]
    if values["size"] != "auto":
        outputs = per_axis(values["size"], len(sizes), "size")
        return outputs, [Fraction(size, output) for size, output in zip(sizes, outputs, strict=True)]
    scale = Fraction(2) if values["scale"] == "auto" else Fraction(values["scale"]).limit_denominator(10**6)
    outputs = tuple(int(size * scale) for size in sizes)
    if min(outputs) < 1:
        what = f"scale {values['scale']:g} leaves nothing of {shape_text(sizes)}"
        raise InputError(what, hint=f"use scale {1 / min(sizes):.3g} or more")
    return outputs, [1 / scale] * len(sizes)


def _axis(output: int, size: int, step: Fraction, values: Mapping[str, Any]) -> dict[str, int]:
    """The integers of one axis's table: output o lies at (o·A + B) / C, in inputs."""
    aligned, wide = values["align_corners"], int(values["antialias"])
    if aligned:
        step = Fraction(size - 1, output - 1) if output > 1 else Fraction(0)
    top, bottom = step.numerator, step.denominator
    if values["mode"] == "nearest" or (aligned and not wide):
        A, B, C = top, 0, bottom  # from the corner of the first value, or from its middle
    elif values["mode"] == "nearest_exact":
        A, B, C = 2 * top, top, 2 * bottom
    else:
        A, B, C = 2 * top, top - bottom, 2 * bottom  # values are squares: middles lie half a step inside
    return {"outputs": output, "size": size, "A": A, "B": B, "C": C, "reach": _REACH[values["mode"]], "wide": wide}
